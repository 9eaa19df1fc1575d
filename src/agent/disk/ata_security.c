/* The security feature set of ATA disks; the contract is in ata_security.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/ata_security.h"

#include <string.h>

enum {
    IDENTIFY_DEVICE = 0xec,
    SET_PASSWORD = 0xf1,
    UNLOCK = 0xf2,
    ERASE_PREPARE = 0xf3,
    ERASE_UNIT = 0xf4,
    DISABLE_PASSWORD = 0xf6,

    WORD_TIME = 89, /* in units of two minutes; the next word is that of the enhanced erase */
    WORD_SECURITY = 128,
    SUPPORTED = 1 << 0,
    ENABLED = 1 << 1,
    LOCKED = 1 << 2,
    FROZEN = 1 << 3,
    ENHANCED = 1 << 5,

    BYTE_ENHANCED = 1 << 1, /* of the first byte of ERASE_UNIT's sector */
    PASSWORD_AT = 2,

    SHORT_S = 30,
    MARGIN_S = 600,
    TIME_UNIT_S = 120,
    TIME_UNKNOWN_S = 12 * 3600,
};

typedef struct Disk {
    AtaCommand command;
    void *self;
    const char *name;
    uint16_t security, times[2];
} Disk;

static bool
fail(const Disk *disk, GError **error, const char *what)
{
    return agent_fail(error, AGENT_ERROR_ERASE, "/dev/%s: %s", disk->name, what);
}

static uint16_t
word(const uint8_t *sector, size_t number)
{
    return (uint16_t)(sector[number * 2] | sector[number * 2 + 1] << 8);
}

/* False: it is no ATA disk. */
static bool
identify(Disk *disk)
{
    uint8_t sector[ATA_SECTOR] = {0};
    if (!disk->command(disk->self, IDENTIFY_DEVICE, sector, false, SHORT_S))
        return false;
    disk->security = word(sector, WORD_SECURITY);
    disk->times[0] = word(sector, WORD_TIME);
    disk->times[1] = word(sector, WORD_TIME + 1);
    return true;
}

/* A command with the user's password. */
static bool
with_password(const Disk *disk, uint8_t command, uint8_t first, int timeout_s)
{
    static const char password[] = "NULL";
    uint8_t sector[ATA_SECTOR] = {first};
    memcpy(sector + PASSWORD_AT, password, sizeof password - 1);
    return disk->command(disk->self, command, sector, true, timeout_s);
}

/* Takes the password away that an erase has left. */
static bool
open_up(Disk *disk, GError **error)
{
    if (!(disk->security & ENABLED))
        return true;
    if (disk->security & FROZEN)
        return fail(disk, error,
                    "it has a password and the firmware has frozen it: switch the machine off and "
                    "on, or allow its disks to be erased in the firmware's settings");
    if ((disk->security & LOCKED) && !with_password(disk, UNLOCK, 0, SHORT_S))
        return fail(disk, error, "it is locked with a password that the agent does not know");
    if (!with_password(disk, DISABLE_PASSWORD, 0, SHORT_S) || !identify(disk) ||
        (disk->security & ENABLED))
        return fail(disk, error, "it does not give its password up");
    return true;
}

static int
time_for(const Disk *disk, bool enhanced)
{
    uint16_t units = disk->times[enhanced] & 0x7fff;
    return units != 0 ? units * TIME_UNIT_S + MARGIN_S : TIME_UNKNOWN_S;
}

static bool
erase_with_password(Disk *disk)
{
    bool enhanced = (disk->security & ENHANCED) != 0;
    return with_password(disk, SET_PASSWORD, 0, SHORT_S) &&
           disk->command(disk->self, ERASE_PREPARE, NULL, false, SHORT_S) &&
           with_password(disk, ERASE_UNIT, enhanced ? BYTE_ENHANCED : 0, time_for(disk, enhanced));
}

static bool
erase(Disk *disk, GError **error)
{
    if (disk->security & FROZEN)
        return fail(disk, error,
                    "the firmware has frozen its security: switch the machine off and on, or allow "
                    "its disks to be erased in the firmware's settings");
    if (!erase_with_password(disk)) {
        with_password(disk, DISABLE_PASSWORD, 0, SHORT_S);
        return fail(disk, error, "it refuses to erase itself");
    }
    /* An erase takes the password with it. */
    if (!identify(disk) || (disk->security & ENABLED))
        return fail(disk, error, "it has kept its password after it has erased itself");
    return true;
}

AtaErase
ata_security_erase(AtaCommand command, void *self, const char *name, GError **error)
{
    Disk disk = {.command = command, .self = self, .name = name};
    if (!identify(&disk) || !(disk.security & SUPPORTED))
        return ATA_UNABLE;
    return open_up(&disk, error) && erase(&disk, error) ? ATA_ERASED : ATA_FAILED;
}
