/* How systems say that they want to be started. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/boot_csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The text as UTF-16, with a mark or without. */
static void
is(const char *text, bool mark, const char *wanted_loader, const char *wanted_label)
{
    uint8_t bytes[512] = {0xff, 0xfe};
    size_t size = mark ? 2 : 0;
    for (const char *at = text; *at != '\0'; at++) {
        bytes[size++] = (uint8_t)*at;
        bytes[size++] = 0;
    }
    char *loader = NULL, *label = NULL;
    assert_int_equal(boot_csv_parse(bytes, size, &loader, &label), wanted_loader != NULL);
    if (wanted_loader != NULL) {
        assert_string_equal(loader, wanted_loader);
        assert_string_equal(label, wanted_label);
    }
    g_free(loader);
    g_free(label);
}

static void
the_first_line_names_loader_and_label(void **state)
{
    (void)state;
    static const char debian[] =
        "shimx64.efi,debian,,This is the boot entry for debian\nx.efi,y,,\n";
    is(debian, true, "shimx64.efi", "debian");
    is(debian, false, "shimx64.efi", "debian");
    char *loader = NULL, *label = NULL;
    assert_true(boot_csv_parse((const uint8_t *)debian, sizeof debian - 1, &loader, &label));
    assert_string_equal(label, "debian");
    g_free(loader);
    g_free(label);
}

static void
what_is_no_loader_is_not_taken(void **state)
{
    (void)state;
    is("..\\..\\evil.efi,evil,,", true, NULL, NULL);
    is("/EFI/x.efi,evil,,", true, NULL, NULL);
    is("grub.cfg,grub,,", true, NULL, NULL);
    is("shimx64.efi", true, NULL, NULL);
    is("shimx64.efi,,,", true, NULL, NULL);
    is("", true, NULL, NULL);
    is("", false, NULL, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_names_loader_and_label),
        cmocka_unit_test(what_is_no_loader_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
