/* The queue of work; the contract is in work_queue.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/work_queue.h"

#include "common/time_text.h"
#include "db/sql.h"

const DbQueueKind db_queue_kinds[DB_QUEUE_KINDS] = {
    [DB_QUEUE_DEPLOY] = {"deploy",
                         OPT_CONDUCTOR_MAX_CONCURRENT_DEPLOY,
                         {STATE_DEPLOYING, STATE_DEPLOYWAIT},
                         2},
    [DB_QUEUE_CLEAN] = {"clean",
                        OPT_CONDUCTOR_MAX_CONCURRENT_CLEAN,
                        {STATE_DELETING, STATE_CLEANING, STATE_CLEANWAIT},
                        3},
};

bool
db_queue_add(Db *db, const DbQueueKind *kind, const char *node_uuid, const char *project,
             GError **error)
{
    const DbValue values[] = {db_text(node_uuid), db_text(kind->name),
                              db_text(project != NULL ? project : ""), db_integer(time_now_ms())};
    return db_execute(db,
                      "INSERT INTO work_queue (node_uuid, operation, project, queued_at_ms) "
                      "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (node_uuid) DO UPDATE SET operation = "
                      "excluded.operation, project = excluded.project, queued_at_ms = "
                      "excluded.queued_at_ms, lease = NULL",
                      values, G_N_ELEMENTS(values), NULL, error);
}

bool
db_queue_remove(Db *db, const char *node_uuid, GError **error)
{
    const DbValue node = db_text(node_uuid);
    return db_execute(db, "DELETE FROM work_queue WHERE node_uuid = ?1", &node, 1, NULL, error);
}

/* A place of which no living conductor has said that it begins the work. queue: of the table, in
 * the statement. */
#define UNCLAIMED(queue)                                                                           \
    "NOT EXISTS (SELECT 1 FROM conductors c WHERE c.lease = " queue                                \
    ".lease AND c.lease_expires_ms > 0)"

/* Appends ('deploying', 'wait call-back'): the words come from the program's own table. */
static void
append_states(GString *sql, const DbQueueKind *kind)
{
    for (size_t i = 0; i < kind->state_count; i++)
        g_string_append_printf(sql, "%s'%s'", i > 0 ? ", " : "(",
                               state_info(kind->states[i])->wire);
    g_string_append_c(sql, ')');
}

/* Appends the condition for a node n that is at work: one in the waiting state is, if it does not
 * wait for its turn. */
static void
append_is_working(GString *sql, const DbQueueKind *kind)
{
    g_string_append(sql, "n.provision_state IN ");
    append_states(sql, kind);
    g_string_append_printf(sql,
                           " AND NOT (n.provision_state = '%s' AND EXISTS (SELECT 1 FROM "
                           "work_queue w WHERE w.node_uuid = n.uuid AND " UNCLAIMED("w") "))",
                           state_info(kind->states[kind->state_count - 1])->wire);
}

typedef struct Counts {
    int64_t *waiting, *working;
} Counts;

static bool
read_counts(const DbRow *row, void *user_data)
{
    const Counts *counts = user_data;
    *counts->waiting = db_row_integer(row, 0);
    *counts->working = db_row_integer(row, 1);
    return false;
}

bool
db_queue_count(Db *db, const DbQueueKind *kind, const char *except, int64_t *waiting,
               int64_t *working, GError **error)
{
    const DbValue values[] = {db_text(kind->name), db_text(except != NULL ? except : "")};
    Counts counts = {waiting, working};
    g_autoptr(GString) sql = g_string_new(
        "SELECT (SELECT COUNT(*) FROM work_queue q WHERE q.operation = ?1 AND " UNCLAIMED(
            "q") "), "
                 "(SELECT COUNT(*) FROM nodes n WHERE n.uuid <> ?2 AND ");
    append_is_working(sql, kind);
    g_string_append_c(sql, ')');
    return db_query(db, sql->str, values, G_N_ELEMENTS(values), read_counts, &counts, error);
}

bool
db_queue_waiting(Db *db, const DbQueueKind *kind, int64_t *waiting, GError **error)
{
    const DbValue name = db_text(kind->name);
    return db_query(db,
                    "SELECT COUNT(*) FROM work_queue q WHERE q.operation = ?1 AND " UNCLAIMED("q"),
                    &name, 1, db_read_integer, waiting, error);
}

typedef struct Listing {
    void (*each)(const DbQueued *queued, void *user_data);
    void *user_data;
} Listing;

static bool
read_queued(const DbRow *row, void *user_data)
{
    const Listing *listing = user_data;
    const DbQueued queued = {
        .node_uuid = db_row_text(row, 0, NULL),
        .project = db_row_text(row, 1, NULL),
        .queued_at_ms = db_row_integer(row, 2),
        .driver = db_row_text(row, 3, NULL),
        .conductor_group = db_row_text(row, 4, NULL),
        .owner = db_row_text(row, 5, NULL),
        .lessee = db_row_text(row, 6, NULL),
    };
    listing->each(&queued, listing->user_data);
    return true;
}

