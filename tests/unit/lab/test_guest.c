/* What the guest is built from: package names, modules in load order, an archive the kernel can
 * unpack.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"
#include "common/process.h"
#include "lab/folder.h"
#include "lab/guest.h"
#include "ramdisk/cpio.h"
#include "ramdisk/kernel_package.h"
#include "ramdisk/modules.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
kernel_package_is_found_in_the_words_of_apt(void **state)
{
    (void)state;
    g_autofree char *name =
        kernel_package_parse_depends("linux-image-cloud-amd64\n  Depends: "
                                     "linux-image-6.1.0-56-cloud-amd64\n  Recommends: firmware\n");
    assert_string_equal(name, "linux-image-6.1.0-56-cloud-amd64");
    assert_null(kernel_package_parse_depends("linux-image-cloud-amd64\n"));
    assert_null(kernel_package_parse_depends(""));
    assert_null(kernel_package_parse_depends("  Depends: linux-image-1`id`\n"));
    assert_null(kernel_package_parse_depends("  Depends: linux-image-1 -o Dir=/x\n"));
}

static void
archive_is_read_by_cpio(void **state)
{
    (void)state;
    CpioWriter writer;
    cpio_begin(&writer);
    cpio_add_directory(&writer, "bin");
    cpio_add_file(&writer, "bin/tool", 0755, "12345", 5);
    cpio_add_symlink(&writer, "bin/sh", "tool");
    cpio_add_character_device(&writer, "console", 0600, 5, 1);
    g_autoptr(GByteArray) archive = cpio_finish(&writer);
    const char *argv[] = {"cpio", "-itv", "--quiet", NULL};
    const char *environment[] = {"LC_ALL=C", "TZ=UTC", NULL};
    ProcessSpec spec = {.argv = argv,
                        .environment = environment,
                        .input = archive->data,
                        .input_size = archive->len};
    g_auto(ProcessResult) result = {0};
    g_autoptr(GError) error = NULL;
    if (!process_run(&spec, &result, &error))
        fail_msg("%s", error->message);
    g_auto(GStrv) lines = g_strsplit(result.output, "\n", -1);
    assert_int_equal(g_strv_length(lines), 5);
    assert_non_null(g_str_has_prefix(lines[0], "drwxr-xr-x   2 root     root ") ? lines[0] : NULL);
    assert_true(g_str_has_prefix(lines[1], "-rwxr-xr-x   1 root     root            5 "));
    assert_true(g_str_has_suffix(lines[2], "bin/sh -> tool"));
    assert_true(g_str_has_prefix(lines[3], "crw-------   1 root     root       5,   1 "));
}

static void
dependencies_are_read_from_a_module(void **state)
{
    (void)state;
    static const char none[] = "ELF\0license=GPL\0depends=\0name=x\0";
    static const char two[] = "ELF\0license=GPL\0depends=net-failover,failover\0name=x\0";
    static const char cut[] = {'E', '\0', 'd', 'e', 'p', 'e', 'n', 'd', 's', '=', 'a'};
    g_auto(GStrv) nothing = modules_depends(none, sizeof none);
    assert_null(nothing[0]);
    g_auto(GStrv) names = modules_depends(two, sizeof two);
    assert_string_equal(names[0], "net_failover");
    assert_string_equal(names[1], "failover");
    assert_null(names[2]);
    g_auto(GStrv) at_end = modules_depends(cut, sizeof cut);
    assert_string_equal(at_end[0], "a");
    g_auto(GStrv) absent = modules_depends("depends=x", 9);
    assert_null(absent[0]);
}

static char *
make_module(const char *folder, const char *file, const char *depends)
{
    char *path = g_build_filename(folder, file, NULL);
    g_autoptr(GString) contents = g_string_new(NULL);
    g_string_append_len(contents, "\0depends=", 9);
    g_string_append_len(contents, depends, (gssize)strlen(depends) + 1);
    assert_true(g_file_set_contents(path, contents->str, (gssize)contents->len, NULL));
    return path;
}

static void
modules_come_after_what_they_depend_on(void **state)
{
    (void)state;
    g_autofree char *folder = g_dir_make_tmp("modules-XXXXXX", NULL);
    g_autofree char *deep = g_build_filename(folder, "6.1", "kernel", "net", NULL);
    assert_int_equal(g_mkdir_with_parents(deep, 0700), 0);
    g_autofree char *top = make_module(deep, "virtio_net.ko", "net-failover,virtio");
    g_autofree char *middle = make_module(deep, "net-failover.ko", "failover");
    g_autofree char *bottom = make_module(folder, "failover.ko", "");
    g_autofree char *built_in = g_build_filename(folder, "6.1", "modules.builtin", NULL);
    assert_true(g_file_set_contents(built_in, "kernel/drivers/virtio/virtio.ko\n", -1, NULL));
    const char *names[] = {"virtio-net", "failover", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) order = modules_resolve(folder, names, &error);
    assert_non_null(order);
    assert_int_equal(order->len, 3);
    assert_string_equal(order->pdata[0], bottom);
    assert_string_equal(order->pdata[1], middle);
    assert_string_equal(order->pdata[2], top);
    const char *missing[] = {"e1000", NULL};
    assert_null(modules_resolve(folder, missing, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NOT_FOUND));
    folder_remove(folder);
}

/* "\0depends=net-failover,virtio\0", as the kernel's build compresses modules: xz --check=crc32
 * --lzma2=dict=2MiB */
