/* What deploy interfaces with an agent have in common; the contract is in agent_deploy.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/agent_deploy.h"
#include "common/log.h"
#include "common/secret.h"
#include "config_drive/config_drive.h"
#include "drivers/deploy/config_drive_object.h"

#include "drivers/boot/boot.h"
#include "drivers/deploy/instance_glance.h"
#include "drivers/deploy/instance_image.h"
#include "drivers/deploy/volume_drive.h"
#include "drivers/fast_track.h"
#include "drivers/network/network.h"
#include "drivers/node_agent.h"
#include "drivers/power_action.h"
#include "drivers/storage/storage.h"
#include "drivers/storage/volume_image.h"
#include "drivers/task.h"
#include "model/internal_info.h"
#include "model/provision_states.h"

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

/* Refuses to deploy a node by accident that has volumes but would not boot from one. */
static bool
refuse_volumes(Task *task, bool boot_volume, GError **error)
{
    if (!boot_volume)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the node has volume targets, but none has boot_index 0, so there is "
                          "nothing to boot from; set it with: steel volume target set <uuid> "
                          "--boot-index 0");
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "the node has a volume to boot from, but its storage interface %s does not "
                      "boot from volumes; set another one with: steel node set %s "
                      "--storage-interface external",
                      task->driver.storage->interface.name, node_word(task));
}

static bool
has_image(const Task *task)
{
    return json_object_get(task->node->instance_info, "image_source") != NULL;
}

/* Checks the volumes of a node that boots from none of them. */
static bool
check_volumes(Task *task, GError **error)
{
    const GPtrArray *targets = task_volume_targets(task, error);
    if (targets == NULL)
        return false;
    bool boot_volume = storage_boot_target(task) != NULL;
    if (boot_volume && has_image(task))
        return volume_image_validate(task, error) &&
               validate_interface(task, &task->driver.storage->interface, error);
    return targets->len == 0 || has_image(task) || refuse_volumes(task, boot_volume, error);
}

/* A node that does not boot from a volume needs an image. */
static bool
check_image(Task *task, GError **error)
{
    if (instance_image_validate(task, error))
        return true;
    if (!has_image(task))
        g_prefix_error(
            error, "the node has neither instance_info image_source nor a volume to boot from: ");
    return false;
}

bool
agent_deploy_validate(Task *task, GError **error)
{
    if (task_volume_targets(task, error) == NULL || !fast_track_validate(task->node, error))
        return false;
    if (!storage_boots_from_volume(task))
        return check_volumes(task, error) &&
               validate_interface(task, &task->driver.boot->interface, error) &&
               check_image(task, error);
    return validate_interface(task, &task->driver.boot->interface, error) &&
           validate_interface(task, &task->driver.storage->interface, error) &&
           volume_drive_validate(task, error);
}

/* Which volume, as Ironic notes it: the machine boots from it, the image is written to it. */
static void
note_volume(Task *task)
{
    const VolumeTarget *target = storage_boot_target(task);
    if (target == NULL)
        return;
    info_set_text(task->node, INFO_BOOT_FROM_VOLUME, target->uuid);
    if (volume_image_wanted(task->node))
        info_set_text(task->node, INFO_BOOT_FROM_VOLUME_DEPLOY, target->uuid);
}

static bool
power_off(Task *task, GError **error)
{
    task_phase_begin(task, "power_off", NULL);
    return power_action_stop(task, error);
}

/* The machine of a node with disable_power_off was not switched off: it is restarted, so that it
 * runs no more what it was prepared for. */
static bool
leave_software(Task *task, GError **error)
{
    if (!task->node->disable_power_off)
        return true;
    task_phase_begin(task, "reboot", NULL);
    return power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error);
}

/* The machine is off, unless the deploy goes on with the agent that runs. */
static bool
end_what_runs(Task *task, GError **error)
{
    info_remove(task->node, INFO_FAST_TRACK);
    if (!fast_track_ready(task))
        return power_off(task, error);
    info_set_boolean(task->node, INFO_FAST_TRACK, true);
    task_phase_begin(task, "fast_track", "the agent that runs goes on");
    return true;
}

/* The machine is on the network for it, the image is ready to be fetched, and the ramdisk to be
 * booted if need be. */
static bool
prepare_agent(Task *task, GError **error)
{
    task_phase_begin(task, "add_provisioning_network", NULL);
    if (!network_add(task, NETWORK_PROVISIONING, error) || !instance_image_prepare(task, error) ||
        !config_drive_object_put(task, error))
        return false;
    if (info_true(task->node, INFO_FAST_TRACK))
        return task_save(task, error);
    task_phase_begin(task, "prepare_ramdisk", NULL);
    return task_save(task, error) && boot_prepare_ramdisk(task, NULL, error);
}

/* What Glance says of the image may be what is missing: it is checked before the machine is
 * touched.
 */
static bool
know_image(Task *task, GError **error)
{
    if (!has_image(task))
        return true;
    return instance_glance_resolve(task, error) &&
           (!instance_glance_is_source(task->node) || check_image(task, error));
}

/* A config drive that says nothing of the network gets what the network driver knows of the
 * instance's. A text stays as it is. */
static bool
complete_config_drive(Task *task, GError **error)
{
    json_t *drive = json_object_get(task->node->instance_info, "configdrive");
    json_auto_t *data = NULL;
    if (!json_is_object(drive))
        return true;
    if (json_object_get(drive, "network_data") == NULL &&
        !network_data_of(task, NETWORK_DATA_OF_INSTANCE, &data, error))
        return false;
    json_auto_t *whole = json_copy(drive);
    if (data != NULL)
        json_object_set(whole, "network_data", data);
    char *text = config_drive_text(whole, task->node->uuid, task->node->name, error);
    if (text == NULL)
        return false;
    json_object_set_new(task->node->instance_info, "configdrive", json_string(text));
    secret_free(text);
    return task_save(task, error);
}

