/* ATA commands through SCSI, as SAT has them; the contract is in ata_security.h.
 * Source: SAT-3, 12.2.2 ATA PASS-THROUGH (16). SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/ata_security.h"

#include <fcntl.h>
#include <scsi/sg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    PASS_THROUGH = 0x85,
    PROTOCOL_NO_DATA = 3 << 1,
    PROTOCOL_FROM_DISK = 4 << 1,
    PROTOCOL_TO_DISK = 5 << 1,
    /* the length is that of the sector count, in blocks; and the way it goes */
    LENGTH_OF_COUNT = 2 | 1 << 2,
    FROM_DISK = 1 << 3,
    AT_COUNT = 6,
    AT_COMMAND = 14,
    COMMAND_SIZE = 16,
};

static bool
give_command(void *self, uint8_t command, uint8_t *data, bool to_disk, int timeout_s)
{
    const int *fd = self;
    uint8_t sense[32];
    uint8_t words[COMMAND_SIZE] = {PASS_THROUGH, PROTOCOL_NO_DATA};
    words[AT_COMMAND] = command;
    if (data != NULL) {
        words[1] = to_disk ? PROTOCOL_TO_DISK : PROTOCOL_FROM_DISK;
        words[2] = (uint8_t)(LENGTH_OF_COUNT | (to_disk ? 0 : FROM_DISK));
        words[AT_COUNT] = 1;
    }
    struct sg_io_hdr request = {.interface_id = 'S',
                                .dxfer_direction = data == NULL ? SG_DXFER_NONE
                                                   : to_disk    ? SG_DXFER_TO_DEV
                                                                : SG_DXFER_FROM_DEV,
                                .cmd_len = sizeof words,
                                .mx_sb_len = sizeof sense,
                                .dxfer_len = data != NULL ? ATA_SECTOR : 0,
                                .dxferp = data,
                                .cmdp = words,
                                .sbp = sense,
                                .timeout = (unsigned)timeout_s * 1000};
    return ioctl(*fd, SG_IO, &request) == 0 && (request.info & SG_INFO_OK_MASK) == SG_INFO_OK;
}

AtaErase
ata_device_erase(const char *path, GError **error)
{
    const char *slash = strrchr(path, '/');
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return ATA_UNABLE; /* what overwrites it will tell */
    AtaErase result =
        ata_security_erase(give_command, &fd, slash != NULL ? slash + 1 : path, error);
    close(fd);
    return result;
}
