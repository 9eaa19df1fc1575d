/* Deploy steps with an agent; the contract is in agent_deploy_steps.h.
 *
 * The machine starts twice: for the agent (step deploy) and for its instance (boot_instance).
 * Between them each step sends a command to the agent, or waits for its heartbeat. A restarted
 * process can begin any step again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/agent_deploy_steps.h"

#include "common/config.h"
#include "common/log.h"
#include "common/time_text.h"
#include "drivers/agent_logs.h"
#include "drivers/boot/boot.h"
#include "drivers/deploy/instance_image.h"
#include "drivers/deploy_info.h"
#include "drivers/network/network.h"
#include "drivers/node_agent.h"
#include "drivers/power/power.h"
#include "drivers/power_action.h"
#include "drivers/storage/storage.h"
#include "drivers/storage/volume_image.h"
#include "model/capabilities.h"
#include "model/internal_info.h"
#include "netboot/boot_record.h"

#include <string.h>

#define AREA "drivers.deploy"
/* Time between two checks whether the machine is off. */
#define LOOK_MS 1000

/* If the machine is on already, a process has died in this step and missed its reports: restarts
 * the machine. */
static bool
start_machine(Task *task, GError **error)
{
    PowerAction action = {.target = POWER_TARGET_ON};
    task_phase_begin(task, "power_on", NULL);
    if (!power_get(task, &action.before, error))
        return false;
    if (action.before == POWER_ON)
        action.target = POWER_TARGET_REBOOT;
    return power_action(task, action, error);
}

/* ---- deploy: the machine starts with the agent ---- */

/* A step before this one may have restarted the machine of an agent that was to go on: then nothing
 * is ready for the ramdisk yet. */
static bool
start_ramdisk(Task *task, GError **error)
{
    if (info_remove(task->node, INFO_FAST_TRACK)) {
        task_phase_begin(task, "prepare_ramdisk", NULL);
        if (!boot_prepare_ramdisk(task, NULL, error))
            return false;
    }
    return start_machine(task, error);
}

/* The next step needs the agent to have called, and its steps to be known: some may come before
 * it. */
static bool
is_ready(const Task *task)
{
    return (node_agent_has_called(task) || deploy_info_given(task)) &&
           !info_has(task->node, INFO_STEPS_PENDING);
}

StepOutcome
agent_deploy_run_deploy(Task *task, const json_t *args, GError **error)
{
    (void)args;
    if (storage_boots_from_volume(task))
        return step_done();
    if (info_true(task->node, INFO_FAST_TRACK) && node_agent_has_called(task))
        return is_ready(task) ? step_done() : step_wait(0);
    if (!start_ramdisk(task, error))
        return step_failed();
    task_phase_begin(task, "boot_ramdisk", "waiting for the agent to call");
    return step_wait(0);
}

StepOutcome
agent_deploy_resume_deploy(Task *task, const json_t *args, GError **error)
{
    DeployInfoDisk disk;
    (void)args;
    if (deploy_info_given(task) && !deploy_info_disk(task, &disk, error))
        return step_failed();
    return is_ready(task) ? step_done() : step_wait(STEP_DEADLINE_STAYS);
}

/* ---- prepare_instance_boot ---- */

/* The image is on the disk, so its served copy goes. */
static StepOutcome
prepare_boot(Task *task, GError **error)
{
    if (!boot_prepare_instance(task, error))
        return step_failed();
    instance_image_remove(task);
    return step_done();
}

static bool
boots_uefi(const Task *task)
{
    const char *mode = capability_boot_mode(
        task->node, config_string(config_current(), OPT_DEPLOY_DEFAULT_BOOT_MODE));
    return strcmp(mode, "uefi") == 0;
}

/* A root file system needs a boot loader on the disk. A whole disk has one, but UEFI needs a boot
 * entry for it. */
static bool
needs_boot_loader(const Task *task, const json_t *uuids)
{
    return instance_image_is_whole_disk(task->node)
               ? boots_uefi(task)
               : json_string_member(uuids, "root uuid") != NULL;
}

static json_t *
boot_loader_params(const Task *task, const json_t *uuids)
{
    bool uefi = boots_uefi(task);
    return json_pack("{s:s?,s:s?,s:s?,s:s}", "root_uuid", json_string_member(uuids, "root uuid"),
                     "efi_system_part_uuid",
                     uefi ? json_string_member(uuids, "efi system partition uuid") : NULL,
                     "prep_boot_part_uuid", json_string_member(uuids, "PReP Boot partition uuid"),
                     "target_boot_mode", uefi ? "uefi" : "bios");
}

