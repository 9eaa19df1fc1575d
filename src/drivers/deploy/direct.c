/* The deploy interface of machines that boot from a remote volume: it attaches, sets the boot device, powers on, and waits
 * until the machine says that it has its volume. Names and order of its steps are Ironic's. Images on local disks need an
 * agent, which does not exist yet: validation says so.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/deploy.h"

#include "common/config.h"
#include "drivers/boot/boot.h"
#include "drivers/network/network.h"
#include "drivers/power/power.h"
#include "drivers/power_action.h"
#include "drivers/storage/storage.h"
#include "drivers/task.h"
#include "model/internal_info.h"
#include "model/provision_states.h"
#include "netboot/boot_record.h"

static bool
validate_interface(Task *task, const Interface *interface, GError **error)
{
    return interface->validate == NULL || interface->validate(task, error);
}

static const char *
node_word(const Task *task)
{
    return task->node->name != NULL ? task->node->name : task->node->uuid;
}

/* The node has volumes and would not boot from one: it must not be deployed by accident. */
static bool
refuse_volumes(Task *task, bool boot_volume, bool image, GError **error)
{
    if (!boot_volume)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the node has volume targets, but none has boot_index 0, so there is "
                          "nothing to boot from; set it with: steel volume target set <uuid> "
                          "--boot-index 0");
    if (image)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the node has a volume to boot from and instance_info image_source; "
                          "writing an image needs an agent, which this version of Steel does not "
                          "have yet; to boot from the volume: steel node unset %s --instance-info "
                          "image_source",
                          node_word(task));
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "the node has a volume to boot from, but its storage interface %s does not "
                      "boot from volumes; set another one with: steel node set %s "
                      "--storage-interface external",
                      task->driver.storage->interface.name, node_word(task));
}

/* What to say of a node that does not boot from a volume. */
static bool
refuse_image(Task *task, GError **error)
{
    const GPtrArray *targets = task_volume_targets(task, error);
    if (targets == NULL)
        return false;
    bool image = json_object_get(task->node->instance_info, "image_source") != NULL;
    if (targets->len > 0 && (!image || storage_boot_target(task) != NULL))
        return refuse_volumes(task, storage_boot_target(task) != NULL, image, error);
    if (image)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "writing an image (instance_info image_source) needs an agent, which "
                          "this version of Steel does not have yet; let the node boot from a "
                          "volume: steel node set %s --storage-interface external, and steel "
                          "volume target create",
                          node_word(task));
    return steel_fail(error, STEEL_ERROR_MISSING,
                      "the node has neither instance_info image_source nor a volume to boot from; "
                      "create one with: steel volume target create --node %s --type iscsi "
                      "--boot-index 0 --volume-id <id> --property target_portal=<address> "
                      "--property target_iqn=<name>",
                      task->node->uuid);
}

static bool
check_configdrive(Task *task, GError **error)
{
    const json_t *drive = json_object_get(task->node->instance_info, "configdrive");
    if (json_is_nothing(drive))
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "a config drive cannot be handed to a node that boots from a volume: there "
                      "is no disk to put it on; use a metadata service, and deploy without "
                      "configdrive (steel node unset %s --instance-info configdrive)",
                      node_word(task));
}

static bool
validate(Task *task, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return false;
    if (!storage_boots_from_volume(task))
        return validate_interface(task, &task->driver.boot->interface, error) &&
               refuse_image(task, error);
    return validate_interface(task, &task->driver.boot->interface, error) &&
           validate_interface(task, &task->driver.storage->interface, error) &&
           check_configdrive(task, error);
}

static bool
power_off(Task *task, GError **error)
{
    task_phase_begin(task, "power_off", NULL);
    return power_action(task, (PowerAction){.target = POWER_TARGET_OFF}, error);
}

static bool
prepare(Task *task, GError **error)
{
    if (state_from_wire(task->node->provision_state) == STATE_ACTIVE)
        return true; /* a running instance that has come to this conductor */
    if (!power_off(task, error))
        return false;
    task_phase_begin(task, "unconfigure_tenant_network", NULL);
    if (!network_unconfigure_tenant(task, error))
        return false;
    task_phase_begin(task, "attach_volumes", NULL);
    return storage_attach(task, error);
}

