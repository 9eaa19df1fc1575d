/* Whether an operation goes on with a running agent; the contract is in fast_track.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/fast_track.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/steady.h"
#include "drivers/node_agent.h"
#include "drivers/power/power.h"
#include "drivers/storage/storage.h"
#include "model/internal_info.h"

#define AREA "drivers.fast_track"

static const json_t *
own_word(const Node *node)
{
    return json_object_get(node->driver_info, "fast_track");
}

bool
fast_track_wanted(const Node *node)
{
    bool wanted = false;
    const json_t *own = own_word(node);
    if (own == NULL || json_is_null(own))
        return config_boolean(config_current(), OPT_DEPLOY_FAST_TRACK);
    return json_read_boolean(own, &wanted) && wanted;
}

bool
fast_track_validate(const Node *node, GError **error)
{
    bool wanted = false;
    const json_t *own = own_word(node);
    return own == NULL || json_is_null(own) || json_read_boolean(own, &wanted) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "driver_info fast_track is neither true nor false; set it with: steel node "
                      "set %s --driver-info fast_track=true",
                      node->uuid);
}

/* ---- is it possible now? ---- */

static bool
check_node(Task *task, GError **error)
{
    if (task->node->last_error != NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "its last_error is set");
    if (task_volume_targets(task, error) == NULL)
        return false;
    return !storage_boots_from_volume(task) ||
           steel_fail(error, STEEL_ERROR_INVALID, "it boots from a volume");
}

static bool
check_power(Task *task, GError **error)
{
    PowerState state = POWER_UNKNOWN;
    return power_get(task, &state, error) &&
           (state == POWER_ON || steel_fail(error, STEEL_ERROR_INVALID, "its machine is off"));
}

static bool
check_heartbeat(const Task *task, GError **error)
{
    int64_t limit_ms = config_integer(config_current(), OPT_DEPLOY_FAST_TRACK_TIMEOUT) * 1000,
            silent_ms = steady_now_ms() - info_integer(task->node, INFO_AGENT_HEARD);
    if (!node_agent_has_called(task))
        return steel_fail(error, STEEL_ERROR_INVALID, "no agent runs on its machine");
    return silent_ms < limit_ms ||
           steel_fail(error, STEEL_ERROR_INVALID, "its agent has been silent for %d s",
                      (int)(silent_ms / 1000));
}

bool
fast_track_ready(Task *task)
{
    g_autoptr(GError) why = NULL;
    if (!fast_track_wanted(task->node))
        return false;
    bool ready = check_node(task, &why) && check_heartbeat(task, &why) && check_power(task, &why) &&
                 node_agent_is_idle(task, &why);
    if (ready)
        log_info(AREA, "node %s goes on with its running agent", task->node->uuid);
    else
        log_info(AREA, "node %s cannot go on with a running agent: %s", task->node->uuid,
                 why->message);
    return ready;
}
