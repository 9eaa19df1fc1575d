/* Inspection by the agent: the machine boots the ramdisk, and what the agent finds becomes
 * properties, ports and the inventory (inspection.h).
 *
 * An agent of Ironic sends it (ipa-inspection-callback-url, POST /v1/continue_inspection) before it
 * looks up its node; of an agent that calls without having sent it, it is asked for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspect.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "drivers/boot/boot.h"
#include "drivers/boot/ramdisk_source.h"
#include "drivers/fast_track.h"
#include "drivers/inspect/inspection.h"
#include "drivers/management/management.h"
#include "drivers/network/network.h"
#include "drivers/node_agent.h"
#include "drivers/power_action.h"
#include "model/provision_states.h"
#include "netboot/kernel_words.h"
#include "netboot/ramdisk_boot.h"

#define AREA "drivers.inspect"
#define COLLECT_LLDP "ipa-collect-lldp"

static bool
requires_managed_boot(void)
{
    return config_boolean(config_current(), OPT_INSPECTOR_REQUIRE_MANAGED_BOOT);
}

/* The operator's words for the ramdisk of an inspection. */
static const char *
extra_words(void)
{
    return config_string(config_current(), OPT_INSPECTOR_EXTRA_KERNEL_PARAMS);
}

static bool
check_extra_words(GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    return kernel_words_add(line, extra_words()) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "[inspector]extra_kernel_params has a word that cannot stand in a boot "
                      "script: %s",
                      extra_words());
}

static bool
agent_inspect_validate(Task *task, GError **error)
{
    if (!inspection_configured(error) || !check_extra_words(error))
        return false;
    if (!requires_managed_boot() || boot_validate_ramdisk(task, RAMDISK_FOR_AGENT, error))
        return true;
    g_prefix_error(error, "the machine cannot boot the inspection ramdisk: ");
    return false;
}

/* ---- the start ---- */

static bool
power_on(Task *task, GError **error)
{
    task_phase_begin(task, "power_on", NULL);
    return power_action_start(task, error);
}

/* Where the agent sends what it has found. The token is put in when the script is served. */
static void
add_callback(json_t *words)
{
    g_autofree char *url = ramdisk_api_url();
    g_autofree char *callback =
        g_strconcat(url, "/v1/continue_inspection?agent_token=" RAMDISK_BOOT_TOKEN_WORD, NULL);
    json_object_set_new(words, "ipa-inspection-callback-url", json_string(callback));
}

/* An agent that cannot be handed a token in secret is asked for what it has found, when it
 * calls. */
static json_t *
parameters(const Task *task)
{
    json_t *words = kernel_words_parameters(extra_words());
    if (task->driver.boot->carries_token)
        add_callback(words);
    if (config_boolean(config_current(), OPT_INSPECTOR_FORCE_DHCP) &&
        json_object_get(words, COLLECT_LLDP) == NULL)
        json_object_set_new(words, COLLECT_LLDP, json_string("1"));
    return words;
}

static bool
prepare_managed(Task *task, GError **error)
{
    json_auto_t *words = parameters(task);
    task_phase_begin(task, "add_inspection_network", NULL);
    if (!network_add(task, NETWORK_INSPECTION, error))
        return false;
    task_phase_begin(task, "prepare_ramdisk", NULL);
    return boot_prepare_ramdisk(task, words, error);
}

