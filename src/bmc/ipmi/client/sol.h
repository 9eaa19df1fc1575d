/* A serial console over IPMI (Serial over LAN) as a state machine: it logs in at the BMC, takes the
 * console, carries characters, looks whether the BMC lives, and gives the console back. It owns no
 * socket and no thread.
 *
 * Threads: one at a time.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/client/session.h"
#include "bmc/ipmi/wire/sol_link.h"

typedef enum IpmiSolState {
    IPMI_SOL_OPENING,
    IPMI_SOL_OPEN,    /* characters come and go */
    IPMI_SOL_CLOSING, /* what was asked for, or after an error */
    IPMI_SOL_ENDED,
} IpmiSolState;

/* The owner's side. Called from the functions below; must not call them. */
typedef struct IpmiSolOps {
    /* A datagram for the BMC. */
    void (*send)(void *user_data, const uint8_t *bytes, size_t size);
    /* Characters of the machine; returns how many it takes, the BMC offers the rest again. */
    size_t (*take)(void *user_data, const uint8_t *bytes, size_t size);
} IpmiSolOps;

typedef struct IpmiSol {
    IpmiSession *session;  /* owned */
    const IpmiSolOps *ops; /* borrowed */
    void *user_data;
    SolLink link;
    bool open;       /* the link is */
    uint64_t now_ms; /* of the datagram under way */
} IpmiSol;

enum { IPMI_SOL_QUEUE_MAX = 4096 }; /* characters that wait to be typed */

/* Copies the target. A console that another session has is taken from it, as Ironic does.
 *
 * where    for messages: "address:port"
 * memory   what earlier sessions have learnt; NULL: nothing
 * ops      borrowed
 * Errors   INVALID, as in ipmi_client_submit() */
IpmiSol *ipmi_sol_new(const IpmiTarget *target, const char *where, const IpmiMemory *memory,
                      const IpmiSolOps *ops, void *user_data, GError **error);
void ipmi_sol_free(IpmiSol *sol);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IpmiSol, ipmi_sol_free)

void ipmi_sol_start(IpmiSol *sol, uint64_t now_ms);
/* A datagram from the BMC's address, whatever it is. */
void ipmi_sol_receive(IpmiSol *sol, uint64_t now_ms, const uint8_t *data, size_t size);
/* To be called when ipmi_sol_due_ms() has come. */
void ipmi_sol_expire(IpmiSol *sol, uint64_t now_ms);
uint64_t ipmi_sol_due_ms(const IpmiSol *sol);

/* Characters to type; returns how many had room: 0 while it is not open. */
size_t ipmi_sol_write(IpmiSol *sol, uint64_t now_ms, const uint8_t *bytes, size_t size);
size_t ipmi_sol_room(const IpmiSol *sol);
void ipmi_sol_break(IpmiSol *sol, uint64_t now_ms);

/* Gives the console back; it is ENDED some datagrams later. */
void ipmi_sol_close(IpmiSol *sol, uint64_t now_ms);
/* The same with one datagram each and without waiting: ENDED. */
void ipmi_sol_abort(IpmiSol *sol);

IpmiSolState ipmi_sol_state(const IpmiSol *sol);

/* Why it has ended or ends; NULL: because that was asked for. Borrowed. BMC_UNREACHABLE, BMC_AUTH,
 * BMC_REFUSED, ... as in ipmi_client_submit(). */
const GError *ipmi_sol_error(const IpmiSol *sol);
