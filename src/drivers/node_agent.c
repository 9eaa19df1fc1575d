/* A node's agent; the contract is in node_agent.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/node_agent.h"

#include "common/config.h"
#include "common/json_text.h"
#include "drivers/agent_clean.h"
#include "drivers/deploy/deploy.h"
#include "drivers/deploy_info.h"
#include "drivers/storage/volume_image.h"
#include "model/internal_info.h"
#include "model/secrets.h"

#include <string.h>

/* The machine of an agent that takes longer is rather started anew. */
#define IDLE_LOOK_MS 10000

bool
node_agent_has_called(const Task *task)
{
    return info_has(task->node, INFO_AGENT_URL);
}

/* ---- the agent's address ---- */

/* How to check an agent that has not sent a certificate of its own: driver_info wins over
 * [agent]verify_ca, which is a file, or true or false. */
static void
set_authority(const Task *task, AgentPeer *peer)
{
    const char *given = task_driver_info(task, "agent_verify_ca");
    bool check = true;
    if (given == NULL)
        given = config_string(config_current(), OPT_AGENT_VERIFY_CA);
    if (given == NULL || *given == '\0')
        return;
    if (json_boolean_word(given, &check))
        peer->insecure = !check;
    else
        peer->ca_file = given;
}

static bool
find_peer(const Task *task, AgentPeer *peer, GError **error)
{
    const Node *node = task->node;
    *peer = (AgentPeer){
        .url = info_text(node, INFO_AGENT_URL),
        .token = info_text(node, INFO_AGENT_SECRET_TOKEN),
        .certificate = info_text(node, INFO_AGENT_VERIFY_CA),
        .timeout_ms =
            (int)MIN(config_integer(config_current(), OPT_AGENT_COMMAND_TIMEOUT) * 1000, INT_MAX),
    };
    set_authority(task, peer);
    return peer->url != NULL ||
           steel_fail(error, STEEL_ERROR_INVALID, "no agent has called from node %s", node->uuid);
}

/* ---- commands ---- */

static bool
give(Task *task, const char *name, const json_t *params, bool wait, AgentResult *out,
     GError **error)
{
    AgentPeer peer;
    return find_peer(task, &peer, error) && task_may_act(task, error) &&
           agent_command(&peer, name, params, wait, out, error);
}

bool
node_agent_call(Task *task, const char *name, const json_t *params, AgentResult *out,
                GError **error)
{
    if (!give(task, name, params, true, out, error))
        return false;
    if (out->status == AGENT_STATUS_IS_SUCCEEDED)
        return true;
    return steel_fail(error, STEEL_ERROR_AGENT_REFUSED, "the agent could not do %s: %s", name,
                      out->words != NULL ? out->words : "it has not ended in time");
}

bool
node_agent_start(Task *task, const char *name, const json_t *params, GError **error)
{
    g_auto(AgentResult) result = {0};
    if (!give(task, name, params, false, &result, error))
        return false;
    return result.status != AGENT_STATUS_IS_FAILED ||
           steel_fail(error, STEEL_ERROR_AGENT_REFUSED, "the agent could not do %s: %s", name,
                      result.words);
}

bool
node_agent_last(Task *task, AgentResult *out, GError **error)
{
    AgentPeer peer;
    return find_peer(task, &peer, error) && agent_last_command(&peer, out, error);
}

bool
node_agent_is_idle(Task *task, GError **error)
{
    AgentPeer peer;
    g_auto(AgentResult) last = {0};
    if (!find_peer(task, &peer, error))
        return false;
    peer.timeout_ms = MIN(peer.timeout_ms, IDLE_LOOK_MS);
    return agent_last_command(&peer, &last, error) &&
           (last.command == NULL || last.status != AGENT_STATUS_IS_RUNNING ||
            steel_fail(error, STEEL_ERROR_AGENT_BUSY, "the agent still runs %s", last.command));
}

bool
node_agent_log(Task *task, char **text, int64_t *offset, GError **error)
{
    AgentPeer peer;
    return find_peer(task, &peer, error) && agent_log(&peer, text, offset, error);
}