StepOutcome
agent_deploy_later(const char *what, GError *cause, GError **error)
{
    if (steel_error_info(cause)->retryable) {
        log_info(AREA, "%s is tried again when the agent calls: %s", what, cause->message);
        g_error_free(cause);
        return step_wait(0);
    }
    g_propagate_error(error, cause);
    return step_failed();
}

static bool
is_boot_loader(const AgentResult *last)
{
    return g_strcmp0(last->command, "install_bootloader") == 0;
}

/* The result of the boot loader's installation, from the agent's last command. */
static StepOutcome
boot_loader_outcome(Task *task, const AgentResult *last, GError **error)
{
    if (!is_boot_loader(last) || last->status == AGENT_STATUS_IS_RUNNING)
        return step_wait(0);
    if (last->status == AGENT_STATUS_IS_SUCCEEDED)
        return prepare_boot(task, error);
    steel_fail(error, STEEL_ERROR_DEPLOY_FAILED, "the agent could not install the boot loader: %s",
               last->words != NULL ? last->words : "no reason given");
    return step_failed();
}

/* Sends the first command of the step. */
static StepOutcome
install_boot_loader(Task *task, GError **error)
{
    g_auto(AgentResult) uuids = {0};
    GError *cause = NULL;
    if (!node_agent_call(task, "standby.get_partition_uuids", NULL, &uuids, &cause))
        return agent_deploy_later("asking for partitions", cause, error);
    if (!needs_boot_loader(task, uuids.result))
        return prepare_boot(task, error);
    json_auto_t *params = boot_loader_params(task, uuids.result);
    task_phase_begin(task, "install_bootloader", NULL);
    if (!node_agent_start(task, "image.install_bootloader", params, &cause))
        return agent_deploy_later("the boot loader", cause, error);
    info_set_boolean(task->node, INFO_STEP_SENT, true);
    return step_wait(0);
}

/* A process that died in this step may have sent the command already. */
static StepOutcome
begin_boot_loader(Task *task, GError **error)
{
    g_auto(AgentResult) last = {0};
    GError *cause = NULL;
    if (!node_agent_last(task, &last, &cause))
        return agent_deploy_later("the boot loader", cause, error);
    if (!is_boot_loader(&last))
        return install_boot_loader(task, error);
    info_set_boolean(task->node, INFO_STEP_SENT, true);
    return boot_loader_outcome(task, &last, error);
}

StepOutcome
agent_deploy_run_prepare_instance_boot(Task *task, const json_t *args, GError **error)
{
    (void)args;
    if (storage_boots_from_volume(task))
        return step_ended(boot_prepare_instance(task, error));
    return deploy_info_given(task) ? prepare_boot(task, error) : begin_boot_loader(task, error);
}

StepOutcome
agent_deploy_resume_prepare_instance_boot(Task *task, const json_t *args, GError **error)
{
    (void)args;
    g_auto(AgentResult) last = {0};
    GError *cause = NULL;
    if (!info_true(task->node, INFO_STEP_SENT))
        return begin_boot_loader(task, error);
    return node_agent_last(task, &last, &cause)
               ? boot_loader_outcome(task, &last, error)
               : agent_deploy_later("the boot loader", cause, error);
}

/* ---- tear_down_agent: the machine goes off, where it may ---- */

/* How long the agent may take to switch its machine off. */
static int64_t
patience_ms(void)
{
    const Config *config = config_current();
    int64_t retries = config_integer(config, OPT_AGENT_POST_DEPLOY_GET_POWER_STATE_RETRIES),
            pause_s = config_integer(config, OPT_AGENT_POST_DEPLOY_GET_POWER_STATE_RETRY_INTERVAL);
    return MIN(MIN(retries, 10000) * MIN(pause_s, 3600), 24 * 3600) * 1000;
}

/* Asks the agent to flush its buffers and to switch the machine off. A failure does no harm: the
 * machine's power is checked anyway. */
static void
ask_to_go_off(Task *task)
{
    g_autoptr(GError) error = NULL;
    task_phase_begin(task, "power_off", "the agent switches the machine off");
    if (!node_agent_start(task, "standby.power_off", NULL, &error))
        log_warning(AREA, "node %s is switched off by its BMC if need be: %s", task->node->uuid,
                    error->message);
}

static StepOutcome
force_off(Task *task, GError **error)
{
    return step_ended(power_action(task, (PowerAction){.target = POWER_TARGET_OFF}, error));
}

