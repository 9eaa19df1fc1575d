/* Config drives have the form that their readers expect.
 * SPDX-License-Identifier: Apache-2.0 */
#include "config_drive/config_drive.h"
#include "config_drive/iso9660.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
/* after the system headers that it needs */
#include <cmocka.h>

#define SECTOR 2048u
#define UNPACKED_LIMIT (1u << 20)

static uint32_t
little(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* A record of a folder whose name is `name` in the encoding of the tree; NULL if absent. */
static const uint8_t *
find_record(const GByteArray *image, const uint8_t *folder, const char *name, bool joliet)
{
    const uint8_t *at = image->data + (size_t)little(folder + 2) * SECTOR;
    size_t length = strlen(name), width = joliet ? 2 : 1;
    for (; at[0] != 0; at += at[0]) {
        bool same = at[32] == length * width;
        for (size_t i = 0; same && i < length; i++)
            same = at[33 + i * width + width - 1] == (uint8_t)name[i];
        if (same)
            return at;
    }
    return NULL;
}

/* The contents of a file of the image, found as a reader finds it; the caller frees. NULL if
 * absent. */
static char *
read_file(const GByteArray *image, const char *path, bool joliet)
{
    const uint8_t *descriptor = image->data + (size_t)(joliet ? 17 : 16) * SECTOR;
    const uint8_t *record = descriptor + 156;
    assert_memory_equal(descriptor + 1, "CD001", 5);
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    for (char **name = names; *name != NULL && record != NULL; name++)
        record = find_record(image, record, *name, joliet);
    if (record == NULL)
        return NULL;
    return g_strndup((const char *)image->data + (size_t)little(record + 2) * SECTOR,
                     little(record + 10));
}

static GByteArray *
unpack(const char *text)
{
    gsize size = 0;
    g_autofree guchar *packed = g_base64_decode(text, &size);
    GByteArray *image = g_byte_array_new();
    g_byte_array_set_size(image, UNPACKED_LIMIT);
    z_stream stream = {.next_in = packed,
                       .avail_in = (uInt)size,
                       .next_out = image->data,
                       .avail_out = image->len};
    assert_int_equal(inflateInit2(&stream, 31), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    g_byte_array_set_size(image, image->len - stream.avail_out);
    inflateEnd(&stream);
    return image;
}

static char *
build(const char *json, GError **error)
{
    json_auto_t *drive = json_loads(json, 0, NULL);
    assert_non_null(drive);
    return config_drive_text(drive, "1be26c0b-03f2-4d2e-ae87-c02d7f33c123", "node-1", error);
}

static void
expect_file(const GByteArray *image, const char *path, const char *expected)
{
    g_autofree char *text = read_file(image, path, true);
    if (text == NULL)
        fail_msg("no file %s", path);
    assert_string_equal(text, expected);
}

static void
an_object_becomes_a_drive_with_both_layouts(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        build("{\"meta_data\": {\"hostname\": \"h\"}, \"user_data\": \"#cloud-config\\n\","
              " \"network_data\": {\"links\": []}, \"vendor_data\": {\"a\": 1}}",
              &error);
    assert_null(error);
    assert_true(config_drive_check(text, &error));
    g_autoptr(GByteArray) image = unpack(text);
    assert_memory_equal(image->data + 16 * SECTOR + 40, "config-2                ", 24);
    static const char *const versions[] = {"2012-08-10", "latest"};
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        static const char *const expected[][2] = {
            {"meta_data.json;1", "{\"hostname\": \"h\", \"name\": \"node-1\", \"uuid\": "
                                 "\"1be26c0b-03f2-4d2e-ae87-c02d7f33c123\"}"},
            {"user_data;1", "#cloud-config\n"},
            {"network_data.json;1", "{\"links\": []}"},
            {"vendor_data2.json;1", "{\"a\": 1}"},
        };
        for (size_t j = 0; j < G_N_ELEMENTS(expected); j++) {
            g_autofree char *path = g_strdup_printf("openstack/%s/%s", versions[i], expected[j][0]);
            expect_file(image, path, expected[j][1]);
        }
    }
    g_autofree char *plain = read_file(image, "OPENSTACK/2012_08_10/META_DATA.JSON;1", false);
    assert_non_null(plain);
}

static void
metadata_that_is_given_stays_and_what_is_empty_makes_no_file(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        build("{\"meta_data\": {\"uuid\": \"u\", \"name\": \"n\"}, "
              "\"user_data\": \"\", \"network_data\": {}, \"vendor_data\": null}",
              &error);
    g_autoptr(GByteArray) image = unpack(text);
    expect_file(image, "openstack/latest/meta_data.json;1", "{\"name\": \"n\", \"uuid\": \"u\"}");
    assert_null(read_file(image, "openstack/latest/user_data;1", true));
    assert_null(read_file(image, "openstack/latest/network_data.json;1", true));
    assert_null(read_file(image, "openstack/latest/vendor_data2.json;1", true));
}

static void
user_data_may_be_json(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = build("{\"user_data\": [1, \"b\"]}", &error);
    g_autoptr(GByteArray) image = unpack(text);
    expect_file(image, "openstack/latest/user_data;1", "[1, \"b\"]");
}

static void
the_same_object_makes_the_same_drive(void **state)
{
    (void)state;
    g_autofree char *first = build("{\"meta_data\": {\"a\": 1, \"b\": 2}}", NULL);
    g_autofree char *second = build("{\"meta_data\": {\"b\": 2, \"a\": 1}}", NULL);
    assert_string_equal(first, second);
}

/* base64 of a gzip stream of zeros. */
static char *
packed_zeros(size_t size)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    g_autofree uint8_t *zeros = g_malloc0(size);
    size_t room = deflateBound(&stream, size);
    g_autofree uint8_t *packed = g_malloc(room);
    stream.next_in = zeros;
    stream.avail_in = (uInt)size;
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return g_base64_encode(packed, room - stream.avail_out);
}

