/* Boots machines with an iLO over the network by ipxe, and volumes by their firmware.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/ilo_network.h"
#include "drivers/boot/network_boot.h"
#include "drivers/ilo_node.h"
#include "netboot/boot_record.h"

extern const BootOps boot_ipxe;

static bool
ilo_ipxe_boot_validate(Task *task, GError **error)
{
    return ilo_network_validate(task, &boot_ipxe, error);
}

static bool
ilo_ipxe_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    return ilo_network_prepare_ramdisk(task, &boot_ipxe, parameters, error);
}

static bool
ilo_ipxe_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return boot_ipxe.clean_up_ramdisk(task, error);
}

static bool
ilo_ipxe_boot_prepare_instance(Task *task, GError **error)
{
    return ilo_network_prepare_instance(task, &boot_ipxe, error);
}

static bool
ilo_ipxe_boot_clean_up_instance(Task *task, GError **error)
{
    return ilo_network_clean_up_instance(task, &boot_ipxe, error);
}

static bool
ilo_ipxe_boot_reports_progress(Task *task)
{
    return boot_record_reports(task->node);
}

const BootOps boot_ilo_ipxe = {
    .interface = {.name = "ilo-ipxe",
                  .properties = ilo_node_properties,
                  .capabilities = CAPABILITY_IPXE_BOOT | CAPABILITY_ISCSI_VOLUME_BOOT |
                                  CAPABILITY_FC_VOLUME_BOOT | CAPABILITY_NFS_ROOT_BOOT |
                                  CAPABILITY_RAMDISK_BOOT,
                  .validate = ilo_ipxe_boot_validate},
    .carries_token = true,
    .boots_iso = true,
    .validate_ramdisk = network_boot_validate_ramdisk,
    .prepare_ramdisk = ilo_ipxe_boot_prepare_ramdisk,
    .clean_up_ramdisk = ilo_ipxe_boot_clean_up_ramdisk,
    .prepare_instance = ilo_ipxe_boot_prepare_instance,
    .clean_up_instance = ilo_ipxe_boot_clean_up_instance,
    .reports_progress = ilo_ipxe_boot_reports_progress,
};
