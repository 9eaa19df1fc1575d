/* A boot loader for an image of a root file system: the image's own GRUB installs itself, in a
 * chroot, as Ironic's agent does it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "agent/disk/table.h"
#include "agent/progress.h"

/* The partition whose filesystem has this UUID; NULL: none has. path: of the disk. Blocks on the
 * disk. */
const Partition *grub_find_root(const char *path, const Table *table, const char *root_uuid);

/* Installs the boot loader of the system in the partition `root`.
 *
 * BIOS: grub-install to the disk. UEFI (esp is not NULL): what the image has below /boot/efi goes
 * to the EFI system partition; without that, grub-install to \EFI\BOOT. Then grub-mkconfig, where
 * the image has it.
 *
 * disk    "/dev/vda"
 * Errors  IO (mounts), NOT_FOUND (the image has no GRUB), PROCESS, CANCELLED */
bool grub_install(const Agent *agent, const char *disk, const Partition *root, const Partition *esp,
                  const Progress *progress, GError **error) G_GNUC_WARN_UNUSED_RESULT;
