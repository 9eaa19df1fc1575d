/* What ipxe, pxe, http-ipxe and http share; the contract is in network_boot.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/network_boot.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "db/boot_sessions.h"
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

#include <string.h>
#include <unistd.h>

/* ---- validation ---- */

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

bool
network_boot_validate_ramdisk(Task *task, RamdiskUse use, GError **error)
{
    RamdiskSource source;
    return ramdisk_source_find(task, use, &source, error);
}

static bool
check_boot_server(const Task *task, GError **error)
{
    const char *url = task->services->boot_url;
    return (url != NULL && *url != '\0') ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "this conductor serves no boot files: set [boot_server]enabled, host_ip and "
                      "port in its configuration");
}

/* BIOS firmware has no HTTP client. */
static bool
check_mode(const Task *task, GError **error)
{
    const char *standard = config_string(config_current(), OPT_DEPLOY_DEFAULT_BOOT_MODE);
    return strcmp(capability_boot_mode(task->node, standard), "uefi") == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "boot interface %s needs a machine in UEFI boot mode; set the node's "
                      "capability boot_mode to uefi, or its boot interface to ipxe or pxe",
                      task->driver.boot->interface.name);
}

bool
network_boot_validate(Task *task, const NetworkBoot *how, GError **error)
{
    const DhcpLoader *loader = how->loader;
    if ((loader->script || loader->http) && !check_boot_server(task, error))
        return false;
    if (loader->http && !check_mode(task, error))
        return false;
    return capabilities_validate(task->node, error) && check_ports(task, error) &&
           boot_dhcp_check(how->loader, error) && check_ramdisk(task, error) &&
           storage_validate_boot_from_volume(task, error);
}

/* ---- the ramdisk's files ---- */

static bool
place_files(Task *task, const NetworkBoot *how, GError **error)
{
    RamdiskSource source;
    g_autofree char *kernel_name = ramdisk_boot_kernel(task->node->uuid),
                    *initramfs_name = ramdisk_boot_initramfs(task->node->uuid);
    g_autofree char *kernel = how->path(kernel_name), *initramfs = how->path(initramfs_name);
    const Openstack *openstack = task->services->openstack;
    g_auto(CachedImage) first = {0}, second = {0};
    return ramdisk_source_find(task, ramdisk_use_of(task->node), &source, error) &&
           image_copies_put(openstack, source.kernel, kernel, &first, error) &&
           image_copies_put(openstack, source.initramfs, initramfs, &second, error);
}

static void
remove_files(const Task *task, const NetworkBoot *how)
{
    g_autofree char *kernel_name = ramdisk_boot_kernel(task->node->uuid),
                    *initramfs_name = ramdisk_boot_initramfs(task->node->uuid);
    g_autofree char *kernel = how->path(kernel_name), *initramfs = how->path(initramfs_name);
    g_autofree char *folder = how->path(task->node->uuid);
    image_copies_remove(kernel);
    image_copies_remove(initramfs);
    (void)rmdir(folder); /* it may hold another file of the node */
}

/* ---- what the machine is told ---- */

/* The agent's kernel arguments: the service's URL, whose request it is (the agent names it in all
 * of its own), and those of the caller. */
static json_t *
agent_parameters(const Task *task, const json_t *parameters)
{
    const char *request =
        task->global_request_id != NULL ? task->global_request_id : task->request_id;
    g_autofree char *url = ramdisk_api_url();
    json_t *all = json_pack("{s:s, s:s*}", "ipa-api-url", url, "ipa-global-request-id", request);
    if (parameters != NULL)
        json_object_update(all, (json_t *)(uintptr_t)parameters);
    return all;
}

static bool
try_device(Task *task, const char *device, bool persistent, GError **error)
{
    const char *const *known = task->driver.management->boot_devices;
    task_phase_begin(task, "set_boot_device", device);
    if (known != NULL && !g_strv_contains(known, device))
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "management interface %s does not know it",
                          task->driver.management->interface.name);
    return management_set_boot_device(task, device, persistent, error);
}

