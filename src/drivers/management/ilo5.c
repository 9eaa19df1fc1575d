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
    ILO_MANAGEMENT_MEMBERS,
};
