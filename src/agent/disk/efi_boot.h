/* Boot entries of UEFI firmware, as variables in efivarfs; does the work of efibootmgr. Source:
 * UEFI specification 2.10, 3.1.3 and 10.3.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/disk/table.h"

/* Adds an entry that boots a loader from a partition, and puts it first in the boot order. Removes
 * entries with the same label.
 *
 * root    the folder that holds /sys/firmware/efi/efivars
 * table   the partition's table; GPT or MBR
 * loader  "\\EFI\\debian\\shimx64.efi"
 * Errors  IO */
bool efi_boot_add(const char *root, const Table *table, const Partition *partition,
                  const char *loader, const char *label, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The data of an entry's variable, without its attributes; the caller frees. Pure. */
GByteArray *efi_boot_option(const Table *table, const Partition *partition, const char *loader,
                            const char *label);
