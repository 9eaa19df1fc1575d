/* Boots machines by a loader without iPXE, GRUB, which their firmware fetches by HTTP from the boot
 * server (UEFI HTTP boot); GRUB fetches its files, which pxe_files.h makes, from there as well. As
 * with pxe, such a machine reports nothing, and everybody can read what it is told.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/network_boot.h"
#include "drivers/boot/pxe_files.h"
#include "drivers/image_copies.h"
#include "drivers/task.h"

static const NetworkBoot http = {.loader = &dhcp_loader_http,
                                 .path = image_copies_path,
                                 .publish = pxe_files_publish,
                                 .withdraw = pxe_files_withdraw};

static bool
http_boot_validate(Task *task, GError **error)
{
    return network_boot_validate(task, &http, error);
}

static bool
http_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    return network_boot_prepare_ramdisk(task, &http, parameters, error);
}

static bool
http_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return network_boot_clean_up_ramdisk(task, &http, error);
}

static bool
http_boot_prepare_instance(Task *task, GError **error)
{
    return network_boot_prepare_instance(task, &http, error);
}

static bool
http_boot_clean_up_instance(Task *task, GError **error)
{
    return network_boot_clean_up_instance(task, &http, error);
}

const BootOps boot_http = {
    .interface = {.name = "http",
                  .capabilities =
                      CAPABILITY_PXE_BOOT | CAPABILITY_NFS_ROOT_BOOT | CAPABILITY_RAMDISK_BOOT,
                  .validate = http_boot_validate},
    .validate_ramdisk = network_boot_validate_ramdisk,
    .prepare_ramdisk = http_boot_prepare_ramdisk,
    .clean_up_ramdisk = http_boot_clean_up_ramdisk,
    .prepare_instance = http_boot_prepare_instance,
    .clean_up_instance = http_boot_clean_up_instance,
};
