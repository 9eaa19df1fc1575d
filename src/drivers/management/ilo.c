/* Management by an iLO 4 or iLO 5.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_management.h"
#include "drivers/ilo_node.h"

static const char *const boot_devices[] = {"pxe", "disk", "cdrom", "iscsiboot", NULL};

const ManagementOps management_ilo = {
    .interface = {.name = "ilo",
                  .properties = ilo_management_properties,
                  .steps = {[STEP_KIND_CLEAN] = ilo_management_clean_steps,
                            [STEP_KIND_DEPLOY] = ilo_management_deploy_steps},
                  .validate = ilo_node_validate},
    .boot_devices = boot_devices,
    ILO_MANAGEMENT_MEMBERS,
};
