/* One end of Serial over LAN as a state machine: characters that wait, the packet that waits for
 * its acknowledgement, repetitions, and what came from the other end. Client and BMC have one each.
 * It owns no socket and no clock. Source: IPMI 2.0 rev 1.1, 15.9 to 15.11.
 *
 * One packet is under way in each direction. A repeated one keeps its number, so its characters are
 * taken once.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/wire/sol.h"

/* Takes characters that have come; returns how many of them. */
typedef size_t (*SolTake)(void *user_data, const uint8_t *bytes, size_t size);

typedef struct SolLink {
    /* Fixed by sol_link_open(). */
    uint8_t break_flag; /* how this end sends a break; 0: it cannot */
    size_t data_max;    /* characters in a packet */
    size_t queue_max;   /* characters that wait */
    unsigned retry_ms;
    unsigned tries_max;
    SolTake take;
    void *user_data;

    /* What goes out. */
    GByteArray *queue; /* owned; the first `flight` of them are under way */
    uint8_t sequence;  /* of the last packet, 1 to 15; 0: there was none */
    bool under_way;    /* that packet waits for its acknowledgement */
    bool break_wanted; /* the next packet is a break */
    bool break_flight; /* the packet under way is one */
    size_t flight;
    unsigned tries;    /* sends of that packet */
    uint64_t due_ms;   /* when to send again, or, with nothing under way, not before; 0: now */
    unsigned given_up; /* packets that were never acknowledged */

    /* What came in. */
    uint8_t heard;      /* number of the last packet; 0: there was none */
    size_t heard_size;  /* its characters, */
    size_t heard_taken; /* and those that were taken */
    bool answer_wanted; /* it is to be acknowledged */
} SolLink;

/* Opens a link.
 *
 * break_flag   IPMI_SOL_BREAK for a client, 0 for a BMC
 * data_max     1 to IPMI_SOL_DATA_MAX
 * queue_max    characters that may wait to be sent */
void sol_link_open(SolLink *link, uint8_t break_flag, size_t data_max, size_t queue_max,
                   unsigned retry_ms, unsigned tries_max, SolTake take, void *user_data);
void sol_link_close(SolLink *link);

/* Puts characters into the queue; returns how many had room. */
size_t sol_link_write(SolLink *link, const uint8_t *bytes, size_t size);
size_t sol_link_room(const SolLink *link);

/* Sends a break before what waits. */
void sol_link_break(SolLink *link);

/* Takes a payload of the other end. Afterwards sol_link_next() may have something to send. */
void sol_link_receive(SolLink *link, uint64_t now_ms, const IpmiSolPacket *packet);

/* The next payload to send: an acknowledgement, characters, or the packet under way again. Returns
 * its size; 0: there is nothing. To be called until it returns 0. */
size_t sol_link_next(SolLink *link, uint64_t now_ms, uint8_t *out, size_t capacity);

/* When sol_link_next() will have something although nothing comes; 0: never. */
uint64_t sol_link_due_ms(const SolLink *link);