/* These steps are an agent's work. With a volume there is nothing to do in them, but others order theirs around them. */
static StepOutcome
step_without_agent(Task *task, const json_t *args, GError **error)
{
    (void)args;
    if (storage_boots_from_volume(task))
        return step_done();
    refuse_image(task, error);
    return step_failed();
}

static StepOutcome
step_prepare_instance_boot(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return step_ended(boot_prepare_instance(task, error));
}

static StepOutcome
step_switch_to_tenant_network(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return step_ended(network_configure_tenant(task, error));
}

/* The machine is off since `prepare`: on. When a process has died in this step, the machine may be on already and have said
 * its word to nobody: then it starts again, so that it says it to us. */
static bool
power_on(Task *task, GError **error)
{
    PowerAction action = {.target = POWER_TARGET_ON, .before = POWER_OFF};
    if (info_true(task->node, INFO_BOOT_INSTANCE_BEGUN) && !power_get(task, &action.before, error))
        return false;
    if (action.before == POWER_ON)
        action.target = POWER_TARGET_REBOOT;
    info_set_boolean(task->node, INFO_BOOT_INSTANCE_BEGUN, true);
    return task_save(task, error) && power_action(task, action, error);
}

static StepOutcome
step_boot_instance(Task *task, const json_t *args, GError **error)
{
    (void)args;
    int64_t wait_s = config_integer(config_current(), OPT_DEPLOY_BOOT_PROGRESS_TIMEOUT);
    task_phase_begin(task, "power_on", NULL);
    if (!power_on(task, error))
        return step_failed();
    if (wait_s <= 0 || !boot_reports_progress(task))
        return step_done();
    boot_begin_phase(task);
    return step_wait(wait_s * 1000);
}

/* Whoever has called: only the machine's own word that it has its volume ends the wait. */
static StepOutcome
resume_boot_instance(Task *task, const json_t *args, GError **error)
{
    (void)args, (void)error;
    return boot_record_last_phase(task->node) == BOOT_PHASE_SAN_HOOKED
               ? step_done()
               : step_wait(STEP_DEADLINE_STAYS);
}

static bool
tear_down(Task *task, GError **error)
{
    if (!power_off(task, error))
        return false;
    task_phase_begin(task, "detach_volumes", NULL);
    if (!storage_detach(task, error))
        return false;
    task_phase_begin(task, "unconfigure_tenant_network", NULL);
    return network_unconfigure_tenant(task, error);
}

static bool
clean_up(Task *task, GError **error)
{
    return boot_clean_up_ramdisk(task, error) && boot_clean_up_instance(task, error);
}

/* A machine with an operating system of its own on a local disk needs nothing from us. */
static bool
take_over(Task *task, GError **error)
{
    return task_volume_targets(task, error) != NULL &&
           (!storage_boots_from_volume(task) || boot_prepare_instance(task, error));
}

static StepOutcome
prepare_cleaning(Task *task, GError **error)
{
    steel_fail(error, STEEL_ERROR_UNSUPPORTED,
               "a clean step of node %s needs a ramdisk with an agent, which this version of Steel "
               "does not have yet; leave such steps out, or switch automated cleaning off: steel "
               "node set %s --no-automated-clean",
               task->node->uuid, node_word(task));
    return step_failed();
}

/* clang-format off */
static const StepDef deploy_steps[] = {
    {.name = "deploy", .priority = 100, .abortable = true, .run = step_without_agent},
    {.name = "write_image", .priority = 80, .abortable = true, .run = step_without_agent},
    {.name = "prepare_instance_boot",
     .priority = 60,
     .abortable = true,
     .run = step_prepare_instance_boot},
    {.name = "tear_down_agent", .priority = 40, .abortable = true, .run = step_without_agent},
    {.name = "switch_to_tenant_network",
     .priority = 30,
     .abortable = true,
     .run = step_switch_to_tenant_network},
    {.name = "boot_instance",
     .priority = 20,
     .abortable = true,
     .run = step_boot_instance,
     .resume = resume_boot_instance},
    {0},
};
/* clang-format on */

const DeployOps deploy_direct = {
    .interface = {.name = "direct",
                  .steps = {[STEP_KIND_DEPLOY] = deploy_steps},
                  .validate = validate},
    .prepare = prepare,
    .tear_down = tear_down,
    .clean_up = clean_up,
    .take_over = take_over,
    .prepare_cleaning = prepare_cleaning,
};
