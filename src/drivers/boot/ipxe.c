/* Boots machines over the network by iPXE. The scripts are made when a machine asks for them (netboot/instructions.h);
 * this decides whether it is to get one: the record "boot" in driver_internal_info, without which no secret is served.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/boot.h"

#include "common/log.h"
#include "db/boot_sessions.h"
#include "drivers/management/management.h"
#include "drivers/storage/storage.h"
#include "drivers/task.h"
#include "model/capabilities.h"
#include "model/internal_info.h"
#include "model/provision_states.h"
#include "netboot/boot_record.h"

static bool
check_boot_server(const Task *task, GError **error)
{
    const char *url = task->services->boot_url;
    return (url != NULL && *url != '\0') ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "this conductor serves no boot files: set [boot_server]enabled, host_ip and "
                      "port in its configuration");
}

static bool
check_ports(Task *task, GError **error)
{
    const char *node = task->node->uuid;
    const GPtrArray *ports = task_ports(task, error);
    if (ports == NULL)
        return false;
    if (ports->len == 0)
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "the node has no port, so that its machine is not known when it boots; "
                          "create one with: steel port create <mac address> --node %s",
                          node);
    for (guint i = 0; i < ports->len; i++)
        if (((const Port *)ports->pdata[i])->pxe_enabled)
            return true;
    return steel_fail(error, STEEL_ERROR_MISSING,
                      "no port of the node has pxe_enabled; set it with: steel port set %s "
                      "--pxe-enabled",
                      ((const Port *)ports->pdata[0])->uuid);
}

static bool
validate(Task *task, GError **error)
{
    return capabilities_validate(task->node, error) && check_ports(task, error) &&
           check_boot_server(task, error) && storage_validate_boot_from_volume(task, error);
}

static bool
prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    (void)parameters;
    return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                      "node %s would have to boot a deploy ramdisk, and there is none: this "
                      "version of Steel has no agent yet",
                      task->node->uuid);
}

static bool
record_boot(Task *task, GError **error)
{
    boot_record_write(task->node, BOOT_MODE_ISCSI);
    return task_save(task, error);
}

/* Who had the script is forgotten with the record. */
static bool
forget_boot(Task *task, GError **error)
{
    if (!db_boot_session_forget(task->services->db, task->node->uuid, error))
        return false;
    return !boot_record_remove(task->node) || task_save(task, error);
}

/* A management interface that cannot set this device leaves it to whoever set up the machine's boot order. */
static bool
set_boot_device(Task *task, const char *device, GError **error)
{
    const char *const *known = task->driver.management->boot_devices;
    g_autoptr(GError) cause = NULL;
    ProvisionState state = state_from_wire(task->node->provision_state);
    if (state == STATE_ACTIVE || state == STATE_ADOPTING)
        return true; /* it was set when the node was deployed; its machine is running */
    task_phase_begin(task, "set_boot_device", device);
    if (known != NULL && !g_strv_contains(known, device))
        steel_fail(&cause, STEEL_ERROR_UNSUPPORTED, "management interface %s does not know it",
                   task->driver.management->interface.name);
    else if (management_set_boot_device(task, device, true, &cause))
        return true;
    if (!steel_error_is(cause, STEEL_ERROR_UNSUPPORTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    log_warning("drivers.boot",
                "the boot device of node %s is not set to %s, its own boot order "
                "decides: %s",
                task->node->uuid, device, cause->message);
    return true;
}

static bool
prepare_instance(Task *task, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return false; /* else the machine would start whatever its disk holds */
    if (!storage_boots_from_volume(task))
        return forget_boot(task, error) && set_boot_device(task, "disk", error);
    task_phase_begin(task, "record_boot", "the machine may fetch its boot script");
    return storage_validate_boot_from_volume(task, error) && record_boot(task, error) &&
           set_boot_device(task, "pxe", error);
}

static bool
clean_up_instance(Task *task, GError **error)
{
    return forget_boot(task, error);
}

static bool
reports_progress(Task *task)
{
    return boot_record_exists(task->node);
}

const BootOps boot_ipxe = {
    .interface = {.name = "ipxe",
                  .capabilities =
                      CAPABILITY_IPXE_BOOT | CAPABILITY_ISCSI_VOLUME_BOOT | CAPABILITY_RAMDISK_BOOT,
                  .validate = validate},
    .prepare_ramdisk = prepare_ramdisk,
    .prepare_instance = prepare_instance,
    .clean_up_instance = clean_up_instance,
    .reports_progress = reports_progress,
};
