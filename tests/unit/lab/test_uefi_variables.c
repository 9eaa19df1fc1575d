/* The boot entry that a lab machine's firmware is told of, in the store of OVMF itself.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/machine_command.h"
#include "lab/uefi_variables.h"

#include "common/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define URL "http://10.0.2.2:8089/boot.iso"

enum { FIRST_VARIABLE = 100, HEADER = 60 }; /* of OVMF's store */

typedef struct Flash {
    char *data; /* owned */
    gsize size;
} Flash;

static Flash
fresh(void)
{
    Flash flash = {0};
    assert_true(g_file_get_contents(MACHINE_UEFI_VARIABLES, &flash.data, &flash.size, NULL));
    return flash;
}

static bool
set(Flash *flash, const char *url)
{
    return uefi_variables_set_next_url((uint8_t *)flash->data, flash->size, url, NULL);
}

/* How many bytes of the flash are like these. */
static unsigned
count(const Flash *flash, const char *bytes, size_t size)
{
    unsigned found = 0;
    for (gsize i = 0; i + size <= flash->size; i++)
        found += memcmp(flash->data + i, bytes, size) == 0;
    return found;
}

static unsigned
count_text(const Flash *flash, const char *text)
{
    return count(flash, text, strlen(text));
}

static void
the_next_start_boots_the_url(void **state)
{
    (void)state;
    Flash flash = fresh();
    const char next[] = "B\0o\0o\0t\0N\0e\0x\0t\0\0\0\x41\x4c"; /* entry 4C41 */
    assert_true(set(&flash, URL));
    assert_int_equal(1, count_text(&flash, URL "\x7f\xff\x04"));
    assert_int_equal(1, count(&flash, next, sizeof next - 1));
    g_free(flash.data);
}

static void
what_was_asked_before_is_forgotten(void **state)
{
    (void)state;
    Flash flash = fresh();
    const char alive[] = "\xaa\x55\x3f", dead[] = "\xaa\x55\x3d";
    assert_true(set(&flash, "http://10.0.2.2/first.iso"));
    assert_true(set(&flash, URL));
    assert_int_equal(2, count(&flash, alive, 3));
    assert_int_equal(2, count(&flash, dead, 3));
    assert_true(set(&flash, NULL));
    assert_int_equal(0, count(&flash, alive, 3));
    assert_int_equal(4, count(&flash, dead, 3));
    g_free(flash.data);
}

static void
what_the_system_has_written_stays(void **state)
{
    (void)state;
    Flash flash = fresh();
    assert_true(set(&flash, URL));
    flash.data[FIRST_VARIABLE + HEADER + 2] = 'x'; /* "Bxot4C41": another variable's name */
    assert_true(set(&flash, NULL));
    assert_int_equal(0x3f, (uint8_t)flash.data[FIRST_VARIABLE + 2]);
    g_free(flash.data);
}

static void
a_full_store_is_told_and_not_changed(void **state)
{
    (void)state;
    Flash flash = fresh();
    g_autofree char *before = NULL;
    GError *error = NULL;
    bool good = true;
    for (int i = 0; good && i < 10000; i++) {
        g_free(before);
        before = g_memdup2(flash.data, flash.size);
        good = uefi_variables_set_next_url((uint8_t *)flash.data, flash.size, URL, &error);
    }
    assert_false(good);
    assert_true(steel_error_is(error, STEEL_ERROR_TOO_LARGE));
    assert_memory_equal(before, flash.data, flash.size);
    g_clear_error(&error);
    g_free(flash.data);
}

static void
what_is_no_store_is_refused(void **state)
{
    (void)state;
    Flash flash = fresh();
    uint8_t none[64] = {0};
    g_autofree char *long_url = g_strnfill(UEFI_URL_MAX + 1, 'a');
    assert_false(uefi_variables_set_next_url(none, sizeof none, URL, NULL));
    assert_false(uefi_variables_set_next_url((uint8_t *)flash.data, 4096, URL, NULL));
    assert_false(set(&flash, long_url));
    assert_false(set(&flash, "http://h\xc3\xa4/boot.iso"));
    g_free(flash.data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_start_boots_the_url),
        cmocka_unit_test(what_was_asked_before_is_forgotten),
        cmocka_unit_test(what_the_system_has_written_stays),
        cmocka_unit_test(a_full_store_is_told_and_not_changed),
        cmocka_unit_test(what_is_no_store_is_refused),
    };
    return cmocka_run_group_tests_name("lab_uefi_variables", tests, NULL, NULL);
}