bool
agent_deploy_prepare(Task *task, GError **error)
{
    if (state_from_wire(task->node->provision_state) == STATE_ACTIVE)
        return true; /* a running instance that has come to this conductor */
    if (!know_image(task, error) || !end_what_runs(task, error))
        return false;
    task_phase_begin(task, "unconfigure_tenant_network", NULL);
    if (!network_unconfigure_tenant(task, error) || !complete_config_drive(task, error))
        return false;
    task_phase_begin(task, "attach_volumes", NULL);
    note_volume(task);
    return storage_attach(task, error) &&
           (storage_boots_from_volume(task) || prepare_agent(task, error));
}

bool
agent_deploy_tear_down(Task *task, GError **error)
{
    if (!power_off(task, error))
        return false;
    config_drive_object_remove(task);
    task_phase_begin(task, "detach_volumes", NULL);
    if (!storage_detach(task, error))
        return false;
    task_phase_begin(task, "unconfigure_tenant_network", NULL);
    return network_unconfigure_tenant(task, error);
}

bool
agent_deploy_clean_up(Task *task, GError **error)
{
    volume_drive_remove(task); /* and ends a write, which would go to another's machine soon */
    instance_image_remove(task);
    return boot_clean_up_ramdisk(task, error) && boot_clean_up_instance(task, error) &&
           network_remove(task, NETWORK_PROVISIONING, error) && leave_software(task, error);
}

/* A machine with an operating system of its own on a local disk needs nothing from us. */
bool
agent_deploy_take_over(Task *task, GError **error)
{
    return task_volume_targets(task, error) != NULL &&
           (!storage_boots_from_volume(task) || boot_prepare_instance(task, error));
}

/* Who has no ramdisk may want no cleaning. */
static void
add_way_out(const Task *task, GError **error)
{
    if (!steel_error_is(*error, STEEL_ERROR_MISSING))
        return;
    g_autofree char *before = g_strdup((*error)->message);
    g_clear_error(error);
    steel_fail(error, STEEL_ERROR_MISSING,
               "%s; to switch automated cleaning off: steel node set %s --no-automated-clean",
               before, node_word(task));
}

/* The machine starts with the agent, unless that runs already. */
StepOutcome
agent_deploy_prepare_cleaning(Task *task, GError **error)
{
    bool runs = fast_track_ready(task);
    task_phase_begin(task, "add_cleaning_network", NULL);
    if (!network_add(task, NETWORK_CLEANING, error))
        return step_failed();
    if (runs)
        return step_done();
    task_phase_begin(task, "prepare_ramdisk", NULL);
    if (!boot_prepare_ramdisk(task, NULL, error)) {
        add_way_out(task, error);
        return step_failed();
    }
    task_phase_begin(task, "power_on", NULL);
    if (!power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error))
        return step_failed();
    task_phase_begin(task, "boot_ramdisk", "waiting for the agent to call");
    return step_wait(0);
}

bool
agent_deploy_tear_down_cleaning(Task *task, bool done, GError **error)
{
    bool stays = done && fast_track_ready(task);
    return (stays || power_off(task, error)) && boot_clean_up_ramdisk(task, error) &&
           network_remove(task, NETWORK_CLEANING, error) &&
           (!done || stays || leave_software(task, error));
}

static bool
start_service_ramdisk(Task *task, GError **error)
{
    if (!power_off(task, error))
        return false;
    task_phase_begin(task, "add_servicing_network", NULL);
    if (!boot_clean_up_instance(task, error) || !network_unconfigure_tenant(task, error) ||
        !network_add(task, NETWORK_SERVICING, error))
        return false;
    task_phase_begin(task, "prepare_ramdisk", NULL);
    if (!boot_prepare_ramdisk(task, NULL, error))
        return false;
    task_phase_begin(task, "power_on", NULL);
    return power_action_start(task, error);
}

StepOutcome
agent_deploy_prepare_service(Task *task, GError **error)
{
    if (!start_service_ramdisk(task, error)) {
        g_prefix_error(error, "the machine could not be started with the ramdisk: ");
        return step_failed();
    }
    task_phase_begin(task, "boot_ramdisk", "waiting for the agent to call");
    return step_wait(0);
}

static bool
start_instance_again(Task *task, GError **error)
{
    task_phase_begin(task, "switch_to_tenant_network", NULL);
    if (!network_configure_tenant(task, error))
        return false;
    task_phase_begin(task, "prepare_instance_boot", NULL);
    if (!boot_prepare_instance(task, error))
        return false;
    task_phase_begin(task, "power_on", NULL);
    return power_action_start(task, error);
}

/* It may be gone already. */
static void
lock_agent_down(Task *task)
{
    g_auto(AgentResult) written = {0}, down = {0};
    g_autoptr(GError) error = NULL;
    if (!node_agent_call(task, "standby.sync", NULL, &written, &error) ||
        !node_agent_call(task, "system.lockdown", NULL, &down, &error))
        log_info("drivers.deploy", "the agent of node %s was not locked down: %s", task->node->uuid,
                 error->message);
}

bool
agent_deploy_tear_down_service(Task *task, ServiceEnd end, GError **error)
{
    if (end == SERVICE_ENDS_FAILED)
        return boot_clean_up_ramdisk(task, error);
    if (task->node->disable_power_off)
        lock_agent_down(task);
    return power_off(task, error) && boot_clean_up_ramdisk(task, error) &&
           network_remove(task, NETWORK_SERVICING, error) &&
           (end != SERVICE_ENDS_WITH_INSTANCE || start_instance_again(task, error));
}
