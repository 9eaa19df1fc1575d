/* Config drives; the contract is in config_drive.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "config_drive/config_drive.h"

#include "common/secret.h"
#include "config_drive/iso9660.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define LABEL "config-2"
#define PIECE (64u << 10)
#define GZIP_WINDOW (15 + 16)

/* A member of the object that describes a drive, and its file in the drive. */
typedef struct PartRow {
    const char *key, *file;
} PartRow;

static const PartRow parts[] = {
    {"meta_data",    "meta_data.json"},
    {"user_data",    "user_data"},
    {"network_data", "network_data.json"},
    {"vendor_data",  "vendor_data2.json"},
};

static const char *const versions[] = {"2012-08-10", "latest"};

#define FILE_COUNT (G_N_ELEMENTS(parts) * G_N_ELEMENTS(versions))

bool
config_drive_is_url(const char *text)
{
    return g_str_has_prefix(text, "http://") || g_str_has_prefix(text, "https://");
}

/* ---- checking ---- */

/* Unpacks the data and counts its bytes. Returns false if it is damaged, has trailing bytes, or
 * exceeds the limit. */
static bool
count_unpacked(z_stream *stream, size_t *total)
{
    uint8_t piece[PIECE];
    int result = Z_OK;
    while (result == Z_OK && *total <= CONFIG_DRIVE_LIMIT) {
        stream->next_out = piece;
        stream->avail_out = sizeof piece;
        result = inflate(stream, Z_NO_FLUSH);
        *total += sizeof piece - stream->avail_out;
    }
    return result == Z_STREAM_END;
}

static bool
check_gzip(uint8_t *data, size_t size, GError **error)
{
    z_stream stream = {.next_in = data, .avail_in = (uInt)size};
    size_t total = 0;
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "zlib cannot be used");
    bool whole = count_unpacked(&stream, &total);
    inflateEnd(&stream);
    if (total > CONFIG_DRIVE_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the config drive has more than %u MiB when it is unpacked",
                          CONFIG_DRIVE_LIMIT >> 20);
    return whole ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the config drive is not compressed by gzip, or it is damaged; make it "
                      "with: gzip -c IMAGE | base64 -w 0");
}

bool
config_drive_check(const char *text, GError **error)
{
    if (config_drive_is_url(text))
        return true;
    if (strstr(text, "://") != NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the URL of a config drive begins with http:// or https://");
    gsize size = 0;
    g_autofree guchar *data = g_base64_decode(text, &size);
    if (size == 0 || size > UINT32_MAX)
        return steel_fail(error, STEEL_ERROR_INVALID, "the config drive is not base64");
    return check_gzip(data, size, error);
}

/* ---- unpacking ---- */

#define SECTOR 512u

/* What has been checked. */
static GByteArray *
unpack(uint8_t *data, size_t size)
{
    z_stream stream = {.next_in = data, .avail_in = (uInt)size};
    GByteArray *image = g_byte_array_new();
    uint8_t piece[PIECE];
    int result = inflateInit2(&stream, GZIP_WINDOW);
    while (result == Z_OK) {
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        result = inflate(&stream, Z_NO_FLUSH);
        g_byte_array_append(image, piece, (guint)(sizeof piece - stream.avail_out));
    }
    inflateEnd(&stream);
    return image;
}

static void
pad(GByteArray *image)
{
    static const uint8_t zeros[SECTOR];
    guint rest = image->len % SECTOR;
    if (rest > 0)
        g_byte_array_append(image, zeros, SECTOR - rest);
}

GByteArray *
config_drive_image(const char *text, GError **error)
{
    gsize size = 0;
    if (config_drive_is_url(text)) {
        steel_fail(error, STEEL_ERROR_INVALID, "the config drive is a URL");
        return NULL;
    }
    if (!config_drive_check(text, error))
        return NULL;
    g_autofree guchar *data = g_base64_decode(text, &size);
    GByteArray *image = unpack(data, size);
    pad(image);
    return image;
}

/* ---- building ---- */

/* The file of one member: a text unchanged, other values as JSON; NULL if absent. */
static char *
part_text(const json_t *value)
{
    if (json_is_string(value))
        return json_string_length(value) > 0 ? g_strdup(json_string_value(value)) : NULL;
    bool empty = json_is_object(value) ? json_object_size(value) == 0 : json_array_size(value) == 0;
    if (empty)
        return NULL;
    char *text = json_dumps(value, JSON_SORT_KEYS);
    char *copy = g_strdup(text);
    free(text);
    return copy;
}

static void
text_free(void *text)
{
    secret_free(text);
}

/* The metadata with its required members; a new reference. */
static json_t *
meta_data_of(const json_t *drive, const char *node_uuid, const char *node_name)
{
    const json_t *given = json_object_get(drive, "meta_data");
    json_t *meta_data = json_is_object(given) ? json_deep_copy(given) : json_object();
    if (json_object_get(meta_data, "uuid") == NULL)
        json_object_set_new(meta_data, "uuid", json_string(node_uuid));
    if (node_name != NULL && json_object_get(meta_data, "name") == NULL)
        json_object_set_new(meta_data, "name", json_string(node_name));
    return meta_data;
}

/* gzip, without a name or time. */
static GByteArray *
compress_image(const GByteArray *image, GError **error)
{
    z_stream stream = {.next_in = image->data, .avail_in = image->len};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        steel_fail(error, STEEL_ERROR_INTERNAL, "zlib cannot be used");
        return NULL;
    }
    GByteArray *packed = g_byte_array_new();
    g_byte_array_set_size(packed, (guint)deflateBound(&stream, image->len));
    stream.next_out = packed->data;
    stream.avail_out = packed->len;
    deflate(&stream, Z_FINISH); /* the buffer has room for all output */
    g_byte_array_set_size(packed, packed->len - stream.avail_out);
    deflateEnd(&stream);
    return packed;
}

static char *
image_text(const IsoFile *files, size_t count, GError **error)
{
    g_autoptr(GByteArray) image = iso9660_build(LABEL, files, count, CONFIG_DRIVE_LIMIT, error);
    if (image == NULL) {
        g_prefix_error(error, "the config drive cannot be built: ");
        return NULL;
    }
    g_autoptr(GByteArray) packed = compress_image(image, error);
    return packed != NULL ? g_base64_encode(packed->data, packed->len) : NULL;
}

static char *
build(const json_t *drive, const char *node_uuid, const char *node_name, GError **error)
{
    IsoFile files[FILE_COUNT];
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(text_free); /* paths and contents */
    json_auto_t *meta_data = meta_data_of(drive, node_uuid, node_name);
    size_t count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        const json_t *value = i == 0 ? meta_data : json_object_get(drive, parts[i].key);
        char *text = part_text(value);
        if (text == NULL)
            continue;
        g_ptr_array_add(kept, text);
        for (size_t version = 0; version < G_N_ELEMENTS(versions); version++) {
            char *path = g_strdup_printf("openstack/%s/%s", versions[version], parts[i].file);
            g_ptr_array_add(kept, path);
            files[count++] = (IsoFile){path, text, strlen(text)};
        }
    }
    return image_text(files, count, error);
}

char *
config_drive_text(const json_t *drive, const char *node_uuid, const char *node_name, GError **error)
{
    if (json_is_object(drive))
        return build(drive, node_uuid, node_name, error);
    const char *text = json_string_value(drive);
    if (text != NULL && config_drive_check(text, error))
        return g_strdup(text);
    if (text == NULL)
        steel_fail(error, STEEL_ERROR_INVALID, "a config drive is a URL, base64 text or an object");
    return NULL;
}
