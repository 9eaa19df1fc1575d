/* The deploy interface ramdisk: the instance is a kernel and an initramfs (instance_info kernel,
 * ramdisk and ramdisk_kernel_arguments), which the machine gets each time it starts. No agent takes
 * part, and no disk is written; cleaning works as with the other interfaces.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/log.h"
#include "drivers/boot/boot.h"
#include "drivers/boot/instance_files.h"
#include "drivers/deploy/agent_deploy.h"
#include "drivers/deploy/agent_deploy_steps.h"
#include "drivers/deploy/instance_glance.h"
#include "drivers/network/network.h"
#include "drivers/node_agent.h"
#include "drivers/power_action.h"
#include "drivers/storage/storage.h"
#include "model/capabilities.h"
#include "model/provision_states.h"
#include "netboot/instance_boot.h"

/* ---- validation ---- */

static bool
is_given(const Task *task, const char *key)
{
    const char *text = json_string_member(task->node->instance_info, key);
    return text != NULL && *text != '\0';
}

static bool
check_boot_interface(const Task *task, GError **error)
{
    const Interface *boot = &task->driver.boot->interface;
    return (boot->capabilities & CAPABILITY_RAMDISK_BOOT) != 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Invalid configuration: The boot interface must have the `ramdisk_boot` "
                      "capability. You are using an incompatible boot interface: %s",
                      boot->name);
}

static bool
check_iso(const Task *task, GError **error)
{
    if (!is_given(task, "boot_iso") || instance_glance_has_set(task->node, "boot_iso"))
        return true;
    if (is_given(task, "image_source"))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "An 'image_source' and 'boot_iso' parameter may not be specified at the "
                          "same time");
    return task->driver.boot->boots_iso ||
           steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                      "boot interface %s cannot boot instance_info boot_iso; give the instance a "
                      "kernel and a ramdisk: steel node set %s --instance-info kernel=<URL> "
                      "--instance-info ramdisk=<URL>, and steel node unset %s --instance-info "
                      "boot_iso",
                      task->driver.boot->interface.name, task->node->uuid, task->node->uuid);
}

/* Ironic's sentence, which lists what is missing. */
static bool
check_given(const Task *task, GError **error)
{
    bool kernel = is_given(task, "kernel"), initramfs = is_given(task, "ramdisk");
    return (kernel && initramfs) || is_given(task, "boot_iso") ||
           instance_glance_is_source(task->node) || /* its properties tell, when it is deployed */
           steel_fail(error, STEEL_ERROR_MISSING,
                      "Cannot validate image information for node %s because one or more "
                      "parameters are missing from its instance_info and insufficient information "
                      "is present to boot from a remote volume. Missing are: [%s%s%s]",
                      task->node->uuid, kernel ? "" : "'kernel'", kernel || initramfs ? "" : ", ",
                      initramfs ? "" : "'ramdisk'");
}

/* What is given is to be fetched; else an image in Glance tells what it is. */
static bool
has_files(const Task *task)
{
    return is_given(task, "boot_iso") || is_given(task, "kernel");
}

/* The instance is one thing. */
static bool
check_no_volume(Task *task, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return false;
    return !storage_boots_from_volume(task) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the node has %s to boot from, and the deploy interface ramdisk boots "
                      "instance_info kernel and ramdisk instead; set another one with: steel node "
                      "set %s --deploy-interface direct",
                      storage_has_nfs_root(task->node) ? "instance_info nfs_root"
                                                       : "a volume target with boot_index 0",
                      task->node->uuid);
}

static bool
ramdisk_deploy_validate(Task *task, GError **error)
{
    const Interface *boot = &task->driver.boot->interface;
    return check_boot_interface(task, error) && check_no_volume(task, error) &&
           (boot->validate == NULL || boot->validate(task, error)) &&
           capabilities_validate(task->node, error) && check_iso(task, error) &&
           check_given(task, error) &&
           (!has_files(task) ||
            instance_files_validate(task, "the instance is a ramdisk", error)) &&
           instance_boot_check_words(task->node, error);
}

/* ---- the deploy ---- */

static bool
ramdisk_deploy_prepare(Task *task, GError **error)
{
    if (state_from_wire(task->node->provision_state) == STATE_ACTIVE)
        return true; /* a running instance that has come to this conductor */
    if (!instance_glance_resolve(task, error))
        return false;
    task_phase_begin(task, "power_off", NULL);
    if (!power_action(task, (PowerAction){.target = POWER_TARGET_OFF}, error))
        return false;
    task_phase_begin(task, "attach_volumes", NULL);
    return storage_attach(task, error);
}

static void
warn_of_config_drive(const Task *task)
{
    if (!json_is_nothing(json_object_get(task->node->instance_info, "configdrive")))
        log_warning("drivers.deploy",
                    "the config drive of node %s is ignored: a ramdisk has no disk for it",
                    task->node->uuid);
}

/* What a process that died in this step has begun is done again: the machine restarts. */
static StepOutcome
ramdisk_deploy_run_deploy(Task *task, const json_t *args, GError **error)
{
    warn_of_config_drive(task);
    task_phase_begin(task, "prepare_instance_boot", NULL);
    if (!boot_prepare_instance(task, error))
        return step_failed();
    task_phase_begin(task, "switch_to_tenant_network", NULL);
    if (!network_configure_tenant(task, error))
        return step_failed();
    return agent_deploy_run_boot_instance(task, args, error);
}

static bool
ramdisk_deploy_take_over(Task *task, GError **error)
{
    return boot_prepare_instance(task, error);
}

static const StepDef deploy_steps[] = {
    {.name = "deploy",
     .priority = 100,
     .abortable = true,
     .run = ramdisk_deploy_run_deploy,
     .resume = agent_deploy_resume_boot_instance},
    {0},
};

const DeployOps deploy_ramdisk = {
    .interface = {.name = "ramdisk",
                  .steps = {[STEP_KIND_DEPLOY] = deploy_steps},
                  .agent = &node_agent_steps,
                  .validate = ramdisk_deploy_validate},
    .boots_ramdisk = true,
    .prepare = ramdisk_deploy_prepare,
    .tear_down = agent_deploy_tear_down,
    .clean_up = agent_deploy_clean_up,
    .take_over = ramdisk_deploy_take_over,
    .prepare_cleaning = agent_deploy_prepare_cleaning,
    .tear_down_cleaning = agent_deploy_tear_down_cleaning,
    .prepare_service = agent_deploy_prepare_service,
    .tear_down_service = agent_deploy_tear_down_service,
};
