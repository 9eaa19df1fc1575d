/* Which nodes this conductor looks after; the contract is in internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/log.h"
#include "conductor/internal.h"

#include <string.h>

static char *
describe(const RingMember *members, size_t count)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(text, "%s %s\n", members[i].hostname,
                               members[i].lease != NULL ? members[i].lease : "");
    return g_string_free(text, FALSE);
}

static HashRing *
make(const RingMember *members, size_t count)
{
    const Config *config = config_current();
    HashRing *ring = hash_ring_new(config_string(config, OPT_HASH_RING_ALGORITHM),
                                   (unsigned)config_integer(config, OPT_HASH_PARTITION_EXPONENT));
    for (size_t i = 0; i < count; i++) {
        const char *drivers = members[i].drivers;
        json_t *names = drivers != NULL ? json_text_parse(drivers, strlen(drivers), 0, NULL) : NULL;
        hash_ring_add(ring, members[i].hostname, members[i].group, names);
        json_decref(names);
    }
    hash_ring_seal(ring);
    return ring;
}

/* Warns once when another conductor is alive and no transport leads to it. */
static void
tell_apart(Conductor *conductor, const RingMember *members, size_t count)
{
    if (count < 2 || conductor->was_told_apart ||
        strcmp(config_string(config_current(), OPT_RPC_TRANSPORT), "none") != 0)
        return;
    bool first = strcmp(members[0].hostname, conductor->hostname) == 0;
    conductor->was_told_apart = true;
    log_warning("conductor.ring",
                "conductor %s is alive too, but [DEFAULT]rpc_transport is none: this process shows "
                "only events and agents' progress of its own conductor; json-rpc or oslo shows all",
                members[first ? 1 : 0].hostname);
}

bool
ring_renew(Conductor *conductor, const RingMember *members, size_t count)
{
    g_autofree char *text = describe(members, count);
    if (g_strcmp0(text, conductor->members) == 0)
        return false;
    HashRing *ring = make(members, count);
    bool leads = count > 0 && strcmp(members[0].hostname, conductor->hostname) == 0;
    lock_acquire(&conductor->guard);
    HashRing *before = conductor->ring;
    conductor->ring = ring;
    conductor->leads = leads;
    lock_release(&conductor->guard);
    hash_ring_unref(before);
    g_free(conductor->members);
    conductor->members = g_steal_pointer(&text);
    log_info("conductor.ring", "%zu conductors are alive", count);
    tell_apart(conductor, members, count);
    return true;
}

/* A new reference, or NULL. */
static HashRing *
current(Conductor *conductor)
{
    lock_acquire(&conductor->guard);
    HashRing *ring = conductor->ring != NULL ? hash_ring_ref(conductor->ring) : NULL;
    lock_release(&conductor->guard);
    return ring;
}

bool
ring_has(Conductor *conductor, const char *uuid, const char *driver, const char *conductor_group)
{
    if (!db_is_shared(conductor->services.db))
        return !conductor->draining;
    g_autoptr(HashRing) ring = current(conductor);
    if (ring == NULL)
        return false;
    const char *host = hash_ring_host(ring, conductor_group, driver, uuid);
    if (host == NULL)
        host = hash_ring_first(ring, conductor_group);
    return g_strcmp0(host, conductor->hostname) == 0;
}

bool
ring_is_mine(Conductor *conductor, const Node *node)
{
    return ring_has(conductor, node->uuid, node->driver, node->conductor_group);
}

bool
ring_leads(Conductor *conductor)
{
    if (!db_is_shared(conductor->services.db))
        return true;
    lock_acquire(&conductor->guard);
    bool leads = conductor->leads;
    lock_release(&conductor->guard);
    return leads;
}

bool
ring_was_mine(Conductor *conductor, const Node *node)
{
    if (!db_is_shared(conductor->services.db))
        return true;
    return node->conductor_affinity != NULL
               ? strcmp(node->conductor_affinity, conductor->hostname) == 0
               : ring_is_mine(conductor, node);
}
