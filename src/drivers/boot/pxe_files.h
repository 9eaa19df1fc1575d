/* Files that tell a machine without iPXE what to boot, below [pxe]tftp_root, which a TFTP server
 * hands to everybody, or below [deploy]http_root, from which the boot server does. One for each
 * card with pxe_enabled, under the names that boot loaders look for:
 *
 *     BIOS, PXELINUX  <[pxe]pxe_config_subdir>/01-52-54-00-12-34-56
 *     UEFI, GRUB      grub/grub.cfg-01-52-54-00-12-34-56 (an image that was built for /grub, as
 *                     Debian's), grub.cfg-01-52-54-00-12-34-56 (for /), and
 *                     52:54:00:12:34:56.conf (from a grub.cfg that reads $net_default_mac.conf, as
 *                     Ironic's)
 *
 * The names are noted in the node (INFO_PXE_FILES) before the files are made, so that they are
 * removed when the ports have changed meanwhile.
 *
 * With the node locked, from a worker; blocks on the disk and the database.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/boot/network_boot.h"

/* A file below tftp_root; the caller frees. */
char *pxe_files_path(const char *name);

/* Checks that files can be made there. Errors: INVALID, IO, naming the option. */
bool pxe_files_check(GError **error);

/* publish and withdraw of NetworkBoot. A file that cannot be removed is logged; one that was
 * written for another node meanwhile, which has the card now, stays. */
bool pxe_files_publish(Task *task, FilePath path, GError **error);
bool pxe_files_withdraw(Task *task, FilePath path);
