/* A root file system on NFS is named in the kernel's own form, and nothing else gets into a script.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/nfs_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text;
    bool good;
} rows[] = {
    {"192.0.2.5:/srv/node-1",              true},
    {"nas.example:/r,vers=4.1,port=12049", true},
    {"[2001:db8::5]:/srv/a_b+c@d=e~",      true},
    {"h:/",                                true},
    {"",                                   false},
    {"/srv/node-1",                        false},
    {":/srv/node-1",                       false},
    {"192.0.2.5",                          false},
    {"192.0.2.5:srv",                      false},
    {"2001:db8::5:/srv",                   false},
    {"[2001:db8::5:/srv",                  false},
    {"[]:/srv",                            false},
    {"h:/a b",                             false},
    {"h:/a\nboot",                         false},
    {"h:/${net0/mac}",                     false},
    {"h:/a,vers=4 init=/bin/sh",           false},
    {"h:/a,sec=sys||",                     false},
};

static void
only_one_word_that_means_nothing_else_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        json_auto_t *value = json_string(rows[i].text);
        g_autofree char *root = nfs_root_read(value, &error);
        if ((root != NULL) != rows[i].good)
            fail_msg("%s", rows[i].text);
        if (root != NULL)
            assert_string_equal(root, rows[i].text);
        else
            assert_non_null(strstr(error->message, "server:/path"));
    }
}

static void
a_long_one_and_what_is_no_text_are_refused(void **state)
{
    (void)state;
    g_autoptr(GError) first = NULL, second = NULL, third = NULL;
    g_autofree char *tail = g_strnfill(NFS_ROOT_LIMIT, 'a'), *text = g_strconcat("h:/", tail, NULL);
    json_auto_t *longer = json_string(text), *number = json_integer(5);
    assert_null(nfs_root_read(longer, &first));
    assert_null(nfs_root_read(number, &second));
    assert_null(nfs_root_read(NULL, &third));
    assert_non_null(strstr(third->message, "no string"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_one_word_that_means_nothing_else_is_taken),
        cmocka_unit_test(a_long_one_and_what_is_no_text_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
