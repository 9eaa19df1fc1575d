/* Boot loaders are copied to where machines fetch them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "common/config.h"
#include "drivers/boot/loader_files.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static char *folder;

static int
begin(void **state)
{
    (void)state;
    folder = g_dir_make_tmp("steel-loaders-XXXXXX", NULL);
    g_autofree char *loader = g_build_filename(folder, "loader", NULL);
    return g_file_set_contents(loader, "MZ\0loader", 9, NULL) ? 0 : 1;
}

static int
end(void **state)
{
    (void)state;
    g_autofree char *command = g_strdup_printf("rm -rf -- '%s'", folder);
    int status = g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL) ? 0 : 1;
    g_free(folder);
    return status;
}

/* "%s" in files stands for the folder. */
static bool
places(const char *files, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(files, "%s", -1);
    g_autofree char *named = g_strjoinv(folder, parts),
                    *option = g_strconcat("pxe.loader_file_paths=", named, NULL),
                    *tftp = g_strdup_printf("pxe.tftp_root=%s/tftp", folder),
                    *http = g_strdup_printf("deploy.http_root=%s/http", folder);
    g_autoptr(Config) config = config_new();
    return config_set(config, option, error) && config_set(config, tftp, error) &&
           config_set(config, http, error) &&
           config_set(config, "pxe.file_permission=0o640", error) && config_finish(config, error) &&
           loader_files_place(config, error);
}

static void
has(const char *path)
{
    struct stat status;
    g_autofree char *whole = g_build_filename(folder, path, NULL), *bytes = NULL;
    gsize size = 0;
    assert_true(g_file_get_contents(whole, &bytes, &size, NULL));
    assert_int_equal(size, 9);
    assert_memory_equal(bytes, "MZ\0loader", 9);
    assert_int_equal(stat(whole, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void
each_file_is_in_both_roots(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        g_autoptr(GError) error = NULL;
        if (!places("ipxe.efi:%s/loader,arm/grub.efi:%s/loader", &error))
            fail_msg("%s", error->message);
        has("tftp/ipxe.efi");
        has("http/ipxe.efi");
        has("tftp/arm/grub.efi");
        has("http/arm/grub.efi");
    }
}

static void
what_cannot_be_copied_is_named(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/etc/loader:%s/loader", "'/etc/loader' is no relative path"},
        {"../loader:%s/loader",   "'../loader' is no relative path"},
        {"a/../../x:%s/loader",   "is no relative path"},
        {"a/:%s/loader",          "is no relative path"},
        {"ipxe.efi:%s/nothing",   "/nothing is no file"},
        {"ipxe.efi:%s",           "is no file"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        assert_false(places(rows[i][0], &error));
        if (strstr(error->message, rows[i][1]) == NULL)
            fail_msg("%s: %s", rows[i][0], error->message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_is_in_both_roots),
        cmocka_unit_test(what_cannot_be_copied_is_named),
    };
    return cmocka_run_group_tests_name("loader_files", tests, begin, end);
}
