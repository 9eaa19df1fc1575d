/* What stands in dnsmasq's folders after an offer, another one, and a withdrawal.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/dnsmasq_files.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NODE "8f1b6e4c-2f38-4d44-9e32-3d5f8c1d4a55"
#define MAC "52:54:00:12:34:56"

static const char *const macs[] = {MAC, "52:54:00:12:34:57", NULL};
static const char *const options[] = {"tag:!ipxe,67,undionly.kpxe", "66,192.0.2.1", NULL};

typedef struct Scratch {
    char folder[64], options[80], hosts[80];
    DnsmasqFolders folders;
} Scratch;

static int
set_up(void **state)
{
    Scratch *scratch = g_new0(Scratch, 1);
    g_strlcpy(scratch->folder, "/tmp/steel-dnsmasq-XXXXXX", sizeof scratch->folder);
    assert_non_null(g_mkdtemp(scratch->folder));
    g_snprintf(scratch->hosts, sizeof scratch->hosts, "%s/h", scratch->folder);
    g_snprintf(scratch->options, sizeof scratch->options, "%s/o", scratch->folder);
    assert_int_equal(g_mkdir(scratch->hosts, 0700), 0);
    assert_int_equal(g_mkdir(scratch->options, 0700), 0);
    scratch->folders = (DnsmasqFolders){scratch->hosts, scratch->options};
    *state = scratch;
    return 0;
}

static void
remove_all(const char *folder)
{
    GDir *names = g_dir_open(folder, 0, NULL);
    for (const char *name; names != NULL && (name = g_dir_read_name(names)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    g_clear_pointer(&names, g_dir_close);
    g_rmdir(folder);
}

static int
tear_down(void **state)
{
    Scratch *scratch = *state;
    remove_all(scratch->hosts);
    remove_all(scratch->options);
    g_rmdir(scratch->folder);
    g_free(scratch);
    return 0;
}

static unsigned
count_of(const char *folder)
{
    unsigned count = 0;
    GDir *names = g_dir_open(folder, 0, NULL);
    while (g_dir_read_name(names) != NULL)
        count++;
    g_dir_close(names);
    return count;
}

static void
assert_file(const char *folder, const char *name, const char *expected)
{
    g_autofree char *path = g_strdup_printf("%s/ironic-%s.conf", folder, name), *text = NULL;
    GStatBuf status;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_string_equal(text, expected);
    assert_int_equal(g_stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
}

static void
an_offer_has_a_tag_of_its_own_and_the_last_one_counts(void **state)
{
    const Scratch *scratch = *state;
    mode_t mask = umask(077);
    assert_true(dnsmasq_files_offer(&scratch->folders, NODE, "one", macs, options, NULL));
    assert_true(dnsmasq_files_offer(&scratch->folders, NODE, "two", macs, options, NULL));
    umask(mask);
    assert_file(scratch->hosts, MAC, MAC ",set:two,set:ironic\n");
    assert_file(scratch->options, NODE,
                "tag:two,tag:!ipxe,67,undionly.kpxe\ntag:two,66,192.0.2.1\n");
    assert_int_equal(count_of(scratch->hosts), 2);
    assert_int_equal(count_of(scratch->options), 1);
}

static void
a_withdrawn_card_is_ignored(void **state)
{
    const Scratch *scratch = *state;
    assert_true(dnsmasq_files_offer(&scratch->folders, NODE, "one", macs, options, NULL));
    for (int i = 0; i < 2; i++) {
        assert_true(dnsmasq_files_withdraw(&scratch->folders, NODE, macs, NULL));
        assert_file(scratch->hosts, MAC, MAC ",ignore\n");
        assert_int_equal(count_of(scratch->options), 0);
    }
}

static void
a_link_is_not_followed(void **state)
{
    const Scratch *scratch = *state;
    g_autofree char *other = g_strdup_printf("%s/o/other", scratch->folder),
                    *link = g_strdup_printf("%s/.ironic-%s.conf", scratch->options, NODE);
    g_autoptr(GError) error = NULL;
    assert_int_equal(symlink(other, link), 0);
    assert_false(dnsmasq_files_offer(&scratch->folders, NODE, "one", macs, options, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
    assert_false(g_file_test(other, G_FILE_TEST_EXISTS));
}

static void
a_folder_that_is_missing_is_named_with_its_option(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    assert_true(dnsmasq_files_check(&scratch->folders, NULL));
    const DnsmasqFolders missing = {scratch->hosts, "/nowhere"};
    assert_false(dnsmasq_files_check(&missing, &error));
    assert_non_null(strstr(error->message, "/nowhere ([dnsmasq]dhcp_optsdir)"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_offer_has_a_tag_of_its_own_and_the_last_one_counts,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_withdrawn_card_is_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_missing_is_named_with_its_option, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
