/* What the management interfaces ilo and ilo5 share; the members of ManagementOps and the steps
 * have their contracts in management/management.h and step.h.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/management/management.h"

bool ilo_management_set_boot_device(Task *task, const char *device, bool persistent,
                                    GError **error);
bool ilo_management_get_boot_device(Task *task, BootDevice *device, GError **error);
bool ilo_management_set_boot_mode(Task *task, const char *mode, GError **error);
bool ilo_management_set_secure_boot(Task *task, bool on, GError **error);
bool ilo_management_get_boot_mode(Task *task, const char **mode, GError **error);
bool ilo_management_get_secure_boot(Task *task, bool *on, GError **error);
json_t *ilo_management_get_sensors(Task *task, GError **error);
bool ilo_management_inject_nmi(Task *task, GError **error);
json_t *ilo_management_get_virtual_media(Task *task, GError **error);
bool ilo_management_attach_virtual_media(Task *task, const char *device, const char *url,
                                         GError **error);
bool ilo_management_detach_virtual_media(Task *task, const char *device, GError **error);
bool ilo_management_set_iscsi_boot_target(Task *task, GError **error);
bool ilo_management_clear_iscsi_boot_target(Task *task, GError **error);

extern const char *const ilo_management_boot_modes[];
extern const StepDef ilo_management_clean_steps[], ilo5_management_clean_steps[],
    ilo_management_deploy_steps[];

/* What both tables have; boot devices and clean steps are their own. */
#define ILO_MANAGEMENT_MEMBERS                                                                     \
    .set_boot_device = ilo_management_set_boot_device,                                             \
    .get_boot_device = ilo_management_get_boot_device, .boot_modes = ilo_management_boot_modes,    \
    .set_boot_mode = ilo_management_set_boot_mode,                                                 \
    .set_secure_boot = ilo_management_set_secure_boot,                                             \
    .get_boot_mode = ilo_management_get_boot_mode,                                                 \
    .get_secure_boot = ilo_management_get_secure_boot, .inject_nmi = ilo_management_inject_nmi,    \
    .health_by_sensors = true, .get_sensors = ilo_management_get_sensors,                          \
    .get_virtual_media = ilo_management_get_virtual_media,                                         \
    .attach_virtual_media = ilo_management_attach_virtual_media,                                   \
    .detach_virtual_media = ilo_management_detach_virtual_media,                                   \
    .set_iscsi_boot_target = ilo_management_set_iscsi_boot_target,                                 \
    .clear_iscsi_boot_target = ilo_management_clear_iscsi_boot_target
