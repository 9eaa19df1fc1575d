/* Conductors and their leases; the contract is in conductors.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/conductors.h"

#include "common/time_text.h"
#include "db/records.h"
#include "db/sql.h"

static bool
replace(Db *db, void *user_data, GError **error)
{
    ConductorRecord *conductor = user_data;
    const DbValue host = db_text(conductor->hostname);
    char now[TIME_TEXT_SIZE];
    record_set_text(&conductor->updated_at,
                    time_now_text(now)); /* as in Ironic, the time of the last heartbeat */
    return db_execute(db, "DELETE FROM conductors WHERE hostname = ?1", &host, 1, NULL, error) &&
           db_record_insert(db, &conductor_record_resource, conductor, error);
}

bool
db_conductor_register(Db *db, ConductorRecord *conductor, GError **error)
{
    return db_transaction(db, DB_WRITE, replace, conductor, error);
}

bool
db_conductor_renew(Db *db, const char *lease, int64_t expires_ms, GError **error)
{
    char now[TIME_TEXT_SIZE];
    const DbValue values[] = {db_integer(expires_ms), db_text(time_now_text(now)), db_text(lease)};
    int64_t changed = 0;
    if (!db_execute(db,
                    "UPDATE conductors SET lease_expires_ms = ?1, updated_at = ?2 WHERE lease = ?3",
                    values, G_N_ELEMENTS(values), &changed, error))
        return false;
    return changed == 1 ||
           steel_fail(error, STEEL_ERROR_CONFLICT,
                      "another process has registered under this conductor's host name");
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
                             .lease_expires_ms = db_row_integer(row, 4)};
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
                    "SELECT hostname, conductor_group, drivers, hardware, lease_expires_ms "
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
