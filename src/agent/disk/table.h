/* Partition tables of block devices and files, with libfdisk. A partition's place is in bytes of
 * the disk: the agent writes it through the disk's device and need not wait for the partition's.
 *
 * Each call opens the disk, reads or changes the table, and makes the kernel read a changed one
 * again. Blocks on the disk.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

#define PARTITIONS_LIMIT 128u
#define PARTITION_TEXT 64

typedef enum PartitionKind {
    PARTITION_LINUX,
    PARTITION_SWAP,
    PARTITION_ESP,
    PARTITION_BIOS_BOOT,
    PARTITION_PREP
} PartitionKind;

typedef struct Partition {
    unsigned number; /* 1, … */
    uint64_t start, size;
    char uuid[PARTITION_TEXT]; /* of the partition; "" if the table has none */
    char type[PARTITION_TEXT]; /* GPT: UUID of the type, upper case; MBR: "0x83" */
    char name[PARTITION_TEXT]; /* GPT; may be "" */
} Partition;

typedef enum TableKind { TABLE_NONE, TABLE_GPT, TABLE_MBR, TABLE_OTHER } TableKind;

typedef struct Table {
    TableKind kind;
    char id[PARTITION_TEXT]; /* GPT: UUID; MBR: "0x1234abcd" */
    uint64_t disk_size;
    size_t count;
    Partition partitions[PARTITIONS_LIMIT];
} Table;

typedef struct PartitionPlan {
    PartitionKind kind;
    const char *name; /* GPT; NULL: none */
    uint64_t size;    /* bytes, rounded up to MiB; 0: the rest of the disk */
    bool bootable;    /* MBR: the active flag */
} PartitionPlan;

/* The device of a partition: "/dev/vda1", "/dev/nvme0n1p1"; the caller frees. Pure. */
char *table_partition_device(const char *disk, unsigned number);

/* Reads the table. Errors: IO, STORAGE. */
bool table_read(const char *path, Table *table, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Moves the second GPT to the end of a disk that is larger than its image. Does nothing if it is at
 * the end already, or if the table is no GPT.
 * Errors: IO, STORAGE. */
bool table_repair(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the kernel read the table again, so that the partitions have their devices. Call it after
 * a whole image was written, by this process or another one. Does nothing for files. Returns when
 * the devices are there; what hinders it is logged. */
void table_tell_kernel(const char *path);

/* Makes a new table with these partitions in this order. table: out, the new table. Errors: IO,
 * STORAGE (no room). */
bool table_create(const char *path, TableKind kind, const PartitionPlan *plans, size_t count,
                  Table *table, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds a partition at the end of the last free range that has room for it. partition: out.
 * Errors: IO, STORAGE (no room, no table). */
bool table_add_last(const char *path, const PartitionPlan *plan, Partition *partition,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
