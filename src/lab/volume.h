/* Raw disk images: the guest's boot volume, copies of it for each node, and empty local disks.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define VOLUME_SIZE ((uint64_t)64 * 1024 * 1024)

/* Makes an image that boots a kernel under BIOS (syslinux) and UEFI (GRUB): MBR with one active
 * FAT32 partition of type EFI system. No root, no loop device. Needs dosfstools, mtools, syslinux,
 * syslinux-common, grub-common and grub-efi-amd64-bin.
 *
 * work_folder   for temporary files; the caller removes it
 * arguments     the kernel's command line
 * Errors        PROCESS, TIMEOUT, IO
 */
bool volume_build(const char *path, const char *kernel, const char *initramfs,
                  const char *arguments, const char *work_folder,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Copies an image, keeping its holes. Errors: PROCESS, TIMEOUT. */
bool volume_copy(const char *from, const char *to, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a file of this size without data. Errors: IO. */
bool volume_make_empty(const char *path, uint64_t size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
