/* Conductors and their leases; the contract is in conductors.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/conductors.h"

#include "common/steady.h"
#include "common/time_text.h"
#include "common/uuid.h"
#include "db/records.h"
#include "db/sql.h"

/* The next number of a lease; the row is this transaction's until its end. A standby that was
 * promoted without the last writes counts them again: the random part keeps such leases apart. */
static bool
next_lease(Db *db, ConductorRecord *conductor, GError **error)
{
    int64_t number = 0;
    char random[UUID_TEXT_SIZE];
    if (!db_execute(db,
                    "INSERT INTO lease_numbers (id, last) VALUES (1, 1) "
                    "ON CONFLICT (id) DO UPDATE SET last = lease_numbers.last + 1",
                    NULL, 0, NULL, error) ||
        !db_query(db, "SELECT last FROM lease_numbers", NULL, 0, db_read_integer, &number, error))
        return false;
    g_free(conductor->lease);
    conductor->lease = g_strdup_printf("%" G_GINT64_FORMAT "-%.8s", number, uuid_generate(random));
    return true;
}

typedef struct Registration {
    ConductorRecord *conductor;
    bool numbered; /* the lease gets a number */
} Registration;

static bool
replace(Db *db, void *user_data, GError **error)
{
    const Registration *registration = user_data;
    ConductorRecord *conductor = registration->conductor;
    const DbValue host = db_text(conductor->hostname);
    char now[TIME_TEXT_SIZE];
    if (registration->numbered && !next_lease(db, conductor, error))
        return false;
    record_set_text(&conductor->updated_at,
                    time_now_text(now)); /* as in Ironic, the time of the last heartbeat */
    return db_execute(db, "DELETE FROM conductors WHERE hostname = ?1", &host, 1, NULL, error) &&
           db_record_insert(db, &conductor_record_resource, conductor, error);
}

bool
db_conductor_register(Db *db, ConductorRecord *conductor, GError **error)
{
    Registration registration = {conductor, conductor->lease == NULL};
    return db_transaction(db, DB_WRITE, replace, &registration, error);
}

/* Why a lease could not be renewed. Always false. */
static bool
explain_lost(Db *db, const char *lease, GError **error)
{
    const DbValue value = db_text(lease);
    int64_t rows = 0;
    if (!db_query(db, "SELECT COUNT(*) FROM conductors WHERE lease = ?1", &value, 1,
                  db_read_integer, &rows, error))
        return false;
    return rows > 0 ? steel_fail(error, STEEL_ERROR_LEASE_LOST,
                                 "lease %s has ended: it was not renewed in time, and other "
                                 "conductors have taken over",
                                 lease)
                    : steel_fail(error, STEEL_ERROR_CONFLICT,
                                 "the database does not know lease %s: another process has "
                                 "registered under this conductor's host name, or the database has "
                                 "lost its last writes",
                                 lease);
}

bool
db_conductor_renew(Db *db, const char *lease, int64_t length_ms, GError **error)
{
    char now[TIME_TEXT_SIZE];
    const DbValue values[] = {db_integer(steady_now_ms() + length_ms), db_text(time_now_text(now)),
                              db_integer(length_ms), db_text(lease)};
    int64_t changed = 0;
    if (!db_execute(db,
                    "UPDATE conductors SET lease_expires_ms = CASE lease_expires_ms WHEN 1 THEN "
                    "lease_expires_ms ELSE ?1 END, updated_at = ?2, renewals = "
                    "renewals + 1, lease_length_ms = ?3 WHERE lease = ?4 AND lease_expires_ms > 0",
                    values, G_N_ELEMENTS(values), &changed, error))
        return false;
    return changed == 1 || explain_lost(db, lease, error);
}

bool
db_conductor_end(Db *db, const char *lease, int64_t renewals, bool *ended, GError **error)
{
    const DbValue values[] = {db_text(lease), db_integer(renewals)};
    int64_t changed = 0;
    if (!db_execute(db,
                    "UPDATE conductors SET lease_expires_ms = 0 WHERE lease = ?1 AND "
                    "renewals = ?2 AND lease_expires_ms > 0",
                    values, G_N_ELEMENTS(values), &changed, error))
        return false;
    *ended = changed == 1;
    return true;
}

bool
db_conductor_drain(Db *db, const char *lease, GError **error)
{
    const DbValue values[] = {db_integer(LEASE_DRAINS), db_text(lease)};
    return db_execute(db,
                      "UPDATE conductors SET lease_expires_ms = ?1 WHERE lease = ?2 AND "
                      "lease_expires_ms > 0",
                      values, G_N_ELEMENTS(values), NULL, error);
}

bool
db_conductor_leave(Db *db, const char *lease, GError **error)
{
    const DbValue value = db_text(lease);
    return db_execute(db, "UPDATE conductors SET lease_expires_ms = 0 WHERE lease = ?1", &value, 1,
                      NULL, error);
}

typedef struct Reader {
    void (*each)(const DbConductor *conductor, void *user_data);
    void *user_data;
} Reader;

static bool
read_conductor(const DbRow *row, void *user_data)
{
    const Reader *reader = user_data;
    DbConductor conductor = {.hostname = db_row_text(row, 0, NULL),
                             .group = db_row_text(row, 1, NULL),
                             .lease_expires_ms = db_row_integer(row, 4),
                             .lease = db_row_text(row, 5, NULL),
                             .renewals = db_row_integer(row, 6),
                             .lease_length_ms = db_row_integer(row, 7)};
    conductor.drivers = db_row_text(row, 2, &conductor.drivers_size);
    conductor.hardware = db_row_text(row, 3, &conductor.hardware_size);
    if (conductor.hostname != NULL)
        reader->each(&conductor, reader->user_data);
    return true;
}

bool
db_conductors(Db *db, int64_t alive_at_ms,
              void (*each)(const DbConductor *conductor, void *user_data), void *user_data,
              GError **error)
{
    Reader reader = {each, user_data};
    const DbValue since = db_integer(alive_at_ms > 0 ? alive_at_ms : -1);
    return db_query(db,
                    "SELECT hostname, conductor_group, drivers, hardware, lease_expires_ms, lease, "
                    "renewals, lease_length_ms "
                    "FROM conductors WHERE lease_expires_ms > ?1 ORDER BY hostname",
                    &since, 1, read_conductor, &reader, error);
}

bool
db_conductors_prune(Db *db, const char *until, const char *own_lease, int64_t limit,
                    int64_t *removed, GError **error)
{
    const DbValue values[] = {db_text(until), db_text(own_lease), db_integer(limit)};
    return db_execute(db,
                      "DELETE FROM conductors WHERE id IN (SELECT id FROM conductors WHERE "
                      "COALESCE(updated_at, created_at) <= ?1 AND lease <> ?2 LIMIT ?3)",
                      values, G_N_ELEMENTS(values), removed, error);
}
