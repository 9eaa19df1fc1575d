/* Files that preflight finds: releases of Debian keep some in different folders.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab/preflight.h"

#define ABSENT_FILE "/nonexistent/efi-virtio.rom"
#define ABSENT_PROGRAM "no-such-program-anywhere"

static const struct {
    const char *places[PREFLIGHT_PLACES];
    bool there;
} rows[] = {
    {{"/etc/passwd"},                 true},
    {{ABSENT_FILE, "/etc/passwd"},    true},
    {{"/etc/passwd", ABSENT_FILE},    true},
    {{ABSENT_FILE},                   false},
    {{ABSENT_FILE, ABSENT_FILE},      false},
    {{"sh"},                          true},
    {{ABSENT_PROGRAM, "sh"},          true},
    {{ABSENT_PROGRAM, "/etc/passwd"}, true},
    {{ABSENT_PROGRAM},                false},
};

static void
what_lies_in_any_of_its_places_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_int_equal(preflight_is_there(rows[i].places), rows[i].there);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_in_any_of_its_places_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
