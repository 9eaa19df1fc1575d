/* Filesystems and swap; the contract is in make_filesystem.h.
 *
 * The programs get the partition's offset in the disk: its device node may not exist yet.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/make_filesystem.h"

#include "common/process.h"
#include "common/secret.h"
#include "stream/sink.h"

#include <string.h>

enum { PAGE = 4096, LIMIT_MS = 600000 };

static bool
run(const char *const *argv, GError **error)
{
    const ProcessSpec spec = {.argv = argv, .timeout_ms = LIMIT_MS};
    return process_run(&spec, NULL, error);
}

static bool
make_vfat(const char *disk, const Partition *partition, const char *label, GError **error)
{
    g_autofree char *sector = g_strdup_printf("%" G_GUINT64_FORMAT, partition->start / 512);
    g_autofree char *blocks = g_strdup_printf("%" G_GUINT64_FORMAT, partition->size / 1024);
    const char *const argv[] = {"mkfs.vfat", "-I",      "--offset", sector, "-n",
                                label,       "--mbr=n", disk,       blocks, NULL};
    return run(argv, error);
}

static bool
make_ext(const char *disk, const Partition *partition, const char *format, const char *label,
         GError **error)
{
    g_autofree char *offset = g_strdup_printf("offset=%" G_GUINT64_FORMAT, partition->start);
    g_autofree char *blocks = g_strdup_printf("%" G_GUINT64_FORMAT "k", partition->size / 1024);
    const char *const argv[] = {"mke2fs", "-q", "-F",   "-t", format, "-L",
                                label,    "-E", offset, disk, blocks, NULL};
    return run(argv, error);
}

bool
make_filesystem(const char *disk, const Partition *partition, const char *format, const char *label,
                GError **error)
{
    if (strcmp(format, "vfat") == 0)
        return make_vfat(disk, partition, label, error);
    if (strcmp(format, "ext2") == 0 || strcmp(format, "ext3") == 0 || strcmp(format, "ext4") == 0)
        return make_ext(disk, partition, format, label, error);
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "a filesystem of format '%.40s' cannot be made: ext2, ext3, ext4 or vfat",
                      format);
}

/* The head of swap space, version 1 (linux/swap.h): behind 1024 bytes for a boot loader version,
 * last page, number of bad pages, UUID, label; at the end of the page its sign. */
typedef struct SwapHead {
    uint8_t boot[1024];
    uint32_t version, last_page, bad_pages;
    uint8_t uuid[16];
    char label[16];
    uint8_t rest[PAGE - 1024 - 12 - 32 - 10];
    char sign[10];
} SwapHead;

bool
make_swap(const char *disk, const Partition *partition, const char *label, GError **error)
{
    SwapHead head = {.version = 1};
    G_STATIC_ASSERT(sizeof head == PAGE);
    head.last_page = (uint32_t)MIN(partition->size / PAGE - 1, UINT32_MAX);
    secret_random(head.uuid, sizeof head.uuid);
    head.uuid[6] = (uint8_t)((head.uuid[6] & 0x0f) | 0x40);
    head.uuid[8] = (uint8_t)((head.uuid[8] & 0x3f) | 0x80);
    memcpy(head.label, label, MIN(strlen(label), sizeof head.label - 1));
    memcpy(head.sign, "SWAPSPACE2", sizeof head.sign);
    g_autoptr(Sink) sink = sink_open_file(disk, error);
    if (sink == NULL)
        return false;
    g_autoptr(Sink) part = sink_window(sink, partition->start, partition->size);
    return sink_write(part, 0, &head, sizeof head, error) && sink_flush(part, error);
}
