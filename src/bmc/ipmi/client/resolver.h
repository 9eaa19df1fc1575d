/* Resolves names of BMCs on threads of its own, since the engine thread must not block: a few
 * threads call getaddrinfo().
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/wire/socket.h"

typedef struct IpmiResolver IpmiResolver;

enum { IPMI_RESOLVED_MAX = 4 };

/* One answer. */
typedef struct IpmiResolved {
    uint64_t id; /* as given to ipmi_resolver_ask() */
    IpmiPeer peers[IPMI_RESOLVED_MAX];
    size_t peer_count;
    const char *problem; /* static text where peer_count is 0 */
} IpmiResolved;

/* `notify` is called from resolver threads whenever an answer waits; it must be short. */
IpmiResolver *ipmi_resolver_new(void (*notify)(void *user_data), void *user_data);

/* From now on nothing is notified; returns at once. Threads that hang in a lookup end when the
 * lookup does. */
void ipmi_resolver_close(IpmiResolver *resolver);

/* Asks for a name (copied). Errors: INTERNAL (no thread can be started). */
bool ipmi_resolver_ask(IpmiResolver *resolver, uint64_t id, const char *name, uint16_t port,
                       GError **error);

/* Takes an answer; false if there is none. */
bool ipmi_resolver_take(IpmiResolver *resolver, IpmiResolved *resolved);
