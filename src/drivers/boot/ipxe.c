/* Boots machines over the network by iPXE. The scripts are made when a machine asks for them
 * (netboot/instructions.h); this driver decides whether it gets one: it writes the record "boot" in
 * driver_internal_info, without which no secret is served.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/boot.h"

#include "common/json_text.h"
#include "common/log.h"
#include "db/boot_sessions.h"
#include "drivers/boot/dhcp.h"
#include "drivers/boot/instance_files.h"
#include "drivers/boot/ramdisk_source.h"
#include "drivers/image_copies.h"
#include "drivers/management/management.h"
#include "drivers/storage/boot_option.h"
#include "drivers/storage/storage.h"
#include "drivers/storage/volume_image.h"
#include "drivers/task.h"
#include "model/capabilities.h"
#include "model/internal_info.h"
#include "model/provision_states.h"
#include "netboot/boot_record.h"
#include "netboot/ramdisk_boot.h"

#include <unistd.h>

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

/* A node with an image needs an agent to write it. */
static bool
check_ramdisk(Task *task, GError **error)
{
    RamdiskSource source;
    bool image = !json_is_nothing(json_object_get(task->node->instance_info, "image_source"));
    return !image || ramdisk_source_find(task, RAMDISK_FOR_AGENT, &source, error);
}

static bool
ipxe_boot_validate_ramdisk(Task *task, RamdiskUse use, GError **error)
{
    RamdiskSource source;
    return ramdisk_source_find(task, use, &source, error);
}

static bool
ipxe_boot_validate(Task *task, GError **error)
{
    return capabilities_validate(task->node, error) && check_ports(task, error) &&
           check_boot_server(task, error) && boot_dhcp_check(error) && check_ramdisk(task, error) &&
           storage_validate_boot_from_volume(task, error);
}

/* The agent's kernel arguments: the service's URL, and those of the caller. */
static json_t *
agent_parameters(const json_t *parameters)
{
    g_autofree char *url = ramdisk_api_url();
    json_t *all = json_pack("{s:s}", "ipa-api-url", url);
    if (parameters != NULL)
        json_object_update(all, (json_t *)(uintptr_t)parameters);
    return all;
}

static bool
place_files(Task *task, GError **error)
{
    RamdiskSource source;
    g_autofree char *kernel_name = ramdisk_boot_kernel(task->node->uuid),
                    *initramfs_name = ramdisk_boot_initramfs(task->node->uuid);
    g_autofree char *kernel = image_copies_path(kernel_name),
                    *initramfs = image_copies_path(initramfs_name);
    g_auto(CachedImage) first = {0}, second = {0};
    return ramdisk_source_find(task, ramdisk_use_of(task->node), &source, error) &&
           image_copies_put(source.kernel, kernel, &first, error) &&
           image_copies_put(source.initramfs, initramfs, &second, error);
}

static bool set_boot_device(Task *task, const char *device, bool persistent, GError **error);

static bool
ipxe_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    json_auto_t *all = agent_parameters(parameters);
    if (!place_files(task, error))
        return false;
    boot_record_write_ramdisk(task->node, all);
    return task_save(task, error) && boot_dhcp_offer(task, error) &&
           set_boot_device(task, "pxe", false, error);
}

static void
remove_files(const Task *task)
{
    g_autofree char *kernel_name = ramdisk_boot_kernel(task->node->uuid),
                    *initramfs_name = ramdisk_boot_initramfs(task->node->uuid);
    g_autofree char *kernel = image_copies_path(kernel_name),
                    *initramfs = image_copies_path(initramfs_name);
    g_autofree char *folder = image_copies_path(task->node->uuid);
    image_copies_remove(kernel);
    image_copies_remove(initramfs);
    (void)rmdir(folder); /* it may hold another file of the node */
}

static bool
record_boot(Task *task, BootMode mode, GError **error)
{
    boot_record_write(task->node, mode);
    return task_save(task, error);
}

/* Forgets the record, the machine that had the script, and the DHCP offer. */
static bool
forget_boot(Task *task, GError **error)
{
    if (!db_boot_session_forget(task->services->db, task->node->uuid, error))
        return false;
    bool changed = boot_record_remove(task->node);
    changed = boot_dhcp_withdraw(task) || changed;
    return !changed || task_save(task, error);
}

/* The record of an instance's volume stays. */
static bool
ipxe_boot_clean_up_ramdisk(Task *task, GError **error)
{
    remove_files(task);
    return !boot_record_is(task->node, BOOT_MODE_RAMDISK) || forget_boot(task, error);
}

/* If the management interface cannot set this device, the machine keeps its own boot order. */
static bool
set_boot_device(Task *task, const char *device, bool persistent, GError **error)
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
    else if (management_set_boot_device(task, device, persistent, &cause))
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

/* Either the firmware sees the volume as a disk of its HBA, or the boot server tells the machine
 * where its volume or its kernel is. */
static bool
prepare_remote_boot(Task *task, GError **error)
{
    BootOption option = boot_option_of(task);
    BootMode mode = boot_option_info(option)->mode;
    boot_option_remember(task, option);
    if (mode == BOOT_MODE_COUNT)
        return task_save(task, error) && forget_boot(task, error) &&
               set_boot_device(task, "disk", true, error);
    if (boot_option_info(option)->files) {
        task_phase_begin(task, "copy_kernel", NULL);
        if (!instance_files_put(task, error))
            return false;
    }
    task_phase_begin(task, "record_boot", "the machine may fetch its boot script");
    return record_boot(task, mode, error) && boot_dhcp_offer(task, error) &&
           set_boot_device(task, "pxe", true, error);
}

static bool
ipxe_boot_prepare_instance(Task *task, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return false; /* without them the machine would start the system on its disk */
    if (volume_image_wanted(task->node) && storage_boot_target(task) != NULL)
        boot_option_remember(task, BOOT_OPTION_HBA);
    if (!boot_option_is_remote(task))
        return forget_boot(task, error) && set_boot_device(task, "disk", true, error);
    return storage_validate_boot_from_volume(task, error) && prepare_remote_boot(task, error);
}

static bool
ipxe_boot_clean_up_instance(Task *task, GError **error)
{
    boot_option_forget(task);
    instance_files_remove(task);
    return task_save(task, error) && forget_boot(task, error);
}

static bool
ipxe_boot_reports_progress(Task *task)
{
    return boot_record_reports(task->node);
}

const BootOps boot_ipxe = {
    .interface = {.name = "ipxe",
                  .capabilities = CAPABILITY_IPXE_BOOT | CAPABILITY_ISCSI_VOLUME_BOOT |
                                  CAPABILITY_FC_VOLUME_BOOT | CAPABILITY_NFS_ROOT_BOOT |
                                  CAPABILITY_RAMDISK_BOOT,
                  .validate = ipxe_boot_validate},
    .validate_ramdisk = ipxe_boot_validate_ramdisk,
    .prepare_ramdisk = ipxe_boot_prepare_ramdisk,
    .clean_up_ramdisk = ipxe_boot_clean_up_ramdisk,
    .prepare_instance = ipxe_boot_prepare_instance,
    .clean_up_instance = ipxe_boot_clean_up_instance,
    .reports_progress = ipxe_boot_reports_progress,
};
