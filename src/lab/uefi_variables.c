/* The store of UEFI variables; the contract is in uefi_variables.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/uefi_variables.h"

#include "common/error.h"

#include <string.h>

/* Of the firmware volume and of the store in it. */
enum { VOLUME_SIGNATURE = 40, VOLUME_HEADER_LENGTH = 48, VOLUME_HEADER_MIN = 56 };
enum { STORE_SIZE = 16, STORE_HEADER = 28, GUID_SIZE = 16 };
/* Of a variable. */
enum {
    VARIABLE_START = 0x55aa,
    VARIABLE_STATE = 2,
    VARIABLE_ATTRIBUTES = 4,
    VARIABLE_NAME_SIZE = 36,
    VARIABLE_DATA_SIZE = 40,
    VARIABLE_VENDOR = 44,
    VARIABLE_HEADER = 60,
    VARIABLE_ALIGNMENT = 4
};
enum { STATE_ADDED = 0x3f, STATE_DELETED = 0xfd }; /* a deletion clears a bit of flash */
/* Kept without power, seen by firmware and system. */
enum { ATTRIBUTES_BOOT = 7, LOAD_OPTION_ACTIVE = 1 };
enum { PATH_MESSAGING = 3, PATH_URI = 24, PATH_END = 0x7f, PATH_END_ALL = 0xff, PATH_HEADER = 4 };

#define ENTRY_NUMBER 0x4c41 /* "LA": far from the numbers that firmware and systems take */
#define ENTRY_NAME "Boot4C41"
#define NEXT_NAME "BootNext"
#define ENTRY_TITLE "UEFI HTTP boot"

static const uint8_t store_guid[GUID_SIZE] = {0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43,
                                              0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92};
static const uint8_t global_guid[GUID_SIZE] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                               0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};

static uint16_t
get_16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t
get_32(const uint8_t *at)
{
    return get_16(at) | (uint32_t)get_16(at + 2) << 16;
}

static void
add_16(GByteArray *bytes, uint16_t value)
{
    const uint8_t raw[] = {(uint8_t)value, (uint8_t)(value >> 8)};
    g_byte_array_append(bytes, raw, sizeof raw);
}

static void
add_32(GByteArray *bytes, uint32_t value)
{
    add_16(bytes, (uint16_t)value);
    add_16(bytes, (uint16_t)(value >> 16));
}

static void
add_zeros(GByteArray *bytes, size_t count)
{
    size_t before = bytes->len;
    g_byte_array_set_size(bytes, (guint)(before + count));
    memset(bytes->data + before, 0, count);
}

/* UTF-16 of ASCII, with the zero at its end. */
static void
add_text(GByteArray *bytes, const char *text)
{
    for (; *text != '\0'; text++)
        add_16(bytes, (uint8_t)*text);
    add_16(bytes, 0);
}

/* ---- the store ---- */

typedef struct Store {
    uint8_t *data;
    size_t at, end; /* the first variable; behind the last byte */
} Store;

static bool
find_store(uint8_t *data, size_t size, Store *store, GError **error)
{
    size_t header = size >= VOLUME_HEADER_MIN ? get_16(data + VOLUME_HEADER_LENGTH) : 0;
    if (header < VOLUME_HEADER_MIN || memcmp(data + VOLUME_SIGNATURE, "_FVH", 4) != 0 ||
        header + STORE_HEADER > size || memcmp(data + header, store_guid, GUID_SIZE) != 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "it is no store of UEFI variables");
    size_t length = get_32(data + header + STORE_SIZE);
    if (length < STORE_HEADER || length > size - header)
        return steel_fail(error, STEEL_ERROR_INVALID, "the store of UEFI variables is cut off");
    *store = (Store){data, header + STORE_HEADER, header + length};
    return true;
}

/* The size of the variable at this place; 0: there is none. */
static size_t
variable_size(const Store *store, size_t at)
{
    const uint8_t *head = store->data + at;
    if (store->end - at < VARIABLE_HEADER || get_16(head) != VARIABLE_START)
        return 0;
    uint64_t whole = VARIABLE_HEADER + (uint64_t)get_32(head + VARIABLE_NAME_SIZE) +
                     get_32(head + VARIABLE_DATA_SIZE);
    whole += (VARIABLE_ALIGNMENT - whole % VARIABLE_ALIGNMENT) % VARIABLE_ALIGNMENT;
    return whole <= store->end - at ? (size_t)whole : 0;
}

