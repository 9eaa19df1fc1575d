/* Erases an ATA disk by the disk itself: the security feature set. The password that is set for it
 * is "NULL", as Ironic's agent has it, so that either can take up what the other was stopped in.
 * Source: ATA8-ACS, 4.18 security feature set, 7.16 IDENTIFY DEVICE, 7.43 to 7.48.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent_protocol/agent_error.h"

#include <stdint.h>

#define ATA_SECTOR 512u

/* Gives the disk a command. data: a sector, from the disk (to_disk false) or for it; NULL: none. */
typedef bool (*AtaCommand)(void *self, uint8_t command, uint8_t *data, bool to_disk, int timeout_s);

typedef enum AtaErase {
    ATA_ERASED,
    ATA_UNABLE, /* no ATA disk, or one that cannot erase itself: nothing was done to it */
    ATA_FAILED
} AtaErase;

/* Erases with the enhanced erase where the disk has it. A disk that an agent was stopped in is
 * unlocked first. A disk that refuses has its password taken away again, as far as it lets.
 *
 * name   of the disk, for errors
 * Errors ERASE, with ATA_FAILED: frozen by the firmware, locked with another password, refused */
AtaErase ata_security_erase(AtaCommand command, void *self, const char *name, GError **error);

/* The same of a device, through the kernel's SCSI generic interface. */
AtaErase ata_device_erase(const char *path, GError **error);
