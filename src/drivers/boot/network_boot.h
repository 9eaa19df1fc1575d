/* What the boot interfaces ipxe, pxe, http-ipxe and http share: which ramdisk or instance a machine
 * boots over the network, its files, its record (netboot/boot_record.h), its DHCP offer and its
 * boot device. They differ in how a machine is told: by a script that the boot server makes on
 * request, or by files for a TFTP server.
 *
 * The functions are those of BootOps (boot.h), whose contracts they have.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/boot/boot.h"
#include "drivers/boot/dhcp.h"

/* Where a file for machines belongs, by its name below the server's root. The caller frees. */
typedef char *(*FilePath)(const char *name);

/* How a boot interface tells a machine. Constant. */
typedef struct NetworkBoot {
    const DhcpLoader *loader; /* what DHCP names */

    FilePath path;

    /* Makes the files that tell the machine what the node's record says, or, without a record, to
     * boot from its disk. Notes in the node what it makes; saves it. NULL: the boot server tells
     * it. Errors: INVALID, IO, DATABASE */
    bool (*publish)(Task *task, FilePath path, GError **error);

    /* Removes these files. Returns true if the node has changed: the caller saves it. NULL: nothing
     * to remove. */
    bool (*withdraw)(Task *task, FilePath path);
} NetworkBoot;

bool network_boot_validate(Task *task, const NetworkBoot *how, GError **error);
bool network_boot_validate_ramdisk(Task *task, RamdiskUse use, GError **error);
bool network_boot_prepare_ramdisk(Task *task, const NetworkBoot *how, const json_t *parameters,
                                  GError **error);
bool network_boot_clean_up_ramdisk(Task *task, const NetworkBoot *how, GError **error);
bool network_boot_prepare_instance(Task *task, const NetworkBoot *how, GError **error);
bool network_boot_clean_up_instance(Task *task, const NetworkBoot *how, GError **error);
