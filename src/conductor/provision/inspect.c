/* inspecting: learns the machine's properties.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspect.h"
#include "common/log.h"
#include "common/secret.h"
#include "conductor/boot_progress.h"
#include "conductor/provision/provision.h"
#include "drivers/inspect/inspection.h"
#include "drivers/power/power.h"
#include "netboot/boot_record.h"

#define AREA "conductor.inspect"

bool
inspect_prepare_verb(Task *task, const json_t *arguments, GError **error)
{
    (void)arguments;
    const Interface *needed[] = {&task->driver.power->interface, &task->driver.inspect->interface};
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++)
        if (needed[i]->validate != NULL && !needed[i]->validate(task, error)) {
            g_prefix_error(error, "Failed to validate inspection or power info. Error: ");
            return false;
        }
    return true;
}

static const char *
inspect_operation(const Task *task)
{
    (void)task;
    return "inspect";
}

static StepOutcome
inspect_begin(Task *task, GError **error)
{
    return step_work_plan(task, STEP_KIND_INSPECT, INTERFACE_INSPECT, "inspection", error);
}

static bool
inspect_undo(Task *task)
{
    g_autoptr(GError) error = NULL;
    bool clean = inspect_clean_up(task, &error);
    if (!clean)
        log_warning(AREA, "not everything of the failed inspection could be removed: %s",
                    error->message);
    return clean;
}

static char *
late(const Task *task)
{
    g_autofree char *why = NULL;
    if (boot_record_exists(task->node) && !info_has(task->node, INFO_AGENT_URL))
        why = boot_progress_late(task->node);
    return g_strdup_printf("Timeout reached in inspect wait: %s",
                           why != NULL ? why : "nothing has sent what it found in the machine");
}

const StepWork inspect_work = {
    .operation = inspect_operation,
    .begin = inspect_begin,
    .undo = inspect_undo,
    .abort = inspect_abort,
    .late = late,
};

/* ---- what an agent sends ---- */

/* Who is not the machine need not learn why. */
static bool
refuse(const Node *node, const char *why, GError **error)
{
    log_warning(AREA, "inspection data for node %s is not taken: %s", node->uuid, why);
    return steel_fail(error, STEEL_ERROR_NOT_FOUND, "Resource could not be found.");
}

/* Where we have booted the machine, it has the token. */
static bool
has_been_told(const Node *node)
{
    return boot_record_is(node, BOOT_MODE_RAMDISK) ||
           info_true(node, INFO_AGENT_TOKEN_PREGENERATED);
}

static bool
may_send(const Task *task, const json_t *arguments, GError **error)
{
    const Node *node = task->node;
    const char *known = info_text(node, INFO_AGENT_SECRET_TOKEN),
               *given = json_string_member(arguments, "agent_token");
    if (task_state(task) != STATE_INSPECTWAIT)
        return refuse(node, "the node does not wait for it", error);
    if (!task->driver.inspect->takes_data)
        return refuse(node, "its inspect interface takes none", error);
    return !has_been_told(node) || secret_equal(known, given) ||
           refuse(node, "the agent token is missing or wrong", error);
}

/* An agent that asks for a token gets one here if it has none; its heartbeats need it. */
static json_t *
answer_of(Task *task, const json_t *arguments)
{
    char token[SECRET_TEXT_SIZE];
    Node *node = task->node;
    json_t *answer = json_pack("{s:s}", "uuid", node->uuid);
    if (!json_is_true(json_object_get(arguments, "wants_token")) || has_been_told(node) ||
        info_has(node, INFO_AGENT_SECRET_TOKEN))
        return answer;
    info_set_text(node, INFO_AGENT_SECRET_TOKEN, secret_text(token));
    json_object_set_new(answer, "agent_token", json_string(token));
    return answer;
}

json_t *
verb_continue_inspection(VerbCall *call, GError **error)
{
    const json_t *inventory = json_object_get(call->arguments, "inventory"),
                 *plugin_data = json_object_get(call->arguments, "plugin_data");
    if (!may_send(call->task, call->arguments, error) ||
        !inspection_keep(call->task, inventory, plugin_data, error))
        return NULL;
    json_auto_t *answer = answer_of(call->task, call->arguments);
    if (!task_save(call->task, error) || !provision_resume_now(call, error))
        return NULL;
    return g_steal_pointer(&answer);
}