/* If the management interface cannot set this device, the machine keeps its own boot order. */
static bool
set_boot_device(Task *task, const char *device, bool persistent, GError **error)
{
    g_autoptr(GError) cause = NULL;
    ProvisionState state = state_from_wire(task->node->provision_state);
    if (state == STATE_ACTIVE || state == STATE_ADOPTING)
        return true; /* it was set when the node was deployed; its machine is running */
    if (try_device(task, device, persistent, &cause))
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

/* For a BMC that does not know HTTP boot, it is one of the ways to boot over the network. */
static bool
set_network_device(Task *task, const NetworkBoot *how, bool persistent, GError **error)
{
    const char *const *known = task->driver.management->boot_devices;
    bool http = how->loader->http && known != NULL && g_strv_contains(known, "uefihttp");
    return set_boot_device(task, http ? "uefihttp" : "pxe", persistent, error);
}

/* The record is there: files are made from it, and DHCP names the loader. */
static bool
offer(Task *task, const NetworkBoot *how, GError **error)
{
    if (how->publish != NULL && boot_record_exists(task->node))
        boot_record_set_by_files(task->node);
    return task_save(task, error) &&
           (how->publish == NULL || how->publish(task, how->path, error)) &&
           boot_dhcp_offer(task, how->loader, error);
}

/* Forgets the record, the machine that had the script, the files and the DHCP offer. */
static bool
forget(Task *task, const NetworkBoot *how, GError **error)
{
    if (!db_boot_session_forget(task->services->db, task->node->uuid, error))
        return false;
    bool changed = boot_record_remove(task->node);
    changed = boot_dhcp_withdraw(task) || changed;
    changed = (how->withdraw != NULL && how->withdraw(task, how->path)) || changed;
    return !changed || task_save(task, error);
}

/* ---- the ramdisk ---- */

bool
network_boot_prepare_ramdisk(Task *task, const NetworkBoot *how, const json_t *parameters,
                             GError **error)
{
    json_auto_t *all = agent_parameters(task, parameters);
    if (!place_files(task, how, error))
        return false;
    boot_record_write_ramdisk(task->node, all);
    return offer(task, how, error) && set_network_device(task, how, false, error);
}

/* The record of an instance's volume stays. */
bool
network_boot_clean_up_ramdisk(Task *task, const NetworkBoot *how, GError **error)
{
    remove_files(task, how);
    return !boot_record_is(task->node, BOOT_MODE_RAMDISK) || forget(task, how, error);
}

/* ---- the instance ---- */

/* The machine starts from a disk of its own, or one that its firmware finds. A machine whose BMC
 * cannot set that may be told so over the network. */
static bool
prepare_disk(Task *task, const NetworkBoot *how, GError **error)
{
    bool told =
        how->publish != NULL && config_boolean(config_current(), OPT_PXE_ENABLE_NETBOOT_FALLBACK);
    return forget(task, how, error) && (!told || offer(task, how, error)) &&
           set_boot_device(task, "disk", true, error);
}

/* Either the firmware sees the volume as a disk of its HBA, or the machine is told where its volume
 * or its kernel is. */
static bool
prepare_remote(Task *task, const NetworkBoot *how, GError **error)
{
    BootOption option = boot_option_of(task);
    BootMode mode = instance_files_are_iso(task) ? BOOT_MODE_ISO : boot_option_info(option)->mode;
    boot_option_remember(task, option);
    if (mode == BOOT_MODE_COUNT)
        return task_save(task, error) && prepare_disk(task, how, error);
    if (boot_option_info(option)->files) {
        task_phase_begin(task, mode == BOOT_MODE_ISO ? "copy_iso" : "copy_kernel", NULL);
        if (!instance_files_put(task, how->path, error))
            return false;
    }
    task_phase_begin(task, "record_boot", "the machine may fetch what it boots");
    boot_record_write(task->node, mode);
    return offer(task, how, error) && set_network_device(task, how, true, error);
}

bool
network_boot_prepare_instance(Task *task, const NetworkBoot *how, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return false; /* without them the machine would start the system on its disk */
    if (volume_image_wanted(task->node) && storage_boot_target(task) != NULL)
        boot_option_remember(task, BOOT_OPTION_HBA);
    if (!boot_option_is_remote(task))
        return prepare_disk(task, how, error);
    return storage_validate_boot_from_volume(task, error) && prepare_remote(task, how, error);
}

bool
network_boot_clean_up_instance(Task *task, const NetworkBoot *how, GError **error)
{
    boot_option_forget(task);
    instance_files_remove(task, how->path);
    return task_save(task, error) && forget(task, how, error);
}
