/* Disks that erase themselves. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/ata_security.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SUPPORTED = 1, ENABLED = 2, LOCKED = 4, FROZEN = 8, ENHANCED = 32 };

/* A disk as the standard has it: what was told in which order, and what it has. */
typedef struct Drive {
    unsigned security;
    char password[8];
    bool prepared, full, refuses, keeps;
    unsigned erased_with; /* first byte of the erase */
    int erase_timeout_s;
    char told[64]; /* a letter for each command */
} Drive;

static bool
password_fits(const Drive *drive, const uint8_t *sector)
{
    return strncmp(drive->password, (const char *)sector + 2, 8) == 0;
}

static bool
identify(const Drive *drive, uint8_t *sector)
{
    sector[89 * 2] = 3;
    sector[90 * 2] = 1;
    sector[128 * 2] = (uint8_t)drive->security;
    return true;
}

static bool
disable(Drive *drive, const uint8_t *sector)
{
    if ((drive->security & (LOCKED | FROZEN)) || !password_fits(drive, sector))
        return false;
    drive->security &= ~(unsigned)ENABLED;
    return true;
}

static bool
set_password(Drive *drive, const uint8_t *sector)
{
    if (drive->security & (LOCKED | FROZEN))
        return false;
    memcpy(drive->password, sector + 2, sizeof drive->password);
    drive->security |= ENABLED;
    return true;
}

static bool
unlock(Drive *drive, const uint8_t *sector)
{
    if (!password_fits(drive, sector))
        return false;
    drive->security &= ~(unsigned)LOCKED;
    return true;
}

static bool
erase(Drive *drive, const uint8_t *sector, int timeout_s)
{
    if (!drive->prepared || drive->refuses || !password_fits(drive, sector))
        return false;
    drive->full = false;
    drive->erased_with = sector[0];
    drive->erase_timeout_s = timeout_s;
    if (!drive->keeps)
        drive->security &= ~(unsigned)ENABLED;
    return true;
}

static bool
follow(void *self, uint8_t command, uint8_t *data, bool to_disk, int timeout_s)
{
    Drive *drive = self;
    static const char letters[] = "sup.e..d";
    bool is_identify = command == 0xec;
    size_t end = strlen(drive->told);
    assert_true(end + 1 < sizeof drive->told);
    assert_true(to_disk == (data != NULL && !is_identify));
    if (is_identify)
        return identify(drive, data);
    drive->told[end] = command == 0xf4 ? 'e' : letters[command == 0xf6 ? 7 : command - 0xf1];
    switch (command) {
    case 0xf1:
        return set_password(drive, data);
    case 0xf2:
        return unlock(drive, data);
    case 0xf3:
        return drive->prepared = true;
    case 0xf4:
        return erase(drive, data, timeout_s);
    case 0xf6:
        return disable(drive, data);
    default:
        return false;
    }
}

static AtaErase
run(Drive *drive, const char *words)
{
    g_autoptr(GError) error = NULL;
    drive->full = true;
    AtaErase result = ata_security_erase(follow, drive, "sda", &error);
    assert_true((result == ATA_FAILED) == (error != NULL));
    if (words != NULL)
        assert_non_null(strstr(error->message, words));
    return result;
}

static void
a_disk_that_can_erases_itself(void **state)
{
    (void)state;
    Drive drive = {.security = SUPPORTED};
    assert_int_equal(run(&drive, NULL), ATA_ERASED);
    assert_false(drive.full);
    assert_string_equal(drive.told, "spe");
    assert_int_equal(drive.erased_with, 0);
    assert_int_equal(drive.erase_timeout_s, 3 * 120 + 600);
    Drive enhanced = {.security = SUPPORTED | ENHANCED};
    assert_int_equal(run(&enhanced, NULL), ATA_ERASED);
    assert_int_equal(enhanced.erased_with, 2);
    assert_int_equal(enhanced.erase_timeout_s, 120 + 600);
}

static void
a_disk_that_cannot_is_left_as_it_is(void **state)
{
    (void)state;
    Drive drive = {.security = 0};
    assert_int_equal(run(&drive, NULL), ATA_UNABLE);
    assert_string_equal(drive.told, "");
}

static void
a_frozen_disk_says_what_to_do(void **state)
{
    (void)state;
    Drive drive = {.security = SUPPORTED | FROZEN};
    assert_int_equal(run(&drive, "/dev/sda: the firmware has frozen"), ATA_FAILED);
    assert_string_equal(drive.told, "");
    Drive both = {.security = SUPPORTED | ENABLED | FROZEN, .password = "NULL"};
    assert_int_equal(run(&both, "frozen"), ATA_FAILED);
}

static void
a_disk_that_an_agent_was_stopped_in_is_unlocked(void **state)
{
    (void)state;
    Drive drive = {.security = SUPPORTED | ENABLED | LOCKED, .password = "NULL"};
    assert_int_equal(run(&drive, NULL), ATA_ERASED);
    assert_string_equal(drive.told, "udspe");
    assert_false(drive.full);
    Drive other = {.security = SUPPORTED | ENABLED | LOCKED, .password = "theirs"};
    assert_int_equal(run(&other, "a password that the agent does not know"), ATA_FAILED);
    assert_true(other.full);
}

static void
a_disk_that_refuses_keeps_no_password(void **state)
{
    (void)state;
    Drive drive = {.security = SUPPORTED, .refuses = true};
    assert_int_equal(run(&drive, "refuses"), ATA_FAILED);
    assert_string_equal(drive.told, "sped");
    assert_false(drive.security & ENABLED);
    Drive keeps = {.security = SUPPORTED, .keeps = true};
    assert_int_equal(run(&keeps, "kept its password"), ATA_FAILED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_can_erases_itself),
        cmocka_unit_test(a_disk_that_cannot_is_left_as_it_is),
        cmocka_unit_test(a_frozen_disk_says_what_to_do),
        cmocka_unit_test(a_disk_that_an_agent_was_stopped_in_is_unlocked),
        cmocka_unit_test(a_disk_that_refuses_keeps_no_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
