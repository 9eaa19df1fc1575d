/* Management by an iLO 5, which also boots from URLs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_management.h"
#include "drivers/ilo_node.h"

static const char *const boot_devices[] = {"pxe", "disk", "cdrom", "iscsiboot", "uefihttp", NULL};

const ManagementOps management_ilo5 = {
    .interface = {.name = "ilo5",
                  .properties = ilo_management_properties,
                  .steps = {[STEP_KIND_CLEAN] = ilo5_management_clean_steps,
                            [STEP_KIND_DEPLOY] = ilo_management_deploy_steps},
                  .validate = ilo_node_validate},
    .boot_devices = boot_devices,
    .set_boot_device = ilo_management_set_boot_device,
    .get_boot_device = ilo_management_get_boot_device,
    .boot_modes = ilo_management_boot_modes,
    .set_boot_mode = ilo_management_set_boot_mode,
    .set_secure_boot = ilo_management_set_secure_boot,
    .get_boot_mode = ilo_management_get_boot_mode,
    .get_secure_boot = ilo_management_get_secure_boot,
    .inject_nmi = ilo_management_inject_nmi,
    .health_by_sensors = true,
    .get_sensors = ilo_management_get_sensors,
    .get_virtual_media = ilo_management_get_virtual_media,
    .attach_virtual_media = ilo_management_attach_virtual_media,
    .detach_virtual_media = ilo_management_detach_virtual_media,
    .set_iscsi_boot_target = ilo_management_set_iscsi_boot_target,
    .clear_iscsi_boot_target = ilo_management_clear_iscsi_boot_target,
};