static bool
forces_off(const Task *task)
{
    return json_is_truthy(json_object_get(task->node->driver_info, "deploy_forces_oob_reboot"));
}

/* Flushes the disk, then switches the machine off by its BMC, as driver_info asks. */
static StepOutcome
sync_and_force_off(Task *task, GError **error)
{
    g_auto(AgentResult) result = {0};
    g_autoptr(GError) cause = NULL;
    if (!node_agent_call(task, "standby.sync", NULL, &result, &cause))
        log_warning(AREA, "the agent of node %s could not write its buffers out: %s",
                    task->node->uuid, cause->message);
    return force_off(task, error);
}

/* Of a node with disable_power_off: the agent writes its buffers out and serves nobody any more,
 * until the machine restarts with its instance. */
static StepOutcome
lock_agent_down(Task *task, GError **error)
{
    g_auto(AgentResult) written = {0}, down = {0};
    task_phase_begin(task, "lockdown", "the machine stays on, its agent serves nobody");
    return step_ended(node_agent_call(task, "standby.sync", NULL, &written, error) &&
                      node_agent_call(task, "system.lockdown", NULL, &down, error));
}

static StepOutcome
look_whether_off(Task *task, GError **error)
{
    g_autoptr(GError) cause = NULL;
    PowerState power = POWER_UNKNOWN;
    int64_t looks = info_integer(task->node, INFO_POWER_OFF_LOOKS);
    if (power_get(task, &power, &cause) && power == POWER_OFF) {
        power_found(task, POWER_OFF);
        return step_ended(task_save(task, error));
    }
    if (looks * LOOK_MS >= patience_ms()) {
        log_warning(AREA,
                    "the agent of node %s did not switch its machine off in %d s; its BMC "
                    "does it",
                    task->node->uuid, (int)(patience_ms() / 1000));
        return force_off(task, error);
    }
    info_set_integer(task->node, INFO_POWER_OFF_LOOKS, looks + 1);
    return step_again(LOOK_MS);
}

StepOutcome
agent_deploy_run_tear_down_agent(Task *task, const json_t *args, GError **error)
{
    (void)args;
    if (storage_boots_from_volume(task))
        return step_done();
    if (deploy_info_given(task))
        return task->node->disable_power_off ? step_done() : force_off(task, error);
    if (!info_has(task->node, INFO_POWER_OFF_LOOKS)) {
        g_free(agent_logs_collect(task, NULL, false));
        if (task->node->disable_power_off)
            return lock_agent_down(task, error);
        if (forces_off(task))
            return sync_and_force_off(task, error);
        ask_to_go_off(task);
    }
    return look_whether_off(task, error);
}

/* ---- the last two ---- */

StepOutcome
agent_deploy_run_switch_to_tenant_network(Task *task, const json_t *args, GError **error)
{
    (void)args;
    bool left =
        storage_boots_from_volume(task) || network_remove(task, NETWORK_PROVISIONING, error);
    return step_ended(left && network_configure_tenant(task, error));
}

/* The machine is off, unless the node has disable_power_off, or a process has died in this step and
 * missed its reports. Then it restarts, so that it reports again. */
static bool
power_on(Task *task, GError **error)
{
    PowerAction action = {.target = POWER_TARGET_ON, .before = POWER_OFF};
    if (info_true(task->node, INFO_BOOT_INSTANCE_BEGUN) && !power_get(task, &action.before, error))
        return false;
    if (action.before == POWER_ON || task->node->disable_power_off)
        action.target = POWER_TARGET_REBOOT;
    info_set_boolean(task->node, INFO_BOOT_INSTANCE_BEGUN, true);
    return task_save(task, error) && power_action(task, action, error);
}

StepOutcome
agent_deploy_run_boot_instance(Task *task, const json_t *args, GError **error)
{
    (void)args;
    int64_t wait_s = config_integer(config_current(), OPT_DEPLOY_BOOT_PROGRESS_TIMEOUT);
    task_phase_begin(task, "power_on", NULL);
    if (!power_on(task, error))
        return step_failed();
    volume_image_done(task);
    if (wait_s <= 0 || !boot_reports_progress(task))
        return step_done();
    boot_begin_phase(task);
    return step_wait(wait_s * 1000);
}

/* No matter who called: only the machine's own word that it has its volume ends the wait. */
StepOutcome
agent_deploy_resume_boot_instance(Task *task, const json_t *args, GError **error)
{
    (void)args, (void)error;
    return boot_phase_is_up(boot_record_last_phase(task->node)) ? step_done()
                                                                : step_wait(STEP_DEADLINE_STAYS);
}
