/* The lease under which this conductor acts, and a look at those of others; the contract is in
 * internal.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/metrics.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "conductor/internal.h"
#include "db/conductors.h"

#include <string.h>

/* For how much less than its length a conductor acts under a lease: a command that was allowed is
 * at its BMC before another conductor may act. */
#define MARGIN_MS 2000
#define RETRY_MS 1000

static int64_t
length_ms(void)
{
    return config_integer(config_current(), OPT_CONDUCTOR_HEARTBEAT_TIMEOUT) * 1000;
}

static int64_t
interval_ms(void)
{
    return config_integer(config_current(), OPT_CONDUCTOR_HEARTBEAT_INTERVAL) * 1000;
}

static json_t *
driver_names(const json_t *hardware)
{
    json_t *names = json_array();
    size_t index;
    json_t *row;
    json_array_foreach(hardware, index, row) json_array_append(names, json_object_get(row, "name"));
    return names;
}

char *
conductor_lease(Conductor *conductor, char out[LEASE_SIZE])
{
    lock_acquire(&conductor->guard);
    g_strlcpy(out, conductor->lease, LEASE_SIZE);
    lock_release(&conductor->guard);
    return out;
}

int64_t
conductor_lease_left_ms(Conductor *conductor, const char *lease)
{
    int64_t left_ms = 0;
    lock_acquire(&conductor->guard);
    if (strcmp(conductor->lease, lease) == 0)
        left_ms = conductor->lease_until_ms == INT64_MAX
                      ? INT64_MAX
                      : conductor->lease_until_ms - time_monotonic_ms();
    lock_release(&conductor->guard);
    return MAX(left_ms, 0);
}

/* begun_ms: before the database was asked. A database that has one process is never another's. */
static void
hold(Conductor *conductor, const char *lease, int64_t begun_ms, int64_t length)
{
    int64_t margin = MIN(MARGIN_MS, length / 2);
    bool shared = db_is_shared(conductor->services.db);
    lock_acquire(&conductor->guard);
    g_strlcpy(conductor->lease, lease, LEASE_SIZE);
    conductor->lease_until_ms = shared ? begun_ms + length - margin : INT64_MAX;
    g_clear_pointer(&conductor->lease_trouble, g_free);
    lock_release(&conductor->guard);
    atomic_store(&conductor->registered, true);
}

void
conductor_lease_trouble(Conductor *conductor, const GError *error)
{
    lock_acquire(&conductor->guard);
    g_free(conductor->lease_trouble);
    conductor->lease_trouble = g_strdup(error->message);
    lock_release(&conductor->guard);
}

bool
conductor_lease_check(Conductor *conductor, char lease[LEASE_SIZE], GError **error)
{
    if (conductor_lease_left_ms(conductor, conductor_lease(conductor, lease)) > 0)
        return true;
    lock_acquire(&conductor->guard);
    g_autofree char *why = g_strdup(conductor->lease_trouble);
    lock_release(&conductor->guard);
    return steel_fail(error, STEEL_ERROR_LEASE_LOST,
                      "conductor %s has no lease at the moment, and locks no nodes until it has "
                      "one; try again (%s)",
                      conductor->hostname, why != NULL ? why : "it was not renewed in time");
}

void
conductor_lease_drop(Conductor *conductor)
{
    atomic_store(&conductor->registered, false);
    lock_acquire(&conductor->guard);
    conductor->lease_until_ms = 0;
    lock_release(&conductor->guard);
}

bool
conductor_register(Conductor *conductor, GError **error)
{
    g_autoptr(ConductorRecord) record = conductor_record_new();
    int64_t begun_ms = time_monotonic_ms();
    record->hostname = g_strdup(conductor->hostname);
    record->conductor_group = g_strdup(conductor->group);
    record->lease_length_ms = length_ms();
    record->lease_expires_ms = steady_now_ms() + record->lease_length_ms;
    json_decref(record->hardware);
    record->hardware = registry_hardware(conductor->registry);
    json_decref(record->drivers);
    record->drivers = driver_names(record->hardware);
    if (!db_claim(conductor->services.db, conductor->hostname, error) ||
        !db_conductor_register(conductor->services.db, record, error))
        return false;
    hold(conductor, record->lease, begun_ms, record->lease_length_ms);
    conductor->lease_due_ms = begun_ms + interval_ms();
    log_info("conductor", "%s is at work, with lease %s", conductor->hostname, record->lease);
    return true;
}

