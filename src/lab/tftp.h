/* The network boot loaders that a lab offers over TFTP (package ipxe).
 *
 * UEFI firmware of Debian 13 does not start the iPXE in the network card's ROM: it loads a file
 * over its own PXE. QEMU's user network names the same file to the firmware and to iPXE. So it
 * names iPXE, which then reads its next step from autoexec.ipxe in the same folder. The iPXE of
 * Debian 12 does not look for that file, and its firmware starts the ROM.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* In the lab's folder. */
#define TFTP_FOLDER "tftp"
#define TFTP_UEFI_LOADER "snponly.efi"

/* True if UEFI machines in QEMU's user network need iPXE over TFTP. Reads the installed iPXE. */
bool tftp_serves_uefi(void);

/* Makes the folder with the loaders of BIOS and UEFI.
 * boot_url  the URL in autoexec.ipxe; NULL: no such file */
bool tftp_folder_make(const char *lab_folder, const char *boot_url, GError **error);
