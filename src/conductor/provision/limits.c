/* Limits the number of nodes in work at the same time, to protect image servers, volumes and the
 * operator's disks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/provision/provision.h"
#include "db/nodes.h"

/* A kind of work: the states that count, and the option that limits it. */
typedef struct Limit {
    ConfigOption option;
    const char *name, *doing;
    ProvisionState states[4];
    size_t state_count;
} Limit;

static const Limit deploy_limit = {
    OPT_CONDUCTOR_MAX_CONCURRENT_DEPLOY,
    "max_concurrent_deploy",
    "deployed",
    {STATE_DEPLOYING, STATE_DEPLOYWAIT},
    2,
};
static const Limit clean_limit = {
    OPT_CONDUCTOR_MAX_CONCURRENT_CLEAN,
    "max_concurrent_clean",
    "cleaned",
    {STATE_DELETING, STATE_CLEANING, STATE_CLEANWAIT},
    3,
};

static bool
within(Task *task, const Limit *limit, GError **error)
{
    int64_t most = config_integer(config_current(), limit->option), now = 0;
    if (!db_nodes_count_in_states(task->services->db, limit->states, limit->state_count,
                                  task->node->uuid, &now, error))
        return false;
    return most <= 0 || now < most ||
           steel_fail(error, STEEL_ERROR_LIMIT,
                      "%d nodes are being %s, as many as [conductor]%s allows; try again later",
                      (int)now, limit->doing, limit->name);
}

bool
provision_limit_deploy(Task *task, GError **error)
{
    return within(task, &deploy_limit, error);
}

bool
provision_limit_clean(Task *task, GError **error)
{
    return within(task, &clean_limit, error);
}
