/* Files that are put into a system. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/inject_place.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *root; /* of the system; beside it lies "outside" */

static int
begin(void **state)
{
    char *folder = g_dir_make_tmp("steel-inject-XXXXXX", NULL);
    *state = folder;
    root = g_build_filename(folder, "root", NULL);
    g_autofree char *etc = g_build_filename(root, "etc", NULL);
    g_autofree char *outside = g_build_filename(folder, "outside", NULL);
    return g_mkdir_with_parents(etc, 0755) | g_mkdir(outside, 0755);
}

static int
end(void **state)
{
    g_autofree char *command = g_strdup_printf("rm -rf -- '%s'", (char *)*state);
    int status = g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL) ? 0 : 1;
    g_free(*state);
    g_free(root);
    return status;
}

static bool
put(const char *text, GError **error)
{
    json_t *file = json_loads(text, 0, NULL);
    assert_non_null(file);
    g_autoptr(InjectPlace) place = inject_place_open(root, error);
    bool good = inject_check(file, error) && inject_place_put(place, file, NULL, NULL, error);
    json_decref(file);
    return good;
}

static void
must_put(const char *text)
{
    g_autoptr(GError) error = NULL;
    if (!put(text, &error))
        fail_msg("%s: %s", text, error->message);
}

static void
has(const char *path, const char *wanted, mode_t mode)
{
    g_autofree char *whole = g_build_filename(root, path, NULL), *found = NULL;
    struct stat status;
    g_file_get_contents(whole, &found, NULL, NULL);
    if (wanted == NULL) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_string_equal(found, wanted);
    assert_int_equal(stat(whole, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
}

static void
files_are_written_with_their_folders_and_deleted(void **state)
{
    (void)state;
    must_put("{\"path\": \"/etc/motd\", \"content\": \"aGVsbG8=\"}");
    has("etc/motd", "hello", 0644);
    must_put("{\"path\": \"/etc/motd\", \"content\": \"bmV3\", \"mode\": \"0600\"}");
    has("etc/motd", "new", 0600);
    must_put("{\"path\": \"/etc/a/b/c\", \"content\": \"\", \"mode\": 292, \"dirmode\": \"700\"}");
    has("etc/a/b/c", "", 0444);
    must_put("{\"path\": \"/etc/motd\", \"deleted\": true}");
    has("etc/motd", NULL, 0);
    must_put("{\"path\": \"/etc/motd\", \"deleted\": true}");
    must_put("{\"path\": \"/none/at/all\", \"deleted\": true}");
}

static void
links_lead_nowhere_outside(void **state)
{
    g_autofree char *absolute = g_build_filename(root, "etc/absolute", NULL);
    g_autofree char *up = g_build_filename(root, "etc/up", NULL);
    g_autofree char *outside = g_build_filename(*state, "outside", NULL);
    g_autofree char *file = g_build_filename(outside, "file", NULL);
    assert_int_equal(symlink(outside, absolute) | symlink("../../outside", up), 0);
    g_autoptr(GError) error = NULL;
    assert_false(put("{\"path\": \"/etc/absolute/file\", \"content\": \"eA==\"}", &error));
    g_clear_error(&error);
    assert_false(put("{\"path\": \"/etc/up/file\", \"content\": \"eA==\"}", &error));
    assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
    /* a file that is a link is replaced, not followed */
    g_autofree char *link = g_build_filename(root, "etc/link", NULL);
    assert_int_equal(symlink(file, link), 0);
    must_put("{\"path\": \"/etc/link\", \"content\": \"eA==\"}");
    has("etc/link", "x", 0644);
    assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
}

static void
what_a_file_says_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *file, *word;
    } rows[] = {
        {"{}",                                      "path"},
        {"{\"path\": \"etc/motd\"}",                "path"},
        {"{\"path\": \"/etc/../../x\"}",            "path"},
        {"{\"path\": \"/etc/\"}",                   "path"},
        {"{\"path\": \"/a\", \"mode\": \"999\"}",   "mode"},
        {"{\"path\": \"/a\", \"mode\": -1}",        "mode"},
        {"{\"path\": \"/a\", \"owner\": \"root\"}", "owner"},
        {"{\"path\": \"/a\", \"partition\": true}", "partition"},
        {"{\"path\": \"/a\", \"content\": 1}",      "content"},
        {"{\"path\": \"/a\", \"colour\": \"red\"}", "colour"},
        {"[]",                                      "object"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        json_t *file = json_loads(rows[i].file, 0, NULL);
        assert_false(inject_check(file, &error));
        assert_non_null(strstr(error->message, rows[i].word));
        json_decref(file);
    }
}

static void
a_system_is_known_by_the_first_folder(void **state)
{
    (void)state;
    g_autoptr(InjectPlace) place = inject_place_open(root, NULL);
    assert_true(inject_place_has_folder(place, "/etc/motd"));
    assert_false(inject_place_has_folder(place, "/boot/grub.cfg"));
    assert_false(inject_place_has_folder(place, "/etc"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_written_with_their_folders_and_deleted, begin,
                                        end),
        cmocka_unit_test_setup_teardown(links_lead_nowhere_outside, begin, end),
        cmocka_unit_test_setup_teardown(what_a_file_says_wrong_is_named, begin, end),
        cmocka_unit_test_setup_teardown(a_system_is_known_by_the_first_folder, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
