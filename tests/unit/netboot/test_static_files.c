/* No path and no link leads out of the directory; both ways of opening agree.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/static_files.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Tree {
    char *outside; /* the temporary directory */
    char *inside;  /* its subdirectory "root" */
    int root;
} Tree;

static void
put(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
put_link(const Tree *tree, const char *name, const char *target)
{
    g_autofree char *path = g_build_filename(tree->inside, name, NULL);
    assert_int_equal(symlink(target, path), 0);
}

static int
set_up(void **state)
{
    Tree *tree = g_new0(Tree, 1);
    tree->outside = g_dir_make_tmp("steel-static-XXXXXX", NULL);
    assert_non_null(tree->outside);
    tree->inside = g_build_filename(tree->outside, "root", NULL);
    g_autofree char *images = g_build_filename(tree->inside, "images", NULL);
    assert_int_equal(g_mkdir_with_parents(images, 0755), 0);
    put(tree->outside, "secret", "outside");
    g_autofree char *secret = g_build_filename(tree->outside, "secret", NULL);
    put(tree->inside, "plain", "hello");
    put(images, "a.img", "image");
    put_link(tree, "link-inside", "images/a.img");
    put_link(tree, "link-up", "../secret");
    put_link(tree, "link-absolute", secret);
    put_link(tree, "directory-up", "..");
    g_autofree char *pipe = g_build_filename(tree->inside, "pipe", NULL);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    put(tree->inside, "forbidden", "no");
    tree->root = static_root_open(tree->inside, NULL);
    assert_true(tree->root >= 0);
    *state = tree;
    return 0;
}

static int
tear_down(void **state)
{
    Tree *tree = *state;
    close(tree->root);
    static const char *const names[] = {
        "plain",        "images/a.img", "images",    "link-inside", "link-up",  "link-absolute",
        "directory-up", "pipe",         "forbidden", ".",           "../secret"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = strcmp(names[i], ".") == 0
                                    ? g_strdup(tree->inside)
                                    : g_build_filename(tree->inside, names[i], NULL);
        if (strcmp(names[i], "../secret") == 0) {
            g_free(path);
            path = g_build_filename(tree->outside, "secret", NULL);
        }
        assert_int_equal(g_remove(path), 0);
    }
    assert_int_equal(g_rmdir(tree->outside), 0);
    g_free(tree->outside);
    g_free(tree->inside);
    g_free(tree);
    return 0;
}

static void
files_below_the_directory_open_with_their_size(void **state)
{
    const Tree *tree = *state;
    static const char *const paths[] = {"/plain", "/images/a.img", "/link-inside"};
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        StaticFile file;
        g_autoptr(GError) error = NULL;
        if (!static_file_open(tree->root, paths[i], &file, &error))
            fail_msg("%s: %s", paths[i], error->message);
        assert_int_equal(file.size, 5);
        assert_true(file.modified_s > 1000000000);
        close(file.fd);
    }
}

static void
whatever_leads_out_or_is_no_file_is_not_found(void **state)
{
    const Tree *tree = *state;
    static const char *const paths[] = {
        "",
        "/",
        "plain",
        "/absent",
        "/images",
        "/images/",
        "//plain",
        "/../secret",
        "/..",
        "/./plain",
        "/images/../plain",
        "/images/../../secret",
        "/link-up",
        "/link-absolute",
        "/directory-up/secret",
        "/pipe",
        "/plain/x",
        "/root/../../secret",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        StaticFile file;
        g_autoptr(GError) error = NULL;
        if (static_file_open(tree->root, paths[i], &file, &error))
            fail_msg("opened %s", paths[i]);
        if (!steel_error_is(error, STEEL_ERROR_NOT_FOUND))
            fail_msg("%s: %s", paths[i], error->message);
    }
    g_autofree char *name = g_strnfill(5000, 'a');
    name[0] = '/';
    StaticFile file;
    assert_false(static_file_open(tree->root, name, &file, NULL));
}

static void
without_openat2_every_link_is_refused(void **state)
{
    const Tree *tree = *state;
    int fd = static_file_walk(tree->root, "images/a.img");
    assert_true(fd >= 0);
    close(fd);
    static const char *const links[] = {"link-inside", "link-up", "link-absolute",
                                        "directory-up/secret"};
    for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
        assert_int_equal(static_file_walk(tree->root, links[i]), -1);
    assert_int_equal(static_file_walk(tree->root, "absent/a"), -1);
}

static void
a_missing_directory_is_an_error_with_its_name(void **state)
{
    const Tree *tree = *state;
    g_autofree char *path = g_build_filename(tree->inside, "absent", NULL);
    g_autoptr(GError) error = NULL;
    assert_int_equal(static_root_open(path, &error), -1);
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
    assert_non_null(strstr(error->message, path));
}

static void
endings_tell_the_media_type(void **state)
{
    (void)state;
    assert_string_equal(static_file_type("/a/b.iso"), "application/x-iso9660-image");
    assert_string_equal(static_file_type("/a.ipxe"), "text/plain; charset=utf-8");
    assert_string_equal(static_file_type("/vmlinuz"), "application/octet-stream");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_below_the_directory_open_with_their_size, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(whatever_leads_out_or_is_no_file_is_not_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_openat2_every_link_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_directory_is_an_error_with_its_name, set_up,
                                        tear_down),
        cmocka_unit_test(endings_tell_the_media_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
