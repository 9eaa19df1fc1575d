/* Boots machines over the network by iPXE, which their firmware fetches by HTTP from the boot
 * server (UEFI HTTP boot) instead of by TFTP; then all is as with ipxe.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/network_boot.h"
#include "drivers/image_copies.h"
#include "drivers/task.h"
#include "netboot/boot_record.h"

static const NetworkBoot http_ipxe = {.loader = &dhcp_loader_http_ipxe, .path = image_copies_path};

static bool
http_ipxe_boot_validate(Task *task, GError **error)
{
    return network_boot_validate(task, &http_ipxe, error);
}

static bool
http_ipxe_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    return network_boot_prepare_ramdisk(task, &http_ipxe, parameters, error);
}

static bool
http_ipxe_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return network_boot_clean_up_ramdisk(task, &http_ipxe, error);
}

static bool
http_ipxe_boot_prepare_instance(Task *task, GError **error)
{
    return network_boot_prepare_instance(task, &http_ipxe, error);
}

static bool
http_ipxe_boot_clean_up_instance(Task *task, GError **error)
{
    return network_boot_clean_up_instance(task, &http_ipxe, error);
}

static bool
http_ipxe_boot_reports_progress(Task *task)
{
    return boot_record_reports(task->node);
}

const BootOps boot_http_ipxe = {
    .interface = {.name = "http-ipxe",
                  .capabilities = CAPABILITY_IPXE_BOOT | CAPABILITY_ISCSI_VOLUME_BOOT |
                                  CAPABILITY_FC_VOLUME_BOOT | CAPABILITY_NFS_ROOT_BOOT |
                                  CAPABILITY_RAMDISK_BOOT,
                  .validate = http_ipxe_boot_validate},
    .carries_token = true,
    .boots_iso = true,
    .validate_ramdisk = network_boot_validate_ramdisk,
    .prepare_ramdisk = http_ipxe_boot_prepare_ramdisk,
    .clean_up_ramdisk = http_ipxe_boot_clean_up_ramdisk,
    .prepare_instance = http_ipxe_boot_prepare_instance,
    .clean_up_instance = http_ipxe_boot_clean_up_instance,
    .reports_progress = http_ipxe_boot_reports_progress,
};
