/* An asynchronous IPMI 2.0 (RMCP+) client: one engine thread talks to thousands of BMCs, one
 * session per submission. A slow or dead BMC delays no other; names are resolved on other threads.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

#include "bmc/guard.h"
#include "bmc/ipmi/wire/message.h"

typedef struct IpmiClient IpmiClient;

/* The BMC, the login, and the limits of time. Borrowed for the call: the client copies what it
 * needs and wipes its copy. */
typedef struct IpmiTarget {
    const char *address;  /* IPv4, IPv6 (also in brackets, also with %scope) or a name */
    uint16_t port;        /* 0: 623 */
    const char *username; /* NULL or "": the null user; at most 16 bytes */
    const char *password; /* NULL or "": empty; at most 20 bytes */
    uint8_t kg[IPMI_KG_MAX];
    size_t kg_size;          /* 0: no K_g, the password serves (one-key login) */
    int cipher_suite;        /* 3 or 17; -1: ask the BMC, take 17 before 3, remember */
    IpmiPrivilege privilege; /* 0: ADMINISTRATOR */
    /* first wait before a datagram is repeated; doubles every second time. 0: 1000 */
    unsigned retransmit_ms;
    /* for the whole submission, counted from when its turn has come. 0: 20000 */
    unsigned deadline_ms;
    /* Least pause between the end of one submission to this BMC and the start of the next. 0: none.
     * (Ironic's [ipmi]min_command_interval, which also is per ipmitool run, not per datagram.) */
    unsigned min_command_interval_ms;
    /* completion codes that the operator lists as retryable, in addition to the table's */
    IpmiCodeSet passing;
    /* Asked on the engine thread right before a datagram with a request is sent, those of the login
     * not included: false ends the submission with LEASE_LOST, and nothing more is asked of the
     * BMC. It must not block. NULL: always. */
    bool (*may_send)(void *user);
    void *may_send_user; /* lives until the submission is done */
    /* One of very many that nobody waits for: a limited number of these is under way, and the time
     * of the others begins with their turn. Else a process that gets little of the CPU, or a slow
     * network, would make thousands of BMCs seem dead at once. */
    bool paced;
} IpmiTarget;

/* A target with the defaults and cipher_suite -1; fill in the rest. */
#define IPMI_TARGET_INIT {.cipher_suite = -1}

enum { IPMI_REQUESTS_MAX = 64 }; /* requests in one submission */

/* Called exactly once per submission, from the engine thread: must not block, must not call
 * ipmi_client_call() or ipmi_client_free(); may submit.
 *
 * responses, count   what the BMC answered, in order; on success one per request. On failure those
 *                    that were answered before (the refused one included). Borrowed for the call.
 * error              NULL on success; borrowed: g_error_copy() it to keep it.
 */
typedef void (*IpmiDone)(void *user_data, const IpmiResponse *responses, size_t count,
                         const GError *error);

/* Starts the engine thread.
 *
 * guard   borrowed, outlives the client; NULL: dead BMCs and refused logins are asked each time
 * Errors  INTERNAL (no descriptors or threads left) */
IpmiClient *ipmi_client_new(BmcGuard *guard, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many paced submissions are under way at a time, at most and at the beginning; without a call
 * 2048. They become fewer, down to 128, while datagrams get lost (client_pace.h). A submission that
 * waits for a BMC's third silence makes room for the next. Before the first submission. */
void ipmi_client_pace(IpmiClient *client, unsigned most);

/* Stops the engine: every outstanding submission is completed with CANCELLED before this returns.
 * NULL is fine. Not from an IpmiDone. No other thread may use the client then. */
void ipmi_client_free(IpmiClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IpmiClient, ipmi_client_free)

/* Opens a session at the target, performs the requests in order, closes the session and calls done.
 * Submissions to the same BMC (resolved address and port) run one after the other in the order they
 * came.
 *
 * requests, count   copied; 1..IPMI_REQUESTS_MAX. A request whose completion code says nothing
 *                   final (completion.h) is sent again until the deadline, where that does no harm.
 *                   The first refused request (completion code not 0, flag ignore_completion_code
 *                   not set) ends the list.
 * done              NULL: no answer wanted
 * Errors (in done)  BMC_UNREACHABLE no answer within the deadline, or the name does not resolve; at
 *                                    once while the BMC rests (guard.h)
 *                   BMC_AUTH         user, password, K_g or privilege level; the text says which to
 *                                    check; at once while the refusal counts
 *                   BMC_PROTOCOL     only garbage came, or an answer that cannot be
 *                   BMC_REFUSED      a completion code, in words
 *                   BMC_BUSY         no free session, node busy, or a code that says nothing final:
 *                                    trying later may help; or it waited behind other submissions
 *                                    to this BMC for three times its deadline
 *                   UNSUPPORTED      no common cipher suite; the BMC speaks IPMI 1.5 only
 *                   INVALID          the target or a request is malformed
 *                   CANCELLED        the client was freed
 * Threads           any.
 */
void ipmi_client_submit(IpmiClient *client, const IpmiTarget *target, const IpmiRequest *requests,
                        size_t count, IpmiDone done, void *user_data);

/* The same, waiting for the end. For worker threads; not from the engine thread (an IpmiDone).
 *
 * responses   out, `count` elements, all written on success, untouched on failure; may be NULL
 */
bool ipmi_client_call(IpmiClient *client, const IpmiTarget *target, const IpmiRequest *requests,
                      size_t count, IpmiResponse *responses,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An operator has changed how the BMC is reached: it is asked at once, with this login too. Any
 * thread; does not block. */
void ipmi_client_absolve(IpmiClient *client, const IpmiTarget *target);

/* Is the caller an IpmiDone, where blocking calls are refused? */
bool ipmi_client_on_engine_thread(const IpmiClient *client);

/* Counters since ipmi_client_new(), for metrics. */
typedef struct IpmiClientStats {
    uint64_t submissions;
    uint64_t datagrams_sent;
    uint64_t datagrams_received;
    uint64_t datagrams_ignored; /* garbage, duplicates, late answers */
    uint64_t retransmissions;
    uint64_t failures; /* submissions that ended with an error */
    unsigned places;   /* how many paced submissions may be under way now */
} IpmiClientStats;
void ipmi_client_stats(IpmiClient *client, IpmiClientStats *stats);
