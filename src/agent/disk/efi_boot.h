/* Boot entries of UEFI firmware, as variables in efivarfs: what efibootmgr does.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/disk/table.h"

/* Makes the entry that boots a loader of a partition, first in the order. Entries with the same
 * label go.
 *
 * root    below which /sys/firmware/efi/efivars is
 * table   the partition's; GPT or MBR
 * loader  "\\EFI\\debian\\shimx64.efi"
 * Errors  IO */
bool efi_boot_add(const char *root, const Table *table, const Partition *partition,
                  const char *loader, const char *label, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The data of such a variable, without its attributes; pure. The caller frees. */
GByteArray *efi_boot_option(const Table *table, const Partition *partition, const char *loader,
                            const char *label);