static const uint8_t compressed_module[] = {
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x01, 0x69, 0x22, 0xde, 0x36, 0x02, 0x00,
    0x21, 0x01, 0x12, 0x00, 0x00, 0x00, 0x23, 0xb8, 0x87, 0x2c, 0x01, 0x00, 0x1c, 0x00,
    0x64, 0x65, 0x70, 0x65, 0x6e, 0x64, 0x73, 0x3d, 0x6e, 0x65, 0x74, 0x2d, 0x66, 0x61,
    0x69, 0x6c, 0x6f, 0x76, 0x65, 0x72, 0x2c, 0x76, 0x69, 0x72, 0x74, 0x69, 0x6f, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x22, 0x7d, 0xca, 0x3b, 0x00, 0x01, 0x31, 0x1d, 0x40, 0xde,
    0xdd, 0x85, 0x90, 0x42, 0x99, 0x0d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x59, 0x5a};

static void
a_compressed_module_is_made_plain(void **state)
{
    (void)state;
    g_autofree char *folder = g_dir_make_tmp("modules-XXXXXX", NULL);
    g_autofree char *compressed = g_build_filename(folder, "virtio_net.ko.xz", NULL);
    assert_true(g_file_set_contents(compressed, (const char *)compressed_module,
                                    sizeof compressed_module, NULL));
    g_free(make_module(folder, "net-failover.ko", ""));
    g_free(make_module(folder, "virtio.ko", ""));
    const char *names[] = {"virtio_net", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) order = modules_resolve(folder, names, &error);
    assert_non_null(order);
    assert_int_equal(order->len, 3);
    assert_true(g_str_has_suffix(order->pdata[2], "/virtio_net.ko"));
    g_autofree char *contents = NULL;
    gsize size = 0;
    assert_true(g_file_get_contents(order->pdata[2], &contents, &size, NULL));
    g_auto(GStrv) depends = modules_depends(contents, size);
    assert_string_equal(depends[0], "net_failover");
    assert_string_equal(depends[1], "virtio");
    folder_remove(folder);
}

static void
a_damaged_compressed_module_is_refused(void **state)
{
    (void)state;
    g_autofree char *folder = g_dir_make_tmp("modules-XXXXXX", NULL);
    g_free(make_module(folder, "virtio_net.ko.xz", ""));
    const char *names[] = {"virtio_net", NULL};
    g_autoptr(GError) error = NULL;
    assert_null(modules_resolve(folder, names, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    folder_remove(folder);
}

static void
modules_that_depend_on_each_other_are_refused(void **state)
{
    (void)state;
    g_autofree char *folder = g_dir_make_tmp("modules-XXXXXX", NULL);
    g_free(make_module(folder, "a.ko", "b"));
    g_free(make_module(folder, "b.ko", "a"));
    const char *names[] = {"a", NULL};
    g_autoptr(GError) error = NULL;
    assert_null(modules_resolve(folder, names, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    folder_remove(folder);
}

static void
only_one_holds_the_lock(void **state)
{
    (void)state;
    g_autofree char *folder = g_dir_make_tmp("lock-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    int first = folder_lock(folder, "lock", false, &error);
    assert_true(first >= 0);
    assert_int_equal(folder_lock(folder, "lock", false, &error), -1);
    assert_true(steel_error_is(error, STEEL_ERROR_LOCKED));
    close(first);
    int second = folder_lock(folder, "lock", false, NULL);
    assert_true(second >= 0);
    close(second);
    folder_remove(folder);
    assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_package_is_found_in_the_words_of_apt),
        cmocka_unit_test(archive_is_read_by_cpio),
        cmocka_unit_test(dependencies_are_read_from_a_module),
        cmocka_unit_test(modules_come_after_what_they_depend_on),
        cmocka_unit_test(a_compressed_module_is_made_plain),
        cmocka_unit_test(a_damaged_compressed_module_is_refused),
        cmocka_unit_test(modules_that_depend_on_each_other_are_refused),
        cmocka_unit_test(only_one_holds_the_lock),
    };
    return cmocka_run_group_tests_name("lab/guest", tests, NULL, NULL);
}