static bool
has_name(const uint8_t *head, const char *name)
{
    size_t length = strlen(name) + 1;
    if (get_32(head + VARIABLE_NAME_SIZE) != 2 * length ||
        memcmp(head + VARIABLE_VENDOR, global_guid, GUID_SIZE) != 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (get_16(head + VARIABLE_HEADER + 2 * i) != (uint8_t)name[i])
            return false;
    return true;
}

/* Where the free room begins. */
static size_t
find_end(const Store *store)
{
    size_t at = store->at, size;
    while ((size = variable_size(store, at)) > 0)
        at += size;
    return at;
}

static void
delete_ours(Store *store)
{
    size_t size;
    for (size_t at = store->at; (size = variable_size(store, at)) > 0; at += size)
        if (has_name(store->data + at, ENTRY_NAME) || has_name(store->data + at, NEXT_NAME))
            store->data[at + VARIABLE_STATE] &= STATE_DELETED;
}

/* ---- what is written ---- */

static void
add_variable(GByteArray *bytes, const char *name, const GByteArray *content)
{
    add_16(bytes, VARIABLE_START);
    add_16(bytes, STATE_ADDED);
    add_32(bytes, ATTRIBUTES_BOOT);
    add_zeros(bytes, VARIABLE_NAME_SIZE - VARIABLE_ATTRIBUTES - sizeof(uint32_t));
    add_32(bytes, (uint32_t)(2 * (strlen(name) + 1)));
    add_32(bytes, content->len);
    g_byte_array_append(bytes, global_guid, GUID_SIZE);
    add_text(bytes, name);
    g_byte_array_append(bytes, content->data, content->len);
    while (bytes->len % VARIABLE_ALIGNMENT != 0)
        g_byte_array_append(bytes, (const uint8_t *)"\xff", 1);
}

/* A load option whose path is the URL alone: the firmware finds the card. */
static GByteArray *
load_option(const char *url)
{
    const uint8_t end[] = {PATH_END, PATH_END_ALL, PATH_HEADER, 0};
    const uint8_t kind[] = {PATH_MESSAGING, PATH_URI};
    GByteArray *option = g_byte_array_new();
    size_t length = PATH_HEADER + strlen(url);
    add_32(option, LOAD_OPTION_ACTIVE);
    add_16(option, (uint16_t)(length + sizeof end));
    add_text(option, ENTRY_TITLE);
    g_byte_array_append(option, kind, sizeof kind);
    add_16(option, (uint16_t)length);
    g_byte_array_append(option, (const uint8_t *)url, (guint)strlen(url));
    g_byte_array_append(option, end, sizeof end);
    return option;
}

static GByteArray *
entry_and_next(const char *url)
{
    GByteArray *bytes = g_byte_array_new();
    g_autoptr(GByteArray) option = load_option(url), next = g_byte_array_new();
    add_16(next, ENTRY_NUMBER);
    add_variable(bytes, ENTRY_NAME, option);
    add_variable(bytes, NEXT_NAME, next);
    return bytes;
}

bool
uefi_variables_set_next_url(uint8_t *data, size_t size, const char *url, GError **error)
{
    Store store = {0};
    if (url != NULL && (strlen(url) > UEFI_URL_MAX || !g_str_is_ascii(url)))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "a URL for the firmware has at most %d characters of ASCII",
                          UEFI_URL_MAX);
    if (!find_store(data, size, &store, error))
        return false;
    g_autoptr(GByteArray) bytes = url != NULL ? entry_and_next(url) : g_byte_array_new();
    size_t at = find_end(&store);
    if (bytes->len > store.end - at)
        return steel_fail(error, STEEL_ERROR_TOO_LARGE,
                          "the store of UEFI variables has no room for a boot entry");
    delete_ours(&store);
    if (bytes->len > 0)
        memcpy(data + at, bytes->data, bytes->len);
    return true;
}

bool
uefi_variables_file_set_next_url(const char *path, const char *url, GError **error)
{
    char *text = NULL;
    gsize size = 0;
    g_autoptr(GError) cause = NULL;
    if (!g_file_get_contents(path, &text, &size, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    bool good = uefi_variables_set_next_url((uint8_t *)text, size, url, error);
    if (good && !g_file_set_contents(path, text, (gssize)size, &cause))
        good = steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    g_free(text);
    return good;
}