bool
db_queue_list(Db *db, const DbQueueKind *kind, bool ready, int64_t skip, int64_t limit,
              void (*each)(const DbQueued *queued, void *user_data), void *user_data,
              GError **error)
{
    const DbValue values[] = {db_text(kind->name), db_integer(limit), db_integer(skip)};
    Listing listing = {each, user_data};
    g_autoptr(GString) sql = g_string_new(
        "SELECT q.node_uuid, q.project, q.queued_at_ms, m.driver, m.conductor_group, m.owner, "
        "m.lessee FROM work_queue q JOIN nodes m ON m.uuid = q.node_uuid LEFT JOIN "
        "(SELECT COALESCE(n.lessee, n.owner, '') AS project, COUNT(*) AS working FROM nodes n "
        "WHERE ");
    append_is_working(sql, kind);
    g_string_append_printf(
        sql,
        " GROUP BY 1) b ON b.project = q.project WHERE q.operation = ?1 AND "
        "%s" UNCLAIMED("q") " ORDER BY COALESCE(b.working, 0) + ROW_NUMBER() "
                            "OVER (PARTITION BY q.project ORDER BY q.id), q.id LIMIT ?2 OFFSET ?3",
        ready ? "m.maintenance = 0 AND " : "");
    return db_query(db, sql->str, values, G_N_ELEMENTS(values), read_queued, &listing, error);
}

/* ---- claims ---- */

typedef struct Claiming {
    const DbQueueKind *kind;
    const char *node_uuid, *lease;
    int64_t limit;
    bool claimed;
} Claiming;

/* Nobody else counts or claims before its end. */
static bool
claim(Db *db, void *user_data, GError **error)
{
    Claiming *claiming = user_data;
    const DbValue values[] = {db_text(claiming->lease), db_text(claiming->node_uuid)};
    int64_t waiting = 0, working = 0, changed = 0;
    claiming->claimed = false;
    if (!db_queue_count(db, claiming->kind, NULL, &waiting, &working, error))
        return false;
    if (working >= claiming->limit)
        return true;
    if (!db_execute(
            db,
            "UPDATE work_queue SET lease = ?1 WHERE node_uuid = ?2 AND " UNCLAIMED("work_queue"),
            values, G_N_ELEMENTS(values), &changed, error))
        return false;
    claiming->claimed = changed == 1;
    return true;
}

bool
db_queue_claim(Db *db, const DbQueueKind *kind, const char *node_uuid, const char *lease,
               int64_t limit, bool *claimed, GError **error)
{
    Claiming claiming = {kind, node_uuid, lease, limit, false};
    bool good = db_transaction(db, DB_READ_MODIFY_WRITE, claim, &claiming, error);
    *claimed = good && claiming.claimed;
    return good;
}

bool
db_queue_begun(Db *db, const char *node_uuid, const char *lease, GError **error)
{
    const DbValue values[] = {db_text(node_uuid), db_text(lease)};
    return db_execute(db, "DELETE FROM work_queue WHERE node_uuid = ?1 AND lease = ?2", values,
                      G_N_ELEMENTS(values), NULL, error);
}

bool
db_queue_unclaim(Db *db, const char *lease, GError **error)
{
    const DbValue value = db_text(lease);
    return db_execute(db, "UPDATE work_queue SET lease = NULL WHERE lease = ?1", &value, 1, NULL,
                      error);
}

bool
db_queue_prune(Db *db, const DbQueueKind *kind, int64_t before_ms, GError **error)
{
    const DbValue values[] = {db_text(kind->name), db_integer(before_ms)};
    g_autoptr(GString) sql =
        g_string_new("DELETE FROM work_queue WHERE operation = ?1 AND queued_at_ms < ?2 AND "
                     "NOT EXISTS (SELECT 1 FROM nodes n WHERE n.uuid = work_queue.node_uuid AND "
                     "n.provision_state IN ");
    append_states(sql, kind);
    g_string_append_c(sql, ')');
    return db_execute(db, sql->str, values, G_N_ELEMENTS(values), NULL, error);
}

/* ---- how long it takes ---- */

/* How far back in the timeline is looked, and how many operations count. */
#define LOOK_BACK "3000"
#define OPERATIONS "30"

typedef struct Durations {
    int64_t sum_ms, count;
} Durations;

static bool
read_duration(const DbRow *row, void *user_data)
{
    Durations *durations = user_data;
    int64_t from = 0, to = 0;
    const char *started = db_row_text(row, 0, NULL), *finished = db_row_text(row, 1, NULL);
    if (started == NULL || finished == NULL || !time_parse_ms(started, &from) ||
        !time_parse_ms(finished, &to) || to < from)
        return true;
    durations->sum_ms += to - from;
    durations->count++;
    return true;
}

bool
db_queue_mean_ms(Db *db, const char *operation, int64_t *mean_ms, GError **error)
{
    const DbValue value = db_text(operation);
    Durations durations = {0};
    if (!db_query(db,
                  "SELECT MIN(started_at), MAX(finished_at) FROM timeline WHERE operation = ?1 AND "
                  "phase <> 'queue' AND id > (SELECT COALESCE(MAX(id), 0) - " LOOK_BACK
                  " FROM timeline) GROUP BY operation_uuid HAVING COUNT(*) = COUNT(finished_at) "
                  "AND COUNT(*) = SUM(CASE WHEN result = 'ok' THEN 1 ELSE 0 END) "
                  "ORDER BY MAX(id) DESC LIMIT " OPERATIONS,
                  &value, 1, read_duration, &durations, error))
        return false;
    *mean_ms = durations.count > 0 ? durations.sum_ms / durations.count : -1;
    return true;
}
