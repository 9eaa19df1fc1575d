/* Lists and runs steps; the contract is in steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/steps/steps.h"

#include "common/json_text.h"
#include "common/log.h"
#include "model/secrets.h"

#include <string.h>

#define AREA "agent.steps"

static const struct {
    const char *steps, *version, *result, *step;
    AgentErrorCode error;
} uses[] = {
    {"clean_steps",   "clean_version",   "clean_result",   "clean_step",   AGENT_ERROR_CLEANING},
    {"deploy_steps",  "deploy_version",  "deploy_result",  "deploy_step",  AGENT_ERROR_DEPLOYMENT},
    {"service_steps", "service_version", "service_result", "service_step", AGENT_ERROR_SERVICING},
};

static json_t *
versions_json(void)
{
    return json_pack("{s:s}", HARDWARE_MANAGER, STEEL_VERSION);
}

static json_t *
arguments_json(const StepArgument *arguments)
{
    json_t *info = json_object();
    for (; arguments->name != NULL; arguments++)
        json_object_set_new(info, arguments->name,
                            json_pack("{s:s, s:b}", "description", arguments->description,
                                      "required", arguments->required));
    return info;
}

static int
priority_of(const Agent *agent, const Step *step, StepUse use)
{
    if (use == STEP_SERVICE)
        return step->servicing ? 0 : STEP_NEVER;
    if (use == STEP_DEPLOY && step->deploy_parameter != 0)
        return (int)parameters_integer(agent->parameters, step->deploy_parameter);
    return use == STEP_CLEAN ? step->clean_priority : step->deploy_priority;
}

static json_t *
step_json(const Step *step, StepUse use, int priority)
{
    json_t *shown = json_pack("{s:s, s:i, s:s, s:b}", "step", step->name, "priority", priority,
                              "interface", step->interface, "reboot_requested", false);
    if (use != STEP_DEPLOY)
        json_object_set_new(shown, "abortable", json_boolean(step->abortable));
    if (step->arguments_told)
        json_object_set_new(shown, "argsinfo", arguments_json(step->arguments));
    return shown;
}

json_t *
steps_list(const Agent *agent, StepUse use)
{
    json_t *list = json_array();
    for (const Step *step = steps_table; step->name != NULL; step++) {
        int priority = priority_of(agent, step, use);
        if (priority != STEP_NEVER)
            json_array_append_new(list, step_json(step, use, priority));
    }
    return json_pack("{s:{s:o}, s:o}", uses[use].steps, HARDWARE_MANAGER, list,
                     "hardware_manager_version", versions_json());
}

void
steps_take_node(Agent *agent, const json_t *params)
{
    json_t *node = json_object_get(params, "node");
    if (json_is_object(node))
        agent_set_node(agent, node);
}

/* True if the version is null or absent: the first call, which fits any version. */
static bool
check_version(StepUse use, const json_t *params, GError **error)
{
    const json_t *given = json_object_get(params, uses[use].version);
    if (given == NULL || json_is_null(given))
        return true;
    json_t *own = versions_json();
    bool same = json_equal(own, given) == 1;
    g_autofree char *own_text = json_text_dump(own), *given_text = json_text_dump(given);
    json_decref(own);
    return same || agent_fail(error, AGENT_ERROR_VERSION_MISMATCH,
                              "Current versions: %s, versions used by ironic: %.300s", own_text,
                              given_text);
}

static const StepArgument *
find_argument(const Step *step, const char *name)
{
    const StepArgument *argument = step->arguments;
    while (argument != NULL && argument->name != NULL && strcmp(argument->name, name) != 0)
        argument++;
    return argument != NULL && argument->name != NULL ? argument : NULL;
}

static bool
check_arguments(const Step *step, const json_t *args, GError **error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)args, key, value)
    {
        if (find_argument(step, key) == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "step %s has no argument '%.80s'",
                              step->name, key);
    }
    for (const StepArgument *at = step->arguments; at != NULL && at->name != NULL; at++)
        if (at->required && json_object_get(args, at->name) == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "step %s needs the argument '%s'",
                              step->name, at->name);
    return true;
}

static const Step *
find_step(StepUse use, const char *name, GError **error)
{
    if (name == NULL) {
        agent_fail(error, uses[use].error, "Malformed step, no \"step\" key");
        return NULL;
    }
    for (const Step *step = steps_table; step->name != NULL; step++)
        if (strcmp(step->name, name) == 0)
            return step;
    agent_fail(error, AGENT_ERROR_METHOD_NOT_FOUND, "Could not find method: %.80s", name);
    return NULL;
}

static json_t *
run_step(StepUse use, const Step *step, const StepCall *call, GError **error)
{
    GError *cause = NULL;
    if (json_is_object(call->node) && check_arguments(step, call->args, &cause)) {
        log_info(AREA, "step %s begins", step->name);
        json_t *result = step->run(call, &cause);
        if (result != NULL)
            return result;
    }
    if (cause == NULL)
        steel_fail(&cause, STEEL_ERROR_INVALID, "step %s: node is no object", step->name);
    agent_error_classify(&cause, uses[use].error);
    g_propagate_error(error, cause);
    return NULL;
}

/* The step as a result shows it. Many may read results, so it is without the login at the image's
 * server. A new reference. */
static json_t *
shown_step(json_t *step)
{
    static const char *const secrets[] = {"image_server_password", "image_request_authorization"};
    json_t *shown = json_deep_copy(step);
    json_t *image = json_object_get(json_object_get(shown, "args"), "image_info");
    for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++)
        if (json_object_get(image, secrets[i]) != NULL)
            json_object_set_new(image, secrets[i], json_string(SECRET_MASK));
    return shown;
}

json_t *
steps_execute(Agent *agent, StepUse use, const json_t *params, Progress *progress, GError **error)
{
    json_t *wanted = json_object_get(params, "step");
    steps_take_node(agent, params);
    if (!check_version(use, params, error))
        return NULL;
    const Step *step = find_step(use, json_string_member(wanted, "step"), error);
    if (step == NULL)
        return NULL;
    const json_t *args = json_object_get(wanted, "args");
    json_t *nothing = json_object();
    const StepCall call = {agent, json_object_get(params, "node"), json_object_get(params, "ports"),
                           json_is_object(args) ? args : nothing, progress};
    json_t *result = run_step(use, step, &call, error);
    json_decref(nothing);
    return result == NULL ? NULL
                          : json_pack("{s:o, s:o}", uses[use].result, result, uses[use].step,
                                      shown_step(wanted));
}
