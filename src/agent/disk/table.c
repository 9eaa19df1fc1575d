/* Partition tables with libfdisk; the contract is in table.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/table.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdisk/libfdisk.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

/* Types of partitions by kind. */
static const struct {
    const char *gpt;
    unsigned mbr;
} types[] = {
    [PARTITION_LINUX] = {"0FC63DAF-8483-4772-8E79-3D69D8477DE4", 0x83},
    [PARTITION_SWAP] = {"0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", 0x82},
    [PARTITION_ESP] = {"C12A7328-F81F-11D2-BA4B-00A0C93EC93B", 0xef},
    [PARTITION_BIOS_BOOT] = {"21686148-6449-6E6F-744E-656564454649", 0x83},
    [PARTITION_PREP] = {"9E1A2D38-C612-4316-AA26-8B49521E5A8B", 0x41},
};

static bool
fail(GError **error, const char *path, const char *what, int code)
{
    return steel_fail(error, STEEL_ERROR_STORAGE, "%s: %s: %s", path, what, g_strerror(-code));
}

/* Answers no question: libfdisk then takes its own proposals. */
static int
table_on_question(struct fdisk_context *context, struct fdisk_ask *question, void *data)
{
    (void)context;
    (void)question;
    (void)data;
    return 0;
}

static struct fdisk_context *
open_disk(const char *path, bool read_only, GError **error)
{
    struct fdisk_context *context = fdisk_new_context();
    fdisk_set_ask(context, table_on_question, NULL);
    fdisk_disable_dialogs(context, 1);
    int code = fdisk_assign_device(context, path, read_only);
    if (code == 0)
        return context;
    fdisk_unref_context(context);
    fail(error, path, "the disk cannot be opened", code);
    return NULL;
}

/* libfdisk writes out this disk; it is kept from waiting for all others as well. */
static void
close_disk(struct fdisk_context *context)
{
    const int without_sync = 1;
    fdisk_deassign_device(context, without_sync);
    fdisk_unref_context(context);
}

static bool
write_table(struct fdisk_context *context, const char *path, GError **error)
{
    int code = fdisk_write_disklabel(context);
    if (code != 0)
        return fail(error, path, "the partition table cannot be written", code);
    fdisk_reread_partition_table(context); /* fails on files */
    return true;
}

/* ---- reading ---- */

static TableKind
kind_of(struct fdisk_context *context)
{
    if (!fdisk_has_label(context))
        return TABLE_NONE;
    if (fdisk_is_label(context, GPT))
        return TABLE_GPT;
    return fdisk_is_label(context, DOS) ? TABLE_MBR : TABLE_OTHER;
}

static void
copy_type(Partition *out, struct fdisk_partition *partition)
{
    struct fdisk_parttype *type = fdisk_partition_get_type(partition);
    const char *text = type != NULL ? fdisk_parttype_get_string(type) : NULL;
    if (text != NULL)
        g_strlcpy(out->type, text, sizeof out->type);
    else if (type != NULL)
        g_snprintf(out->type, sizeof out->type, "0x%02x", fdisk_parttype_get_code(type));
}

static void
copy_partition(Partition *out, struct fdisk_partition *partition, uint64_t sector)
{
    const char *uuid = fdisk_partition_get_uuid(partition);
    const char *name = fdisk_partition_get_name(partition);
    *out = (Partition){.number = (unsigned)fdisk_partition_get_partno(partition) + 1};
    out->start = fdisk_partition_get_start(partition) * sector;
    out->size = fdisk_partition_get_size(partition) * sector;
    g_strlcpy(out->uuid, uuid != NULL ? uuid : "", sizeof out->uuid);
    g_strlcpy(out->name, name != NULL ? name : "", sizeof out->name);
    copy_type(out, partition);
}

