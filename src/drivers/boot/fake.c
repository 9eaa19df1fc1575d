/* A boot driver that prepares nothing. It claims what an iPXE driver can, so that nodes with
 * volumes validate, and reports progress when driver_info says so ("fake":
 * {"boot.reports_progress": {"wait": true}}).
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/boot.h"

#include "drivers/fake.h"

static bool
fake_boot_validate(Task *task, GError **error)
{
    return fake_act(task, "boot.validate", error);
}

static bool
fake_boot_validate_ramdisk(Task *task, RamdiskUse use, GError **error)
{
    (void)use;
    return fake_act(task, "boot.validate_ramdisk", error);
}

static bool
fake_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    (void)parameters;
    return fake_act(task, "boot.prepare_ramdisk", error);
}

static bool
fake_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return fake_act(task, "boot.clean_up_ramdisk", error);
}

static bool
fake_boot_prepare_instance(Task *task, GError **error)
{
    return fake_act(task, "boot.prepare_instance", error);
}

static bool
fake_boot_clean_up_instance(Task *task, GError **error)
{
    return fake_act(task, "boot.clean_up_instance", error);
}

static bool
fake_boot_reports_progress(Task *task)
{
    return fake_flag(task, "boot.reports_progress", "wait");
}

const BootOps boot_fake = {
    .interface = {.name = "fake",
                  .properties = fake_properties,
                  .capabilities =
                      CAPABILITY_IPXE_BOOT | CAPABILITY_ISCSI_VOLUME_BOOT | CAPABILITY_RAMDISK_BOOT,
                  .validate = fake_boot_validate},
    .validate_ramdisk = fake_boot_validate_ramdisk,
    .prepare_ramdisk = fake_boot_prepare_ramdisk,
    .clean_up_ramdisk = fake_boot_clean_up_ramdisk,
    .prepare_instance = fake_boot_prepare_instance,
    .clean_up_instance = fake_boot_clean_up_instance,
    .reports_progress = fake_boot_reports_progress,
};
