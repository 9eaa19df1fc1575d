/* How a node boots from its volume or root file system. The deploy chooses it once from the
 * capabilities and the boot volume, and keeps it in instance_info boot_option, unless an operator
 * has set that before.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"
#include "netboot/boot_record.h"

typedef enum BootOption {
#define BOOT_OPTION(code, word, capability, volume_type, tag, mode, files) BOOT_OPTION_##code,
#include "drivers/storage/boot_options.def"
#undef BOOT_OPTION
    BOOT_OPTION_COUNT
} BootOption;

typedef struct BootOptionInfo {
    const char *word, *capability;
    const char *volume_type; /* NULL: any */
    unsigned tag;            /* CAPABILITY_... of the boot interface; 0: none is needed */
    BootMode mode;           /* BOOT_MODE_COUNT: the firmware finds the volume by itself */
    bool files;              /* kernel and initramfs come from this conductor */
} BootOptionInfo;

/* Static. */
const BootOptionInfo *boot_option_info(BootOption option);

/* Finds the option, in this order: the ramdisk, if the deploy interface boots one; the root file
 * system on NFS, if instance_info nfs_root names one; the one in instance_info boot_option; the one
 * for the volume's type whose capability is true; the HBA, if hba_boot is true; the one for the
 * volume's type, which validation then refuses. BOOT_OPTION_COUNT: none fits, or there is no boot
 * volume. Reads the targets that task_volume_targets has loaded; any lock. */
BootOption boot_option_of(Task *task);

/* True if the node's instance needs no local disk: it boots from a remote volume or root file
 * system unchanged, or it is a ramdisk. Any lock; call task_volume_targets first, as for
 * storage_boots_from_volume. */
bool boot_option_is_remote(Task *task);

/* remember stores the option if none is stored (that of a ramdisk never: the deploy interface says
 * it); forget removes an option that remember stored. The
 * caller saves the node. Exclusive lock. */
void boot_option_remember(Task *task, BootOption option);
void boot_option_forget(Task *task);