static void
read_partitions(struct fdisk_context *context, Table *table)
{
    struct fdisk_table *list = NULL;
    uint64_t sector = fdisk_get_sector_size(context);
    if (fdisk_get_partitions(context, &list) != 0)
        return;
    size_t count = fdisk_table_get_nents(list);
    for (size_t i = 0; i < count && table->count < PARTITIONS_LIMIT; i++) {
        struct fdisk_partition *partition = fdisk_table_get_partition(list, i);
        if (fdisk_partition_has_start(partition) && fdisk_partition_has_size(partition) &&
            fdisk_partition_has_partno(partition))
            copy_partition(&table->partitions[table->count++], partition, sector);
    }
    fdisk_unref_table(list);
}

static void
read_table(struct fdisk_context *context, Table *table)
{
    char *id = NULL;
    memset(table, 0, sizeof *table);
    table->kind = kind_of(context);
    table->disk_size = (uint64_t)fdisk_get_nsectors(context) * fdisk_get_sector_size(context);
    if (table->kind == TABLE_NONE)
        return;
    if (fdisk_get_disklabel_id(context, &id) == 0 && id != NULL)
        g_strlcpy(table->id, id, sizeof table->id);
    free(id);
    read_partitions(context, table);
}

char *
table_partition_device(const char *disk, unsigned number)
{
    bool digit = g_ascii_isdigit(disk[strlen(disk) - 1]);
    return g_strdup_printf("%s%s%u", disk, digit ? "p" : "", number);
}

bool
table_read(const char *path, Table *table, GError **error)
{
    struct fdisk_context *context = open_disk(path, true, error);
    if (context == NULL)
        return false;
    read_table(context, table);
    close_disk(context);
    return true;
}

bool
table_repair(const char *path, GError **error)
{
    struct fdisk_context *context = open_disk(path, false, error);
    if (context == NULL)
        return false;
    struct fdisk_label *label = fdisk_get_label(context, NULL);
    bool needed = kind_of(context) == TABLE_GPT && fdisk_label_is_changed(label);
    bool good = !needed || write_table(context, path, error);
    close_disk(context);
    return good;
}