/* ---- the node, for the agent ---- */

static json_t *
record_json(const Resource *resource, const void *record)
{
    json_t *object = json_object();
    for (size_t i = 0; i < resource->field_count; i++)
        json_object_set_new(object, resource->fields[i].name,
                            record_get(record, &resource->fields[i]));
    return object;
}

/* A volume that is to be written has a hint of its own. */
static void
add_root_device(Task *task, json_t *node)
{
    json_t *hint = volume_image_hint(task), *info = json_object_get(node, "instance_info");
    if (hint != NULL && json_is_object(info))
        json_object_set_new(info, "root_device", hint);
    else
        json_decref(hint);
}

/* A record as the API shows it: without passwords of BMCs and volumes. */
static json_t *
params_of(Task *task, GError **error)
{
    const GPtrArray *ports = task_ports(task, error);
    if (ports == NULL)
        return NULL;
    json_t *list = json_array();
    for (guint i = 0; i < ports->len; i++)
        json_array_append_new(list, record_json(&port_resource, ports->pdata[i]));
    json_t *params =
        json_pack("{s:o,s:o}", "node", record_json(&node_resource, task->node), "ports", list);
    add_root_device(task, json_object_get(params, "node"));
    secret_mask(params);
    return params;
}

/* ---- steps ---- */

static const struct {
    const char *get, *execute, *executed, *steps, *done, *version;
} words[STEP_KIND_COUNT] = {
    [STEP_KIND_DEPLOY] = {"deploy.get_deploy_steps", "deploy.execute_deploy_step",
                          "execute_deploy_step", "deploy_steps", "deploy_step", "deploy_version"},
    [STEP_KIND_CLEAN] = {"clean.get_clean_steps", "clean.execute_clean_step", "execute_clean_step",
                         "clean_steps", "clean_step", "clean_version"},
    [STEP_KIND_SERVICE] = {"service.get_service_steps", "service.execute_service_step",
                           "execute_service_step", "service_steps", "service_step",
                           "service_version"},
};

static bool
has_step(const json_t *steps, const json_t *step)
{
    size_t index;
    json_t *other;
    json_array_foreach(steps, index, other)
    {
        if (json_equal(json_object_get(other, "interface"), json_object_get(step, "interface")) &&
            json_equal(json_object_get(other, "step"), json_object_get(step, "step")))
            return true;
    }
    return false;
}

/* A listed step must have the right form, because it goes into the plan. */
static bool
is_step(const json_t *step)
{
    return json_string_member(step, "interface") != NULL &&
           json_string_member(step, "step") != NULL &&
           json_is_integer(json_object_get(step, "priority")) &&
           json_integer_value(json_object_get(step, "priority")) >= 0;
}

static json_t *
described(const json_t *told)
{
    static const char *const kept[] = {"interface", "step",     "priority",
                                       "abortable", "argsinfo", "reboot_requested"};
    json_t *step = json_pack("{s:b,s:b}", "requires_ramdisk", 1, "abortable", 0);
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        const json_t *value = json_object_get(told, kept[i]);
        if (value != NULL && !json_is_null(value))
            json_object_set_new(step, kept[i], json_deep_copy(value));
    }
    return step;
}

/* {manager: [step]} as one list. If two managers have a step of one name, the first one's
 * counts. */
static json_t *
flatten(const json_t *managers)
{
    json_t *steps = json_array(), *list, *step;
    const char *manager;
    size_t index;
    json_object_foreach((json_t *)(uintptr_t)managers, manager, list)
    {
        json_array_foreach(list, index, step)
        {
            if (is_step(step) && !has_step(steps, step))
                json_array_append_new(steps, described(step));
        }
    }
    return steps;
}

