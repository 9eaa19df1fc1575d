/* iPXE's error numbers; the contract is in ipxe_errno.h.
 *
 * A number is made of: bits 30-24 kind of error, 23-13 the source file that found it, 12-8 which of
 * several places in that file, 7-0 the firmware's own code (iPXE, include/errno.h and
 * include/ipxe/errfile.h). File and place are checked only where a row has them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/ipxe_errno.h"

#include <stddef.h>

enum { FILE_ANY = 0, FILE_TCP = 0x0a6, FILE_ISCSI = 0x0d6, FILE_DNS = 0x116, FILE_SCSI = 0x704 };
enum { FILE_EFI_BLOCK = 0x222, FILE_INT13 = 0x852 };
enum { PLACE_ANY = 0 };

typedef struct Row {
    uint8_t kind;
    uint16_t file; /* bits 23-12; the lowest belongs to the place and is clear in these files */
    uint8_t place;
    const char *words;
} Row;

/* clang-format off */
static const Row rows[] = {
    {0x41, FILE_ISCSI, 1, "the target refused the CHAP login: check auth_username and auth_password"},
    {0x41, FILE_ISCSI, 2, "the target does not admit this initiator: check the volume connector and the target's access list"},
    {0x2c, FILE_ISCSI, PLACE_ANY, "the target has no volume of this name: check target_iqn"},
    {0x43, FILE_ISCSI, 6, "the target rejected the login parameters: it may want CHAP, or another auth_method"},
    {0x43, FILE_ISCSI, PLACE_ANY, "the target's login answer was not understood"},
    {0x02, FILE_ISCSI, PLACE_ANY, "the target failed to prove itself by mutual CHAP"},
    {0x1c, FILE_ISCSI, 2, "CHAP name and secret do not come together"},
    {0x1c, FILE_ISCSI, 5, "the machine has no initiator name: create a volume connector of type iqn"},
    {0x1d, FILE_ISCSI, 1, "the target is not operational at present"},
    {0x1d, FILE_ISCSI, 2, "the target is out of resources"},
    {0x1d, FILE_ISCSI, PLACE_ANY, "the target answered with an error"},
    {0x3c, FILE_ISCSI, PLACE_ANY, "the target answered with a status that iPXE does not know"},
    {0x1d, FILE_SCSI, PLACE_ANY, "the target refused access to the logical unit: check target_lun"},
    {0x0e, FILE_ANY, PLACE_ANY, "the connection was refused: nothing listens on that address and port; check target_portal"},
    {0x0f, FILE_ANY, PLACE_ANY, "the connection was reset: nothing listens on that address and port, or the target closed it; check target_portal"},
    {0x4c, FILE_ANY, PLACE_ANY, "no answer in time: check target_portal and the network between machine and target"},
    {0x28, FILE_ANY, PLACE_ANY, "the machine has no route to the target: check target_portal and DHCP's router"},
    {0x17, FILE_ANY, PLACE_ANY, "the target's address cannot be reached: check target_portal"},
    {0x3e, FILE_DNS, PLACE_ANY, "the host name in target_portal is not known to the machine's DNS server"},
    {0x3e, FILE_ANY, PLACE_ANY, "no such device or name: check the host name in target_portal"},
    {0x2e, FILE_INT13, PLACE_ANY, "the volume has no BIOS boot sector: it holds no system, or one for UEFI only"},
    {0x1d, FILE_INT13, PLACE_ANY, "the volume has no BIOS boot sector that starts: it holds no system, or one for UEFI only"},
    {0x3c, FILE_INT13, PLACE_ANY, "the volume does not boot under BIOS"},
    {0x34, FILE_INT13, PLACE_ANY, "the iBFT has no room for the volumes"},
    {0x7f, FILE_EFI_BLOCK, PLACE_ANY, "the volume has no UEFI boot loader that starts: it holds no system, or one for BIOS only"},
    {0x2d, FILE_EFI_BLOCK, PLACE_ANY, "the volume has no UEFI boot loader: it holds no system, or one for BIOS only"},
    {0x03, FILE_ANY, PLACE_ANY, "the drive number is in use"},
    {0x31, FILE_ANY, PLACE_ANY, "the machine's firmware is out of memory"},
};
/* clang-format on */

const char *
ipxe_errno_words(uint32_t number)
{
    uint8_t kind = (number >> 24) & 0x7f;
    uint16_t file = (number >> 12) & 0xffe;
    uint8_t place = (number >> 8) & 0x1f;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].kind == kind && (rows[i].file == FILE_ANY || rows[i].file == file) &&
            (rows[i].place == PLACE_ANY || rows[i].place == place))
            return rows[i].words;
    return NULL;
}