void
table_tell_kernel(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    bool disk = fd >= 0 && fstat(fd, &status) == 0 && S_ISBLK(status.st_mode);
    if (fd < 0 || (disk && ioctl(fd, BLKRRPART) != 0))
        log_warning("agent.disk", "%s: the kernel does not read its partition table again: %s",
                    path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* ---- making partitions ---- */

static struct fdisk_parttype *
type_for(struct fdisk_context *context, PartitionKind kind)
{
    const struct fdisk_label *label = fdisk_get_label(context, NULL);
    return fdisk_is_label(context, GPT)
               ? fdisk_label_get_parttype_from_string(label, types[kind].gpt)
               : fdisk_label_get_parttype_from_code(label, types[kind].mbr);
}

static uint64_t
sectors_for(struct fdisk_context *context, uint64_t bytes)
{
    return (bytes + MIB - 1) / MIB * MIB / fdisk_get_sector_size(context);
}

/* libfdisk chooses the number and the start if they are not set. */
static struct fdisk_partition *
partition_for(struct fdisk_context *context, const PartitionPlan *plan)
{
    struct fdisk_partition *partition = fdisk_new_partition();
    struct fdisk_parttype *type = type_for(context, plan->kind);
    fdisk_partition_partno_follow_default(partition, 1);
    if (type != NULL)
        fdisk_partition_set_type(partition, type);
    fdisk_unref_parttype(type);
    if (plan->name != NULL && fdisk_is_label(context, GPT))
        fdisk_partition_set_name(partition, plan->name);
    if (plan->size > 0)
        fdisk_partition_set_size(partition, sectors_for(context, plan->size));
    else
        fdisk_partition_end_follow_default(partition, 1);
    return partition;
}

static bool
add(struct fdisk_context *context, const char *path, const PartitionPlan *plan, uint64_t start,
    size_t *number, GError **error)
{
    struct fdisk_partition *partition = partition_for(context, plan);
    if (start > 0)
        fdisk_partition_set_start(partition, start);
    else
        fdisk_partition_start_follow_default(partition, 1);
    int code = fdisk_add_partition(context, partition, number);
    fdisk_unref_partition(partition);
    if (code != 0)
        return fail(error, path, "there is no room for a partition", code);
    if (plan->bootable && fdisk_is_label(context, DOS))
        fdisk_toggle_partition_flag(context, *number, DOS_FLAG_ACTIVE);
    return true;
}

static bool
create(struct fdisk_context *context, const char *path, TableKind kind, const PartitionPlan *plans,
       size_t count, Table *table, GError **error)
{
    int code = fdisk_create_disklabel(context, kind == TABLE_GPT ? "gpt" : "dos");
    if (code != 0)
        return fail(error, path, "no partition table can be made", code);
    for (size_t i = 0; i < count; i++) {
        size_t number;
        if (!add(context, path, &plans[i], 0, &number, error))
            return false;
    }
    read_table(context, table);
    return write_table(context, path, error);
}

bool
table_create(const char *path, TableKind kind, const PartitionPlan *plans, size_t count,
             Table *table, GError **error)
{
    struct fdisk_context *context = open_disk(path, false, error);
    if (context == NULL)
        return false;
    bool good = create(context, path, kind, plans, count, table, error);
    close_disk(context);
    return good;
}

/* Whether a range is on the disk and apart from all partitions; what has the type 0 is none. */
static bool
is_free(const Table *table, uint64_t start, uint64_t size)
{
    if (start >= table->disk_size || size > table->disk_size - start)
        return false;
    for (size_t i = 0; i < table->count; i++) {
        const Partition *other = &table->partitions[i];
        if (strcmp(other->type, "0x00") != 0 && start < other->start + other->size &&
            other->start < start + size)
            return false;
    }
    return true;
}

/* The last place, in sectors, that ends before this one and is free; `found` if it lies before
 * that. */
static uint64_t
place_before(struct fdisk_context *context, const Table *table, uint64_t end, uint64_t sectors,
             uint64_t found)
{
    uint64_t sector = fdisk_get_sector_size(context), align = MIB / sector;
    uint64_t place = end >= sectors ? (end - sectors) / align * align : 0;
    bool good = place >= fdisk_get_first_lba(context) && end <= fdisk_get_last_lba(context) + 1 &&
                is_free(table, place * sector, sectors * sector);
    return good && place > found ? place : found;
}

/* Returns the start of a partition at the end of the last free range with room, or 0 if there is
 * none. The search is our own: libfdisk's ends the process for partitions before the first sector
 * that a damaged GPT calls usable, and may offer what is taken where an extended partition holds a
 * primary one. */
static uint64_t
last_place(struct fdisk_context *context, const Table *table, uint64_t sectors)
{
    uint64_t sector = fdisk_get_sector_size(context);
    uint64_t found = place_before(context, table, fdisk_get_last_lba(context) + 1, sectors, 0);
    for (size_t i = 0; i < table->count; i++)
        found = place_before(context, table, table->partitions[i].start / sector, sectors, found);
    return found;
}

static bool
add_last(struct fdisk_context *context, const char *path, const PartitionPlan *plan,
         Partition *partition, GError **error)
{
    size_t number;
    TableKind kind = kind_of(context);
    if (kind != TABLE_GPT && kind != TABLE_MBR)
        return steel_fail(error, STEEL_ERROR_STORAGE,
                          "%s has no partition table to add a partition to", path);
    Table table;
    read_table(context, &table);
    uint64_t start = last_place(context, &table, sectors_for(context, plan->size));
    if (start == 0)
        return steel_fail(error, STEEL_ERROR_STORAGE,
                          "%s has no %" G_GUINT64_FORMAT " MiB free behind its partitions", path,
                          plan->size / MIB);
    if (!add(context, path, plan, start, &number, error) || !write_table(context, path, error))
        return false;
    read_table(context, &table);
    for (size_t i = 0; i < table.count; i++)
        if (table.partitions[i].number == number + 1)
            *partition = table.partitions[i];
    return true;
}

bool
table_add_last(const char *path, const PartitionPlan *plan, Partition *partition, GError **error)
{
    struct fdisk_context *context = open_disk(path, false, error);
    if (context == NULL)
        return false;
    bool good = add_last(context, path, plan, partition, error);
    close_disk(context);
    return good;
}