/* Registers when the start could not, or after the lease was lost. */
static bool
take(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    conductor->lease_due_ms = time_monotonic_ms() + interval_ms();
    if (conductor_register(conductor, &error))
        return true;
    log_error("conductor.lease", "the lease cannot be taken yet: %s", error->message);
    conductor_lease_trouble(conductor, error);
    return false;
}

static bool
ask(Conductor *conductor, const char *lease, int64_t length, GError **error)
{
    Db *db = conductor->services.db;
    return db_claim(db, conductor->hostname, error) && db_conductor_renew(db, lease, length, error);
}

/* Returns false if the lease is lost. */
static bool
renew(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    char lease[LEASE_SIZE];
    int64_t begun_ms = time_monotonic_ms(), length = length_ms();
    if (ask(conductor, conductor_lease(conductor, lease), length, &error)) {
        hold(conductor, lease, begun_ms, length);
        conductor->lease_due_ms = begun_ms + interval_ms();
        return true;
    }
    conductor->lease_due_ms = begun_ms + RETRY_MS;
    log_error("conductor.lease", "the lease was not renewed: %s", error->message);
    conductor_lease_trouble(conductor, error);
    return !steel_error_is(error, STEEL_ERROR_LEASE_LOST) &&
           !steel_error_is(error, STEEL_ERROR_CONFLICT);
}

bool
lease_keep(Conductor *conductor)
{
    if (time_monotonic_ms() < conductor->lease_due_ms)
        return false;
    if (atomic_load(&conductor->registered)) {
        if (renew(conductor))
            return false;
        conductor_lease_drop(conductor);
        metrics_add(METRIC_LEASES_LOST, 1);
    }
    return take(conductor);
}

void
lease_refresh(Conductor *conductor)
{
    if (atomic_load(&conductor->registered) && time_monotonic_ms() >= conductor->lease_due_ms)
        (void)renew(conductor);
}

/* ---- leases of others ---- */

typedef struct Read {
    char *hostname, *group, *drivers, *lease; /* owned */
    int64_t renewals, length_ms;
    bool drains;
} Read;

static void
read_clear(void *data)
{
    Read *read = data;
    g_free(read->hostname);
    g_free(read->group);
    g_free(read->drivers);
    g_free(read->lease);
}

static void
note(const DbConductor *conductor, void *user_data)
{
    if (conductor->lease_expires_ms == LEASE_ENDED)
        return;
    Read read = {g_strdup(conductor->hostname),
                 g_strdup(conductor->group),
                 g_strdup(conductor->drivers),
                 g_strdup(conductor->lease),
                 conductor->renewals,
                 conductor->lease_length_ms > 0 ? conductor->lease_length_ms : length_ms(),
                 conductor->lease_expires_ms == LEASE_DRAINS};
    g_array_append_val((GArray *)user_data, read);
}

static bool
end(Conductor *conductor, const Read *read)
{
    g_autoptr(GError) error = NULL;
    bool ended = false;
    if (!db_conductor_end(conductor->services.db, read->lease, read->renewals, &ended, &error))
        log_warning("conductor.lease", "%s", error->message);
    else if (ended)
        log_warning("conductor.lease",
                    "conductor %s has not renewed lease %s for %.1f s: it counts as dead, and its "
                    "work is taken over",
                    read->hostname, read->lease, (double)read->length_ms / 1000);
    return ended;
}

/* Ends a lease that has run out; true if it has ended. The own lease is the database's to judge. */
static bool
judge(Conductor *conductor, const Read *read)
{
    char own[LEASE_SIZE];
    return read->lease != NULL && strcmp(read->lease, conductor_lease(conductor, own)) != 0 &&
           lease_watch_see(conductor->lease_watch, read->lease, read->renewals, read->length_ms) &&
           end(conductor, read);
}

bool
lease_look(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Read));
    g_array_set_clear_func(rows, read_clear);
    if (!db_conductors(conductor->services.db, 0, note, rows, &error)) {
        log_warning("conductor.lease", "%s", error->message);
        return false;
    }
    g_autofree RingMember *living = g_new0(RingMember, rows->len + 1);
    size_t count = 0;
    lease_watch_begin(conductor->lease_watch, time_monotonic_ms());
    for (guint i = 0; i < rows->len; i++) {
        const Read *read = &g_array_index(rows, Read, i);
        if (!judge(conductor, read) && !read->drains)
            living[count++] = (RingMember){read->hostname, read->group, read->drivers, read->lease};
    }
    lease_watch_end(conductor->lease_watch);
    return ring_renew(conductor, living, count);
}
