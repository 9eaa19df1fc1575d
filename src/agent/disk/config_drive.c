/* The config drive; the contract is in config_drive.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/config_drive.h"

#include "agent/disk/filesystem.h"
#include "agent/disk/image_flow.h"
#include "stream/stage.h"

#include <string.h>

/* A stage that keeps all bytes in memory. */
typedef struct Collector {
    Stage stage;
    GByteArray *bytes; /* borrowed */
} Collector;

static bool
collector_push(Stage *stage, const uint8_t *data, size_t size, GError **error)
{
    const Collector *collector = (const Collector *)stage;
    if (size > CONFIG_DRIVE_LIMIT - collector->bytes->len)
        return steel_fail(error, STEEL_ERROR_INVALID, "the config drive is larger than 64 MiB");
    g_byte_array_append(collector->bytes, data, (guint)size);
    return true;
}

static bool
collector_finish(Stage *stage, GError **error)
{
    (void)stage;
    (void)error;
    return true;
}

static bool
unpack(const uint8_t *data, size_t size, GByteArray *out, GError **error)
{
    Collector collector = {{collector_push, collector_finish, NULL, NULL}, out};
    StageNew make = stage_for_magic(data, size);
    g_autoptr(Stage) unpacker = make != NULL ? make(&collector.stage) : NULL;
    Stage *first = unpacker != NULL ? unpacker : &collector.stage;
    return first->push(first, data, size, error) && first->finish(first, error);
}

/* True for a text of base64 characters and blanks only. */
static bool
is_base64(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!g_ascii_isalnum(text[i]) && strchr("+/=\r\n \t", text[i]) == NULL)
            return false;
    return true;
}

GByteArray *
config_drive_decode(const char *text, size_t size, GError **error)
{
    GByteArray *out = g_byte_array_new();
    gsize decoded_size = size;
    g_autofree guchar *decoded = NULL;
    const uint8_t *packed = (const uint8_t *)text;
    if (memchr(text, '\0', size) == NULL && is_base64(text, size)) {
        g_autofree char *copy = g_strndup(text, size);
        decoded = g_base64_decode(copy, &decoded_size);
        packed = decoded;
    }
    if (unpack(packed, decoded_size, out, error)) {
        if (out->len > 0)
            return out;
        steel_fail(error, STEEL_ERROR_INVALID, "it is empty");
    }
    g_prefix_error(error, "the config drive cannot be read: ");
    g_byte_array_free(out, TRUE);
    return NULL;
}

GByteArray *
config_drive_read(Agent *agent, const ImageInfo *info, const char *given, GError **error)
{
    size_t size = strlen(given);
    g_autofree char *text = NULL;
    if (g_str_has_prefix(given, "http://") || g_str_has_prefix(given, "https://")) {
        text = image_flow_text(agent, info, given, CONFIG_DRIVE_LIMIT * 3 / 2, &size, error);
        if (text == NULL)
            return NULL;
    }
    return config_drive_decode(text != NULL ? text : given, size, error);
}

bool
config_drive_write_at(const char *disk, const Partition *partition, const GByteArray *contents,
                      GError **error)
{
    g_autoptr(Sink) sink = sink_open_file(disk, error);
    if (sink == NULL)
        return false;
    g_autoptr(Sink) part = sink_window(sink, partition->start, partition->size);
    return sink_zero(part, 0, partition->size, error) &&
           sink_write(part, 0, contents->data, contents->len, error) && sink_flush(part, error);
}

/* The partition with the label, or NULL. */
static const Partition *
find_labelled(const char *disk, const Table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        Filesystem found;
        const Partition *partition = &table->partitions[i];
        if (filesystem_read(disk, partition->start, partition->size, &found, NULL) &&
            g_ascii_strcasecmp(found.label, CONFIG_DRIVE_LABEL) == 0)
            return partition;
    }
    return NULL;
}

bool
config_drive_write(const char *disk, const GByteArray *contents, GError **error)
{
    Table table;
    Partition added;
    static const PartitionPlan plan = {PARTITION_LINUX, CONFIG_DRIVE_LABEL, CONFIG_DRIVE_LIMIT,
                                       false};
    if (!table_read(disk, &table, error))
        return false;
    const Partition *partition = find_labelled(disk, &table);
    if (partition == NULL) {
        if (!table_add_last(disk, &plan, &added, error))
            return false;
        partition = &added;
    }
    return config_drive_write_at(disk, partition, contents, error);
}