static bool
node_agent_get_steps(Task *task, StepKind kind, json_t **steps, json_t **versions, GError **error)
{
    g_auto(AgentResult) result = {0};
    if (kind == STEP_KIND_CLEAN)
        agent_clean_settings(task->node);
    json_auto_t *params = params_of(task, error);
    if (params == NULL || !node_agent_call(task, words[kind].get, params, &result, error))
        return false;
    const json_t *managers = json_object_get(result.result, words[kind].steps);
    json_t *told = json_object_get(result.result, "hardware_manager_version");
    if (!json_is_object(managers))
        return steel_fail(error, STEEL_ERROR_AGENT_REFUSED,
                          "the agent's answer to %s has no \"%s\"", words[kind].get,
                          words[kind].steps);
    *steps = flatten(managers);
    *versions = json_is_object(told) ? json_deep_copy(told) : json_object();
    return true;
}

/* The agent gets the step without the engine's own members. */
static bool
node_agent_execute_step(Task *task, StepKind kind, const json_t *step, const json_t *versions,
                        GError **error)
{
    json_auto_t *params = params_of(task, error);
    if (params == NULL)
        return false;
    json_object_set_new(params, "step", json_deep_copy(step));
    if (versions != NULL)
        json_object_set_new(params, words[kind].version, json_deep_copy(versions));
    return node_agent_start(task, words[kind].execute, params, error);
}

/* The result of a step names its step. */
static bool
is_about(const AgentResult *result, StepKind kind, const json_t *step)
{
    const json_t *done = json_object_get(result->result, words[kind].done);
    return json_equal(json_object_get(done, "interface"), json_object_get(step, "interface")) &&
           json_equal(json_object_get(done, "step"), json_object_get(step, "step"));
}

static AgentState
state_of(const AgentResult *result, StepKind kind, const json_t *step)
{
    if (result->command == NULL)
        return AGENT_FRESH;
    if (strcmp(result->command, words[kind].executed) != 0)
        return AGENT_ELSEWHERE;
    switch (result->status) {
    case AGENT_STATUS_IS_FAILED:
        return AGENT_FAILED;
    case AGENT_STATUS_IS_MISMATCH:
        return AGENT_MISMATCH;
    case AGENT_STATUS_IS_SUCCEEDED:
        return is_about(result, kind, step) ? AGENT_SUCCEEDED : AGENT_ELSEWHERE;
    case AGENT_STATUS_IS_RUNNING:
    case AGENT_STATUS_IS_UNKNOWN:
        break;
    }
    return AGENT_RUNNING;
}

static bool
node_agent_last_step_command(Task *task, StepKind kind, const json_t *step, AgentReport *report,
                             GError **error)
{
    g_auto(AgentResult) result = {0};
    if (!node_agent_last(task, &result, error))
        return false;
    report->state = state_of(&result, kind, step);
    report->id = g_steal_pointer(&result.id);
    if (report->state == AGENT_FAILED)
        report->error = g_steal_pointer(&result.words);
    return true;
}

const AgentClient node_agent_client = {.get_steps = node_agent_get_steps,
                                       .execute = node_agent_execute_step,
                                       .last_command = node_agent_last_step_command};

static bool
node_agent_offers(const Task *task, StepKind kind)
{
    return kind == STEP_KIND_CLEAN || kind == STEP_KIND_SERVICE ||
           (kind == STEP_KIND_DEPLOY && !task->driver.deploy->boots_ramdisk &&
            !json_is_nothing(json_object_get(task->node->instance_info, "image_source")));
}

static json_t *
node_agent_list_steps(Task *task, StepKind kind, GError **error)
{
    if (deploy_info_given(task))
        return json_array(); /* it takes no commands */
    return agent_steps_list(task, kind, &node_agent_client, error);
}

static StepOutcome
node_agent_run_step(Task *task, StepKind kind, const json_t *step, GError **error)
{
    return agent_steps_run(task, kind, step, &node_agent_client, error);
}

static StepOutcome
node_agent_resume_step(Task *task, StepKind kind, const json_t *step, GError **error)
{
    return agent_steps_resume(task, kind, step, &node_agent_client, error);
}

const StepSource node_agent_steps = {.offers = node_agent_offers,
                                     .list = node_agent_list_steps,
                                     .run = node_agent_run_step,
                                     .resume = node_agent_resume_step};
