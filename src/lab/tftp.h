/* The network boot loaders that a lab offers over TFTP (package ipxe).
 *
 * UEFI firmware of Debian 13 does not start the iPXE in the network card's ROM: it loads a file
 * over its own PXE. QEMU's user network names one file to everybody, the firmware and iPXE alike.
 * So it names iPXE, and iPXE takes what to do next from autoexec.ipxe beside it. The iPXE of Debian
 * 12 does not look for that file, and its firmware starts the ROM.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* In the lab's folder. */
#define TFTP_FOLDER "tftp"
#define TFTP_UEFI_LOADER "snponly.efi"

/* Whether UEFI machines in QEMU's user network need iPXE over TFTP. Reads the installed iPXE. */
bool tftp_serves_uefi(void);

/* Makes the folder with the loaders of BIOS and UEFI.
 * boot_url  what autoexec.ipxe leads to; NULL: no such file */
bool tftp_folder_make(const char *lab_folder, const char *boot_url, GError **error);
