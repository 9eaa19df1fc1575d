/* The memory of which protocol each iLO has; the contract is in ilo.h and ilo_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/lock.h"

enum { REMEMBERED_MAX = 65536 };

struct IloClient {
    HttpEngine *engine; /* borrowed, like the next two */
    BmcGuard *guard;
    RedfishClient *redfish; /* NULL: none */
    Lock lock;
    GHashTable *dialects GUARDED; /* "address:port" -> IloDialect, or &ribcl_alone */
};

/* Stands for a NULL dialect in the table. */
static const IloDialect ribcl_alone;

UNSHARED IloClient *
ilo_client_new(HttpEngine *engine, BmcGuard *guard, RedfishClient *redfish)
{
    IloClient *client = g_new0(IloClient, 1);
    client->engine = engine;
    client->guard = guard;
    client->redfish = redfish;
    lock_init(&client->lock, LOCK_RANK_ILO_CLIENT);
    client->dialects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return client;
}

UNSHARED void
ilo_client_free(IloClient *client)
{
    if (client == NULL)
        return;
    g_hash_table_unref(client->dialects);
    lock_destroy(&client->lock);
    g_free(client);
}

static char *
key_of(const IloTarget *target)
{
    return g_strdup_printf("%s:%u", target->address, target->port);
}

bool
ilo_recall(const Ilo *ilo, const IloDialect **dialect)
{
    g_autofree char *key = key_of(ilo->target);
    lock_acquire(&ilo->client->lock);
    const IloDialect *known = g_hash_table_lookup(ilo->client->dialects, key);
    lock_release(&ilo->client->lock);
    *dialect = known != &ribcl_alone ? known : NULL;
    return known != NULL;
}

void
ilo_remember(const Ilo *ilo, const IloDialect *dialect)
{
    const IloDialect *value = dialect != NULL ? dialect : &ribcl_alone;
    char *key = key_of(ilo->target);
    lock_acquire(&ilo->client->lock);
    if (g_hash_table_size(ilo->client->dialects) >= REMEMBERED_MAX)
        g_hash_table_remove_all(ilo->client->dialects);
    g_hash_table_replace(ilo->client->dialects, key, (gpointer)(uintptr_t)value);
    lock_release(&ilo->client->lock);
}

void
ilo_forget(const Ilo *ilo)
{
    g_autofree char *key = key_of(ilo->target);
    lock_acquire(&ilo->client->lock);
    g_hash_table_remove(ilo->client->dialects, key);
    lock_release(&ilo->client->lock);
}

HttpEngine *
ilo_engine(const IloClient *client)
{
    return client->engine;
}

BmcGuard *
ilo_guard(const IloClient *client)
{
    return client->guard;
}

RedfishClient *
ilo_redfish_client(const IloClient *client)
{
    return client->redfish;
}
