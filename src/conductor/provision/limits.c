/* How many nodes may be in work at the same time: a limit protects image servers, volumes and the operator's disks from
 * everybody at once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/provision/provision.h"

static bool
read_count(const DbRow *row, void *user_data)
{
    *(int64_t *)user_data = db_row_integer(row, 0);
    return false;
}

/* The states are the program's own text. */
static bool
within(Task *task, ConfigOption option, const char *states, const char *what, GError **error)
{
    int64_t most = config_integer(config_current(), option), now = 0;
    const DbValue self = db_text(task->node->uuid);
    g_autofree char *sql = g_strdup_printf(
        "SELECT COUNT(*) FROM nodes WHERE provision_state IN (%s) AND uuid <> ?1", states);
    if (!db_query(task->services->db, sql, &self, 1, read_count, &now, error))
        return false;
    return most <= 0 || now < most ||
           steel_fail(error, STEEL_ERROR_LIMIT,
                      "%d nodes are being %s, as many as [conductor]%s allows; try again later",
                      (int)now, what,
                      option == OPT_CONDUCTOR_MAX_CONCURRENT_DEPLOY ? "max_concurrent_deploy"
                                                                    : "max_concurrent_clean");
}

bool
provision_limit_deploy(Task *task, GError **error)
{
    return within(task, OPT_CONDUCTOR_MAX_CONCURRENT_DEPLOY, "'deploying', 'wait call-back'",
                  "deployed", error);
}

bool
provision_limit_clean(Task *task, GError **error)
{
    return within(task, OPT_CONDUCTOR_MAX_CONCURRENT_CLEAN, "'deleting', 'cleaning', 'clean wait'",
                  "cleaned", error);
}