/* Somebody else's boot server has the ramdisk. */
static bool
prepare_unmanaged(Task *task, const GError *why, GError **error)
{
    g_autoptr(GError) cause = NULL;
    log_info(AREA, "node %s boots for its inspection from a boot server that is not ours: %s",
             task->node->uuid, why->message);
    task_phase_begin(task, "set_boot_device", "pxe");
    if (management_set_boot_device(task, "pxe", false, &cause))
        return true;
    if (!steel_error_is(cause, STEEL_ERROR_UNSUPPORTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    log_warning(AREA, "the boot device of node %s is not set, its own boot order decides: %s",
                task->node->uuid, cause->message);
    return true;
}

static bool
prepare(Task *task, GError **error)
{
    g_autoptr(GError) why = NULL;
    if (boot_validate_ramdisk(task, RAMDISK_FOR_AGENT, &why) &&
        network_check(task, NETWORK_INSPECTION, &why))
        return prepare_managed(task, error);
    if (!requires_managed_boot())
        return prepare_unmanaged(task, why, error);
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

static StepOutcome
start_machine(Task *task, GError **error)
{
    task_phase_begin(task, "power_off", NULL);
    if (!power_action_stop(task, error) || !prepare(task, error) || !power_on(task, error)) {
        g_prefix_error(error, "the machine could not be started for its inspection: ");
        return step_failed();
    }
    task_phase_begin(task, "boot_ramdisk", "waiting for what the agent finds");
    return step_wait(0);
}

/* ---- the end ---- */

static bool
ask_agent(Task *task, GError **error)
{
    g_auto(AgentResult) result = {0};
    json_auto_t *nothing = json_object();
    return node_agent_call(task, "poll.get_hardware_info", NULL, &result, error) &&
           inspection_keep(task, result.result, nothing, error);
}

/* The agent has called, and has sent nothing: it is asked. */
static StepOutcome
collect(Task *task, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!node_agent_has_called(task))
        return step_wait(STEP_DEADLINE_STAYS);
    if (ask_agent(task, &cause))
        return step_again(0);
    if (steel_error_info(cause)->retryable) {
        log_info(AREA, "the inventory is asked for again when the agent calls: %s", cause->message);
        return step_wait(STEP_DEADLINE_STAYS);
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    g_prefix_error(error, "the agent's inventory: ");
    return step_failed();
}

static bool
power_off(Task *task, GError **error)
{
    task_phase_begin(task, "power_off", NULL);
    return power_action_stop(task, error);
}

/* In place of switching it off. */
static bool
reboot(Task *task, GError **error)
{
    task_phase_begin(task, "reboot", NULL);
    return power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error);
}

static bool
tear_down(Task *task, bool done, GError **error)
{
    bool off = config_boolean(config_current(), OPT_INSPECTOR_POWER_OFF),
         stays = !off || (done && fast_track_wanted(task->node));
    return (stays || power_off(task, error)) && boot_clean_up_ramdisk(task, error) &&
           network_remove(task, NETWORK_INSPECTION, error) &&
           (stays || !task->node->disable_power_off || reboot(task, error));
}

static StepOutcome
process(Task *task, GError **error)
{
    task_phase_begin(task, "process_inventory", NULL);
    if (!inspection_finish(task, error))
        return step_failed();
    if (tear_down(task, true, error))
        return step_done();
    g_prefix_error(error, "after the inspection: ");
    return step_failed();
}

/* What comes from outside is kept while the node waits; the work on it begins when it does not wait
 * any more, so that another life of the process goes on with it. */
static StepOutcome
agent_inspect_resume(Task *task, const json_t *args, GError **error)
{
    (void)args;
    if (!inspection_kept(task))
        return collect(task, error);
    bool waits = state_from_wire(task->node->provision_state) == STATE_INSPECTWAIT;
    return waits ? step_again(0) : process(task, error);
}

static bool
agent_inspect_clean_up(Task *task, GError **error)
{
    return tear_down(task, false, error);
}

/* An agent that runs already is asked. */
static bool
ask_running_agent(Task *task)
{
    g_autoptr(GError) why = NULL;
    if (!fast_track_ready(task))
        return false;
    task_phase_begin(task, "fast_track", "the agent that runs is asked");
    if (ask_agent(task, &why))
        return true;
    log_info(AREA, "the machine of node %s is started anew: %s", task->node->uuid, why->message);
    return false;
}

static StepOutcome
agent_inspect_run(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return ask_running_agent(task) ? process(task, error) : start_machine(task, error);
}

static bool
agent_inspect_abort(Task *task, GError **error)
{
    (void)task, (void)error;
    return true; /* the machine is switched off by clean_up */
}

static const StepDef inspect_steps[] = {
    {.name = "inspect",
     .priority = 100,
     .abortable = true,
     .run = agent_inspect_run,
     .resume = agent_inspect_resume},
    {0},
};

const InspectOps inspect_agent = {
    .interface = {.name = "agent",
                  .steps = {[STEP_KIND_INSPECT] = inspect_steps},
                  .validate = agent_inspect_validate},
    .takes_data = true,
    .abort = agent_inspect_abort,
    .clean_up = agent_inspect_clean_up,
};
