/* Allocations and deploy templates.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/body.h"
#include "cli/nouns.h"
#include "cli/requests.h"
#include "cli/session.h"
#include "common/backoff.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include <string.h>

enum { POLL_MS = 300 };

/* Polls until the allocation is active. A new reference; NULL with DEPLOY_FAILED or TIMEOUT. */
static json_t *
wait_active(Context *context, const char *uuid, int timeout_s, GError **error)
{
    g_autofree char *escaped = http_escape(uuid);
    g_autofree char *path = g_strconcat("/v1/allocations/", escaped, NULL);
    int64_t deadline = timeout_s > 0 ? time_monotonic_ms() + (int64_t)timeout_s * 1000 : INT64_MAX;
    for (;;) {
        json_auto_t *allocation = request_get(context, path, error);
        if (allocation == NULL)
            return NULL;
        const char *state = json_string_member(allocation, "state");
        const char *fault = json_string_member(allocation, "last_error");
        if (g_strcmp0(state, "active") == 0)
            return json_incref(allocation);
        if (g_strcmp0(state, "error") == 0) {
            steel_fail(error, STEEL_ERROR_DEPLOY_FAILED, "Allocation %s failed: %s", uuid,
                       fault != NULL ? fault : "it does not say why");
            return NULL;
        }
        if (time_monotonic_ms() + POLL_MS > deadline) {
            steel_fail(error, STEEL_ERROR_TIMEOUT,
                       "Allocation %s failed to become active in %d seconds", uuid, timeout_s);
            return NULL;
        }
        backoff_sleep(POLL_MS);
    }
}

static bool
run_create(Context *context, GError **error)
{
    const Arguments *arguments = context->arguments;
    if (!arguments_has(arguments, "--node") && !arguments_has(arguments, "--resource-class"))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "--resource-class is required except when --node is used");
    json_auto_t *body = body_build(context->command, arguments, error);
    if (body == NULL)
        return false;
    json_auto_t *answer = session_call(context->session, "POST", allocation_noun.path, body, error);
    const char *uuid = json_string_member(answer, "uuid");
    if (answer == NULL)
        return false;
    if (!arguments_has(arguments, "--wait") || uuid == NULL) {
        show_columns(context, &allocation_noun, answer);
        return true;
    }
    json_auto_t *active =
        wait_active(context, uuid, (int)arguments_number(arguments, "--wait", 0), error);
    if (active == NULL)
        return false;
    show_columns(context, &allocation_noun, active);
    return true;
}

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow one_allocation[] = {
    {"<allocation>", "Name or UUID of the allocation"},
    {NULL},
};

static const PositionalRow some_allocations[] = {
    {"<allocation>", "Name or UUID; may be several", .several = true},
    {NULL},
};

static const PositionalRow one_template[] = {
    {"<template>", "Name or UUID of the deploy template"},
    {NULL},
};

static const PositionalRow some_templates[] = {
    {"<template>", "Name or UUID; may be several", .several = true},
    {NULL},
};

static const PositionalRow template_name[] = {
    {"<name>", "Unique name, which must be a valid trait", "name"},
    {NULL},
};

static const OptionRow allocation_list_options[] = {
    {"--node", OPTION_TEXT, USE_QUERY_TEXT, "node", "<node>", "only those of this node"},
    {"--resource-class", OPTION_TEXT, USE_QUERY_TEXT, "resource_class", "<resource class>", "only those with this resource class"},
    {"--state", OPTION_TEXT, USE_QUERY_TEXT, "state", "<state>", "only those in this state"},
    {"--owner", OPTION_TEXT, USE_QUERY_TEXT, "owner", "<owner>", "only those of this owner"},
    {NULL},
};

static const OptionRow allocation_create_options[] = {
    {"--resource-class", OPTION_TEXT, USE_BODY_TEXT, "resource_class", "<resource class>", "resource class asked for"},
    {"--trait", OPTION_APPEND, USE_BODY_LIST, "traits", "<trait>", "trait asked for (repeatable)"},
    {"--candidate-node", OPTION_APPEND, USE_BODY_LIST, "candidate_nodes", "<node>", "only these nodes are considered (repeatable)"},
    {"--name", OPTION_TEXT, USE_BODY_TEXT, "name", "<name>", "unique name of the allocation"},
    {"--uuid", OPTION_TEXT, USE_BODY_TEXT, "uuid", "<uuid>", "UUID of the allocation; default: a new one"},
    {"--owner", OPTION_TEXT, USE_BODY_TEXT, "owner", "<owner>", "owner of the allocation"},
    {"--extra", OPTION_APPEND, USE_BODY_PAIRS, "extra", "<key=value>", "anything of yours (repeatable)"},
    {"--node", OPTION_TEXT, USE_BODY_TEXT, "node", "<node>", "make it from this node, which is deployed already"},
    {"--wait", OPTION_OPTIONAL_INTEGER, USE_BY_COMMAND, NULL, "<seconds>", "wait until it is active; without seconds, or 0, forever"},
    {NULL},
};