static void
expect_refusal(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *drive = json_string(text);
    g_autofree char *drive_text = config_drive_text(drive, "u", NULL, &error);
    if (drive_text != NULL)
        fail_msg("accepted, not refused with %s", expected);
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    if (strstr(error->message, expected) == NULL)
        fail_msg("%s", error->message);
}

static void
text_is_checked_before_an_agent_gets_it(void **state)
{
    (void)state;
    g_autofree char *largest = packed_zeros(CONFIG_DRIVE_LIMIT);
    g_autofree char *too_large = packed_zeros(CONFIG_DRIVE_LIMIT + 1);
    g_autoptr(GError) error = NULL;
    assert_true(config_drive_check(largest, &error));
    assert_true(config_drive_check("https://example.com/drive.gz", &error));
    expect_refusal(too_large, "more than 64 MiB");
    expect_refusal("", "not base64");
    expect_refusal("aGFsbG8=", "not compressed by gzip");
    char *checksum = largest + strlen(largest) - 10;
    *checksum = *checksum == 'A' ? 'B' : 'A';
    expect_refusal(largest, "damaged");
    expect_refusal("ftp://example.com/drive.gz", "http://");
}

static void
parts_that_are_too_large_are_refused(void **state)
{
    (void)state;
    g_autofree char *large = g_strnfill(CONFIG_DRIVE_LIMIT / 2, 'x');
    json_auto_t *drive = json_pack("{s:s, s:{s:s}}", "user_data", large, "meta_data", "a", large);
    g_autoptr(GError) error = NULL;
    assert_null(config_drive_text(drive, "u", NULL, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    assert_non_null(strstr(error->message, "more than 67108864 bytes"));
}

static void
paths_that_an_image_cannot_have_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       "/a",  "a//b",
                                      "a/../b", "a b", "abcdefghijklmnopqrstuvwxyz12"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        IsoFile file = {bad[i], "x", 1};
        g_autoptr(GError) error = NULL;
        assert_null(iso9660_build("label", &file, 1, 1 << 20, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    }
    IsoFile twice[] = {{"a/b", "x", 1}, {"a/b", "y", 1}};
    g_autoptr(GError) error = NULL;
    assert_null(iso9660_build("label", twice, 2, 1 << 20, &error));
    IsoFile both[] = {{"a", "x", 1}, {"a/b", "y", 1}};
    g_autoptr(GError) second = NULL;
    assert_null(iso9660_build("label", both, 2, 1 << 20, &second));
}

static void
a_folder_with_more_than_fits_is_refused(void **state)
{
    (void)state;
    IsoFile files[64];
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_ptr_array_add(paths, g_strdup_printf("folder/file-number-%02zu", i));
        files[i] = (IsoFile){paths->pdata[i], "x", 1};
    }
    g_autoptr(GError) error = NULL;
    assert_null(iso9660_build("label", files, G_N_ELEMENTS(files), 1 << 20, &error));
    assert_non_null(strstr(error->message, "too many files"));
    g_autoptr(GByteArray) image = iso9660_build("label", files, 20, 1 << 20, NULL);
    expect_file(image, "folder/file-number-19;1", "x");
}

static void
a_text_becomes_the_image_that_goes_on_a_volume(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = build("{\"user_data\": \"#!/bin/sh\\n\"}", &error);
    g_autoptr(GByteArray) expected = unpack(text), image = config_drive_image(text, &error);
    assert_non_null(image);
    assert_int_equal(image->len, expected->len);
    assert_memory_equal(image->data, expected->data, image->len);
    assert_null(config_drive_image("http://192.0.2.1/drive", &error));
    g_clear_error(&error);
    assert_null(config_drive_image("aGVsbG8=", &error));
    assert_non_null(strstr(error->message, "gzip"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_becomes_a_drive_with_both_layouts),
        cmocka_unit_test(metadata_that_is_given_stays_and_what_is_empty_makes_no_file),
        cmocka_unit_test(user_data_may_be_json),
        cmocka_unit_test(the_same_object_makes_the_same_drive),
        cmocka_unit_test(a_text_becomes_the_image_that_goes_on_a_volume),
        cmocka_unit_test(text_is_checked_before_an_agent_gets_it),
        cmocka_unit_test(parts_that_are_too_large_are_refused),
        cmocka_unit_test(paths_that_an_image_cannot_have_are_refused),
        cmocka_unit_test(a_folder_with_more_than_fits_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
