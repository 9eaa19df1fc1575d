/* Extension "standby": images, and the end of the agent.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/write_image.h"
#include "agent/extensions/extensions.h"
#include "common/json_text.h"

#include <unistd.h>

static json_t *
standby_prepare_image(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    return write_image(agent, json_object_get(params, "image_info"),
                       json_string_member(params, "configdrive"), progress, error);
}

static json_t *
standby_cache_image(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    return cache_image(agent, json_object_get(params, "image_info"),
                       json_string_member(params, "configdrive"),
                       json_is_truthy(json_object_get(params, "force")), progress, error);
}

static json_t *
standby_power_off(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)params;
    (void)progress;
    (void)error;
    agent_finish(agent, AGENT_POWER_OFF);
    return json_null();
}

static json_t *
standby_run_image(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)params;
    (void)progress;
    (void)error;
    agent_finish(agent, AGENT_REBOOT);
    return json_null();
}

static json_t *
standby_sync(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)agent;
    (void)params;
    (void)progress;
    (void)error;
    sync();
    return json_null();
}

static json_t *
standby_partition_uuids(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)params;
    (void)progress;
    (void)error;
    lock_acquire(&agent->lock);
    json_t *uuids =
        agent->partition_uuids != NULL ? json_deep_copy(agent->partition_uuids) : json_object();
    lock_release(&agent->lock);
    return uuids;
}

const ExtensionCommand extension_standby[] = {
    {AGENT_COMMAND_STANDBY_CACHE_IMAGE,     standby_cache_image},
    {AGENT_COMMAND_STANDBY_PREPARE_IMAGE,   standby_prepare_image},
    {AGENT_COMMAND_STANDBY_PARTITION_UUIDS, standby_partition_uuids},
    {AGENT_COMMAND_STANDBY_RUN_IMAGE,       standby_run_image},
    {AGENT_COMMAND_STANDBY_POWER_OFF,       standby_power_off},
    {AGENT_COMMAND_STANDBY_SYNC,            standby_sync},
    {AGENT_COMMAND_COUNT,                   NULL},
};
