/* Disks as others left them: the table is read and repaired, gets a partition more, which must
 * leave the others where they were, and filesystems are looked for and wiped.
 *
 * Bytes: flags; how many of the rest stand at the beginning of the disk (two, little end first);
 * what is left stands at its end. Sums of a GPT are made right, else no change would pass them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/filesystem.h"
#include "agent/disk/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum {
    DISK = 8 * 1024 * 1024,
    SECTOR = 512,
    /* of a GPT's header */
    HEADER_SIZE = 92,
    AT_SUM = 16,
    AT_ENTRIES = 72,
    AT_COUNT = 80,
    AT_SUM_OF_ENTRIES = 88,
    ENTRY = 128
};
enum { FLAG_KEEP_SUMS = 1, FLAG_WIPE = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* libfdisk asks for as much memory as a table says that it has entries, and takes a no. */
const char *
__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static uint64_t
number_at(const uint8_t *at, size_t size)
{
    uint64_t number = 0;
    memcpy(&number, at, size);
    return GUINT64_FROM_LE(number);
}

static void
put_sum(uint8_t *at, const uint8_t *data, uint64_t size)
{
    uint32_t sum = GUINT32_TO_LE((uint32_t)crc32(0, data, (uInt)size));
    memcpy(at, &sum, sizeof sum);
}

static void
correct_sums(uint8_t *disk, uint64_t header_at)
{
    uint8_t *header = disk + header_at;
    uint64_t entries = number_at(header + AT_ENTRIES, 8), count = number_at(header + AT_COUNT, 4);
    if (memcmp(header, "EFI PART", 8) != 0)
        return;
    if (entries < DISK / SECTOR && count <= (DISK - entries * SECTOR) / ENTRY)
        put_sum(header + AT_SUM_OF_ENTRIES, disk + entries * SECTOR, count * ENTRY);
    memset(header + AT_SUM, 0, 4);
    put_sum(header + AT_SUM, header, HEADER_SIZE);
}

static void
fill(uint8_t *disk, const uint8_t *data, size_t size)
{
    size_t rest = size - 3, first = MIN((size_t)number_at(data + 1, 2), rest);
    memcpy(disk, data + 3, first);
    memcpy(disk + DISK - (rest - first), data + 3 + first, rest - first);
    if ((data[0] & FLAG_KEEP_SUMS) != 0)
        return;
    correct_sums(disk, SECTOR);
    correct_sums(disk, DISK - SECTOR);
}

static const Partition *
find(const Table *table, unsigned number)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->partitions[i].number == number)
            return &table->partitions[i];
    return NULL;
}

static Table
read_again(const char *path)
{
    Table table;
    g_autoptr(GError) error = NULL;
    if (!table_read(path, &table, &error) || table.count > PARTITIONS_LIMIT)
        abort();
    return table;
}

/* Every partition is where it was. */
static void
check_kept(const Table *before, const Table *after)
{
    for (size_t i = 0; i < before->count; i++) {
        const Partition *was = &before->partitions[i], *is = find(after, was->number);
        if (is == NULL || is->start != was->start || is->size != was->size)
            abort();
    }
}

static void
check_apart(const Table *before, const Partition *added)
{
    if (added->start + added->size > DISK)
        abort();
    for (size_t i = 0; i < before->count; i++) {
        const Partition *other = &before->partitions[i];
        if (strcmp(other->type, "0x00") != 0 && added->start < other->start + other->size &&
            other->start < added->start + added->size)
            abort();
    }
}

static void
change(const char *path)
{
    const PartitionPlan plan = {.kind = PARTITION_LINUX, .name = "config-2", .size = 1 << 20};
    Partition added = {0};
    g_autoptr(GError) error = NULL, other = NULL;
    Table before = read_again(path);
    if (table_repair(path, &other) != (other == NULL))
        abort();
    Table repaired = read_again(path);
    check_kept(&before, &repaired);
    bool good = table_add_last(path, &plan, &added, &error);
    if (good != (error == NULL))
        abort();
    Table after = read_again(path);
    check_kept(&repaired, &after);
    if (good)
        check_apart(&repaired, &added);
}

static void
look(const char *path)
{
    Filesystem found;
    Table table = read_again(path);
    g_autoptr(GError) error = NULL;
    if (filesystem_read(path, 0, 0, &found, &error) != (error == NULL))
        abort();
    for (size_t i = 0; i < MIN(table.count, 4); i++) {
        g_autoptr(GError) mistake = NULL;
        const Partition *partition = &table.partitions[i];
        if (filesystem_read(path, partition->start, partition->size, &found, &mistake) !=
            (mistake == NULL))
            abort();
    }
}

static void
wipe(const char *path)
{
    g_autoptr(GError) error = NULL;
    if (filesystem_wipe(path, &error) != (error == NULL))
        abort();
    if (error == NULL && read_again(path).kind != TABLE_NONE)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size - 3 > DISK / 2)
        return 0;
    int fd = memfd_create("disk", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, DISK) != 0)
        abort();
    uint8_t *disk = mmap(NULL, DISK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (disk == MAP_FAILED)
        abort();
    fill(disk, data, size);
    munmap(disk, DISK);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    look(path);
    if ((data[0] & FLAG_WIPE) != 0)
        wipe(path);
    else
        change(path);
    close(fd);
    return 0;
}
