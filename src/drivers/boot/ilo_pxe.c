/* Boots machines with an iLO over the network by pxe, and volumes by their firmware.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/ilo_network.h"
#include "drivers/boot/network_boot.h"
#include "drivers/ilo_node.h"
#include "netboot/boot_record.h"

extern const BootOps boot_pxe;

static bool
ilo_pxe_boot_validate(Task *task, GError **error)
{
    return ilo_network_validate(task, &boot_pxe, error);
}

static bool
ilo_pxe_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    return ilo_network_prepare_ramdisk(task, &boot_pxe, parameters, error);
}

static bool
ilo_pxe_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return boot_pxe.clean_up_ramdisk(task, error);
}

static bool
ilo_pxe_boot_prepare_instance(Task *task, GError **error)
{
    return ilo_network_prepare_instance(task, &boot_pxe, error);
}

static bool
ilo_pxe_boot_clean_up_instance(Task *task, GError **error)
{
    return ilo_network_clean_up_instance(task, &boot_pxe, error);
}

static bool
ilo_pxe_boot_reports_progress(Task *task)
{
    return boot_record_reports(task->node);
}

const BootOps boot_ilo_pxe = {
    .interface = {.name = "ilo-pxe",
                  .properties = ilo_node_properties,
                  .capabilities = CAPABILITY_PXE_BOOT | CAPABILITY_ISCSI_VOLUME_BOOT |
                                  CAPABILITY_NFS_ROOT_BOOT | CAPABILITY_RAMDISK_BOOT,
                  .validate = ilo_pxe_boot_validate},
    .validate_ramdisk = network_boot_validate_ramdisk,
    .prepare_ramdisk = ilo_pxe_boot_prepare_ramdisk,
    .clean_up_ramdisk = ilo_pxe_boot_clean_up_ramdisk,
    .prepare_instance = ilo_pxe_boot_prepare_instance,
    .clean_up_instance = ilo_pxe_boot_clean_up_instance,
    .reports_progress = ilo_pxe_boot_reports_progress,
};
