/* Open phases; the contract is in timeline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/timeline.h"

#include "common/time_text.h"
#include "db/sql.h"

bool
db_phases_end(Db *db, const char *node_uuid, const char *operation_uuid, const char *result,
              const char *detail, GError **error)
{
    char now[TIME_TEXT_SIZE];
    const DbValue values[] = {db_text(time_text_ms(time_now_ms(), now)), db_text(result),
                              db_text(detail), db_text(operation_uuid), db_text(node_uuid)};
    return db_execute(
        db,
        "UPDATE timeline SET finished_at = ?1, result = ?2, detail = COALESCE(?3, detail) "
        "WHERE node_uuid = ?5 AND operation_uuid = ?4 AND finished_at IS NULL",
        values, G_N_ELEMENTS(values), NULL, error);
}

bool
db_phases_interrupt(Db *db, const char *node_uuid, GError **error)
{
    char now[TIME_TEXT_SIZE];
    const DbValue values[] = {db_text(time_text_ms(time_now_ms(), now)), db_text(node_uuid)};
    return db_execute(db,
                      "UPDATE timeline SET finished_at = ?1, result = 'interrupted', detail = "
                      "COALESCE(detail, 'the service was restarted') WHERE node_uuid = ?2 AND "
                      "finished_at IS NULL",
                      values, G_N_ELEMENTS(values), NULL, error);
}

bool
db_phases_note(Db *db, const char *node_uuid, const char *operation_uuid, const char *detail,
               GError **error)
{
    const DbValue values[] = {db_text(detail), db_text(operation_uuid), db_text(node_uuid)};
    return db_execute(db,
                      "UPDATE timeline SET detail = ?1 WHERE node_uuid = ?3 AND "
                      "operation_uuid = ?2 AND finished_at IS NULL",
                      values, G_N_ELEMENTS(values), NULL, error);
}

bool
db_phases_moved(Db *db, const char *node_uuid, const char *operation_uuid, int64_t bytes,
                int64_t total, GError **error)
{
    const DbValue values[] = {db_integer(bytes), total >= 0 ? db_integer(total) : db_text(NULL),
                              db_text(operation_uuid), db_text(node_uuid)};
    return db_execute(db,
                      "UPDATE timeline SET bytes_done = ?1, bytes_total = ?2 WHERE node_uuid = ?4 "
                      "AND operation_uuid = ?3 AND finished_at IS NULL",
                      values, G_N_ELEMENTS(values), NULL, error);
}

bool
db_phases_progress(Db *db, const char *node_uuid, uint64_t done, uint64_t total, GError **error)
{
    const DbValue values[] = {db_integer((int64_t)done), db_integer((int64_t)total),
                              db_text(node_uuid)};
    return db_execute(db,
                      "UPDATE timeline SET bytes_done = ?1, bytes_total = ?2 WHERE "
                      "node_uuid = ?3 AND finished_at IS NULL",
                      values, G_N_ELEMENTS(values), NULL, error);
}
