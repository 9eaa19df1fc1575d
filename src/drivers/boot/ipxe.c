/* Boots machines over the network by iPXE. The scripts are made when a machine asks for them
 * (netboot/instructions.h); this driver decides whether it gets one: it writes the record "boot" in
 * driver_internal_info, without which no secret is served.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/network_boot.h"
#include "drivers/image_copies.h"
#include "drivers/task.h"
#include "netboot/boot_record.h"

static const NetworkBoot ipxe = {.loader = &dhcp_loader_ipxe, .path = image_copies_path};

static bool
ipxe_boot_validate(Task *task, GError **error)
{
    return network_boot_validate(task, &ipxe, error);
}

static bool
ipxe_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    return network_boot_prepare_ramdisk(task, &ipxe, parameters, error);
}

static bool
ipxe_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return network_boot_clean_up_ramdisk(task, &ipxe, error);
}

static bool
ipxe_boot_prepare_instance(Task *task, GError **error)
{
    return network_boot_prepare_instance(task, &ipxe, error);
}

static bool
ipxe_boot_clean_up_instance(Task *task, GError **error)
{
    return network_boot_clean_up_instance(task, &ipxe, error);
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
    .carries_token = true,
    .boots_iso = true,
    .validate_ramdisk = network_boot_validate_ramdisk,
    .prepare_ramdisk = ipxe_boot_prepare_ramdisk,
    .clean_up_ramdisk = ipxe_boot_clean_up_ramdisk,
    .prepare_instance = ipxe_boot_prepare_instance,
    .clean_up_instance = ipxe_boot_clean_up_instance,
    .reports_progress = ipxe_boot_reports_progress,
};
