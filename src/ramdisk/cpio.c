/* The "newc" cpio format; the contract is in cpio.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/cpio.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER_SIZE 110

typedef struct Entry {
    const char *path;
    uint32_t mode;
    uint32_t major, minor;
    const void *data;
    size_t size;
} Entry;

static void
pad_to_four(GByteArray *bytes)
{
    static const uint8_t zeros[4];
    g_byte_array_append(bytes, zeros, (4 - bytes->len % 4) % 4);
}

static void
append_entry(CpioWriter *writer, const Entry *entry)
{
    size_t path_size = strlen(entry->path) + 1;
    uint32_t links = S_ISDIR(entry->mode) ? 2 : 1;
    char header[HEADER_SIZE + 1];
    /* magic, inode, mode, uid, gid, links, mtime, size, device (2), special device (2), path size,
     * check */
    snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
             writer->entry_count++, entry->mode, 0U, 0U, links, 0U, (uint32_t)entry->size, 0U, 0U,
             entry->major, entry->minor, (uint32_t)path_size, 0U);
    g_byte_array_append(writer->bytes, (const uint8_t *)header, HEADER_SIZE);
    g_byte_array_append(writer->bytes, (const uint8_t *)entry->path, (guint)path_size);
    pad_to_four(writer->bytes);
    if (entry->size > 0)
        g_byte_array_append(writer->bytes, entry->data, (guint)entry->size);
    pad_to_four(writer->bytes);
}

void
cpio_begin(CpioWriter *writer)
{
    writer->bytes = g_byte_array_new();
    writer->entry_count = 1;
}

void
cpio_add_directory(CpioWriter *writer, const char *path)
{
    Entry entry = {.path = path, .mode = S_IFDIR | 0755};
    append_entry(writer, &entry);
}

void
cpio_add_file(CpioWriter *writer, const char *path, uint32_t permissions, const void *data,
              size_t size)
{
    Entry entry = {.path = path, .mode = S_IFREG | permissions, .data = data, .size = size};
    append_entry(writer, &entry);
}

void
cpio_add_symlink(CpioWriter *writer, const char *path, const char *target)
{
    Entry entry = {.path = path, .mode = S_IFLNK | 0777, .data = target, .size = strlen(target)};
    append_entry(writer, &entry);
}

void
cpio_add_character_device(CpioWriter *writer, const char *path, uint32_t permissions,
                          uint32_t major, uint32_t minor)
{
    Entry entry = {.path = path, .mode = S_IFCHR | permissions, .major = major, .minor = minor};
    append_entry(writer, &entry);
}

GByteArray *
cpio_finish(CpioWriter *writer)
{
    Entry entry = {.path = "TRAILER!!!"};
    append_entry(writer, &entry);
    return g_steal_pointer(&writer->bytes);
}
