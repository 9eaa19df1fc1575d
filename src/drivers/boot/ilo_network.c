/* What ilo-pxe and ilo-ipxe share; the contract is in ilo_network.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/ilo_network.h"

#include "drivers/ilo_boot.h"
#include "drivers/ilo_node.h"
#include "drivers/storage/storage.h"
#include "drivers/task.h"

#include <string.h>

extern const BootOps boot_ipxe;

static bool
boots_volume_by_firmware(Task *task)
{
    return ilo_boot_has_iscsi_volume(task) && strcmp(ilo_boot_mode(task), "uefi") == 0;
}

/* PXELINUX and GRUB attach no volumes. */
static const BootOps *
ops_of(Task *task, const BootOps *base)
{
    return ilo_boot_has_iscsi_volume(task) ? &boot_ipxe : base;
}

bool
ilo_network_validate(Task *task, const BootOps *base, GError **error)
{
    if (!ilo_node_validate(task, error) || task_volume_targets(task, error) == NULL)
        return false;
    /* the firmware needs neither a boot server nor files */
    return boots_volume_by_firmware(task) ? storage_validate_boot_from_volume(task, error)
                                          : ops_of(task, base)->interface.validate(task, error);
}

bool
ilo_network_prepare_ramdisk(Task *task, const BootOps *base, const json_t *parameters,
                            GError **error)
{
    return ilo_boot_prepare_machine(task, error) && base->prepare_ramdisk(task, parameters, error);
}

bool
ilo_network_prepare_instance(Task *task, const BootOps *base, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return false;
    if (!ilo_boot_machine_runs(task) && !ilo_boot_update_mode(task, error))
        return false;
    if (!boots_volume_by_firmware(task))
        return ops_of(task, base)->prepare_instance(task, error);
    return storage_validate_boot_from_volume(task, error) &&
           ilo_boot_set_secure_boot(task, true, error) && ilo_boot_prepare_volume(task, error);
}

bool
ilo_network_clean_up_instance(Task *task, const BootOps *base, GError **error)
{
    bool had = false;
    if (!ilo_boot_clean_up_volume(task, &had, error))
        return false;
    if (had)
        return ilo_boot_set_secure_boot(task, false, error);
    return base->clean_up_instance(task, error);
}