static const OptionRow allocation_set_options[] = {
    {"--name", OPTION_TEXT, USE_ADD, "name", "<name>", "set the name"},
    {"--extra", OPTION_APPEND, USE_ADD_PAIRS, "extra", "<key=value>", "set an extra (repeatable)"},
    {NULL},
};

static const OptionRow allocation_unset_options[] = {
    {"--name", OPTION_FLAG, USE_REMOVE, "name", NULL, "unset the name"},
    {"--extra", OPTION_APPEND, USE_REMOVE_KEYS, "extra", "<key>", "unset an extra (repeatable)"},
    {NULL},
};

#define STEPS_HELP "list of steps (interface, step, args, priority): JSON, a JSON or YAML file, or - for stdin"

static const OptionRow template_create_options[] = {
    {"--uuid", OPTION_TEXT, USE_BODY_TEXT, "uuid", "<uuid>", "UUID of the deploy template; default: a new one"},
    {"--extra", OPTION_APPEND, USE_BODY_PAIRS, "extra", "<key=value>", "anything of yours (repeatable)"},
    {"--steps", OPTION_TEXT, USE_BODY_JSON, "steps", "<steps>", STEPS_HELP, .required = true},
    {NULL},
};

static const OptionRow template_set_options[] = {
    {"--name", OPTION_TEXT, USE_ADD, "name", "<name>", "set the name"},
    {"--steps", OPTION_TEXT, USE_ADD_JSON, "steps", "<steps>", STEPS_HELP},
    {"--extra", OPTION_APPEND, USE_ADD_PAIRS, "extra", "<key=value>", "set an extra (repeatable)"},
    {NULL},
};

static const OptionRow template_unset_options[] = {
    {"--extra", OPTION_APPEND, USE_REMOVE_KEYS, "extra", "<key>", "unset an extra (repeatable)"},
    {NULL},
};

#define ALLOCATION "/v1/allocations/{0}"
#define TEMPLATE "/v1/deploy_templates/{0}"

const Command allocation_commands[] = {
    {"allocation list", "List allocations", COMMAND_LIST, &allocation_noun, NULL, allocation_list_options, .version = "1.52"},
    {"allocation show", "Show an allocation", COMMAND_SHOW, &allocation_noun, one_allocation, .path = ALLOCATION, .version = "1.52"},
    {"allocation create", "Create an allocation", COMMAND_CUSTOM, &allocation_noun, NULL, allocation_create_options, .version = "1.52", .run = run_create, .output = PRINTS_ONE},
    {"allocation set", "Change an allocation", COMMAND_PATCH, &allocation_noun, one_allocation, allocation_set_options, .path = ALLOCATION, .version = "1.57"},
    {"allocation unset", "Remove what is set on an allocation", COMMAND_PATCH, &allocation_noun, one_allocation, allocation_unset_options, .path = ALLOCATION, .version = "1.57"},
    {"allocation delete", "Delete allocations", COMMAND_DELETE, &allocation_noun, some_allocations, .version = "1.52"},

    {"deploy template list", "List deploy templates", COMMAND_LIST, &deploy_template_noun, .version = "1.55"},
    {"deploy template show", "Show a deploy template", COMMAND_SHOW, &deploy_template_noun, one_template, .path = TEMPLATE, .version = "1.55"},
    {"deploy template create", "Create a deploy template", COMMAND_CREATE, &deploy_template_noun, template_name, template_create_options, .version = "1.55"},
    {"deploy template set", "Change a deploy template", COMMAND_PATCH, &deploy_template_noun, one_template, template_set_options, .path = TEMPLATE, .version = "1.55"},
    {"deploy template unset", "Remove what is set on a deploy template", COMMAND_PATCH, &deploy_template_noun, one_template, template_unset_options, .path = TEMPLATE, .version = "1.55"},
    {"deploy template delete", "Delete deploy templates", COMMAND_DELETE, &deploy_template_noun, some_templates, .version = "1.55"},
    {NULL},
};
/* clang-format on */
