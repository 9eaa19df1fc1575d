/* Boot entries in a made-up firmware. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/efi_boot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define GLOBAL "-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static const Partition partition = {
    .number = 1,
    .start = 1048576,
    .size = 2097152,
    .uuid = "01234567-89AB-CDEF-0123-456789ABCDEF",
};
static const Table gpt = {.kind = TABLE_GPT};

static char *
make_root(void)
{
    char *root = g_dir_make_tmp("steel-efi-XXXXXX", NULL);
    g_autofree char *folder = g_strconcat(root, "/sys/firmware/efi/efivars", NULL);
    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    return root;
}

static char *
variable(const char *root, const char *name, size_t *size)
{
    char *data = NULL;
    g_autofree char *path = g_strconcat(root, "/sys/firmware/efi/efivars/", name, GLOBAL, NULL);
    return g_file_get_contents(path, &data, size, NULL) ? data : NULL;
}

static void
add(const char *root, const char *label)
{
    g_autoptr(GError) error = NULL;
    if (!efi_boot_add(root, &gpt, &partition, "\\EFI\\x.efi", label, &error))
        fail_msg("%s", error->message);
}

static void
an_option_has_the_partition_and_the_loader(void **state)
{
    (void)state;
    static const uint8_t uuid[16] = {0x67, 0x45, 0x23, 0x01, 0xab, 0x89, 0xef, 0xcd,
                                     0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    GByteArray *option = efi_boot_option(&gpt, &partition, "\\EFI\\x.efi", "ab");
    const uint8_t *path = option->data + 6 + 6;
    assert_memory_equal(option->data, "\1\0\0\0", 4);
    assert_int_equal(option->data[4] | option->data[5] << 8, option->len - 12);
    assert_memory_equal(option->data + 6, "a\0b\0\0\0", 6);
    assert_memory_equal(path, "\4\1\x2a\0\1\0\0\0\0\x08\0\0\0\0\0\0\0\x10", 18);
    assert_memory_equal(path + 24, uuid, 16);
    assert_memory_equal(path + 40, "\2\2\4\4", 4);
    assert_memory_equal(option->data + option->len - 4, "\x7f\xff\4\0", 4);
    g_byte_array_free(option, TRUE);
}

static void
a_new_entry_is_the_first_and_takes_the_place_of_its_namesakes(void **state)
{
    (void)state;
    size_t size = 0;
    g_autofree char *root = make_root();
    add(root, "one");
    add(root, "two");
    g_autofree char *order = variable(root, "BootOrder", &size);
    assert_int_equal(size, 8);
    assert_memory_equal(order, "\7\0\0\0\1\0\0\0", 8);
    add(root, "one");
    g_autofree char *again = variable(root, "BootOrder", &size);
    assert_int_equal(size, 8);
    assert_memory_equal(again, "\7\0\0\0\0\0\1\0", 8);
    g_autofree char *entry = variable(root, "Boot0000", &size);
    assert_non_null(entry);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_option_has_the_partition_and_the_loader),
        cmocka_unit_test(a_new_entry_is_the_first_and_takes_the_place_of_its_namesakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
