/* Which leases are not renewed any more; the contract is in lease_watch.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/lease_watch.h"

#include <glib.h>

/* Longer than a look and the pause before it take. */
#define GAP_MS 5000

typedef struct Seen {
    int64_t renewals;
    int64_t since_ms; /* when it was first seen with them */
    bool current;     /* it was seen in this look */
} Seen;

struct LeaseWatch {
    GHashTable *leases; /* owned lease -> Seen (owned) */
    int64_t now_ms;     /* of this look or the last one */
};

LeaseWatch *
lease_watch_new(void)
{
    LeaseWatch *watch = g_new0(LeaseWatch, 1);
    watch->leases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return watch;
}

void
lease_watch_free(LeaseWatch *watch)
{
    if (watch == NULL)
        return;
    g_hash_table_unref(watch->leases);
    g_free(watch);
}

void
lease_watch_begin(LeaseWatch *watch, int64_t now_ms)
{
    if (now_ms - watch->now_ms > GAP_MS)
        g_hash_table_remove_all(watch->leases);
    watch->now_ms = now_ms;
}

bool
lease_watch_see(LeaseWatch *watch, const char *lease, int64_t renewals, int64_t length_ms)
{
    Seen *seen = g_hash_table_lookup(watch->leases, lease);
    if (seen == NULL) {
        seen = g_new0(Seen, 1);
        seen->renewals = -1;
        g_hash_table_insert(watch->leases, g_strdup(lease), seen);
    }
    if (seen->renewals != renewals)
        *seen = (Seen){.renewals = renewals, .since_ms = watch->now_ms};
    seen->current = true;
    return watch->now_ms - seen->since_ms >= length_ms;
}

static gboolean
is_gone(void *lease, void *value, void *user_data)
{
    Seen *seen = value;
    bool gone = !seen->current;
    (void)lease;
    (void)user_data;
    seen->current = false;
    return gone;
}

void
lease_watch_end(LeaseWatch *watch)
{
    g_hash_table_foreach_remove(watch->leases, is_gone, NULL);
}
