/* In which way a node boots from its volume: chosen once when it is deployed, from its capabilities
 * and its boot volume, and kept in instance_info boot_option, where an operator may have written
 * another one before.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"
#include "netboot/boot_record.h"

typedef enum BootOption {
#define BOOT_OPTION(code, word, capability, volume_type, tag, mode) BOOT_OPTION_##code,
#include "drivers/storage/boot_options.def"
#undef BOOT_OPTION
    BOOT_OPTION_COUNT
} BootOption;

typedef struct BootOptionInfo {
    const char *word, *capability;
    const char *volume_type; /* NULL: any */
    unsigned tag;            /* CAPABILITY_... of the boot interface; 0: none is needed */
    BootMode mode;           /* BOOT_MODE_COUNT: the firmware finds the volume by itself */
} BootOptionInfo;

/* Static. */
const BootOptionInfo *boot_option_info(BootOption option);

/* The way that instance_info names; else the one that the volume's type and a true capability name;
 * else by the HBA, where hba_boot is true; else the one of the volume's type, which validation
 * refuses for its capability. BOOT_OPTION_COUNT: none fits, or there is no boot volume. Reads the
 * targets that task_volume_targets has loaded; any lock. */
BootOption boot_option_of(Task *task);

/* Writes the way down if nobody has yet; forget takes back what remember wrote. Nothing is saved.
 * Exclusive lock. */
void boot_option_remember(Task *task, BootOption option);
void boot_option_forget(Task *task);
