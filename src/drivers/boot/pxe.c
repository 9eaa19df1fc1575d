/* Boots machines over the network whose firmware has no iPXE, and that are to get none: PXELINUX
 * (BIOS) or GRUB (UEFI) and their files come by TFTP (pxe_files.h). Such a machine reports nothing,
 * and everybody can read what it is told: the agent gets its token by its lookup.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/network_boot.h"
#include "drivers/boot/pxe_files.h"
#include "drivers/task.h"

static const NetworkBoot pxe = {.loader = &dhcp_loader_pxe,
                                .path = pxe_files_path,
                                .publish = pxe_files_publish,
                                .withdraw = pxe_files_withdraw};

static bool
pxe_boot_validate(Task *task, GError **error)
{
    return pxe_files_check(error) && network_boot_validate(task, &pxe, error);
}

static bool
pxe_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    return network_boot_prepare_ramdisk(task, &pxe, parameters, error);
}

static bool
pxe_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return network_boot_clean_up_ramdisk(task, &pxe, error);
}

static bool
pxe_boot_prepare_instance(Task *task, GError **error)
{
    return network_boot_prepare_instance(task, &pxe, error);
}

static bool
pxe_boot_clean_up_instance(Task *task, GError **error)
{
    return network_boot_clean_up_instance(task, &pxe, error);
}

const BootOps boot_pxe = {
    .interface = {.name = "pxe",
                  .capabilities =
                      CAPABILITY_PXE_BOOT | CAPABILITY_NFS_ROOT_BOOT | CAPABILITY_RAMDISK_BOOT,
                  .validate = pxe_boot_validate},
    .validate_ramdisk = network_boot_validate_ramdisk,
    .prepare_ramdisk = pxe_boot_prepare_ramdisk,
    .clean_up_ramdisk = pxe_boot_clean_up_ramdisk,
    .prepare_instance = pxe_boot_prepare_instance,
    .clean_up_instance = pxe_boot_clean_up_instance,
};
