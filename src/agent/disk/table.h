/* Partition tables, by libfdisk: of block devices and of files. Where a partition lies is told in
 * bytes, so that it can be written through the whole disk, without waiting for its device node.
 *
 * Each call opens the disk, does one thing, writes it and lets the kernel read the table again.
 * Blocks on the disk.
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
    char uuid[PARTITION_TEXT]; /* of the partition; "" where the table has none */
    char type[PARTITION_TEXT]; /* GPT: UUID of the type, upper case; MBR: "0x83" */
    char name[PARTITION_TEXT]; /* GPT's; may be "" */
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
    const char *name; /* GPT's; NULL: none */
    uint64_t size;    /* bytes, made full MiB; 0: all that is left */
    bool bootable;    /* MBR's flag */
} PartitionPlan;

/* Reads the table as it is. Errors: IO, STORAGE. */
bool table_read(const char *path, Table *table, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Moves the second GPT to the end of a disk that is larger than its image; does nothing where there
 * is no need.
 * Errors: IO, STORAGE. */
bool table_repair(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a new table with partitions in this order. table: out, as it is then. Errors: IO, STORAGE
 * (no room). */
bool table_create(const char *path, TableKind kind, const PartitionPlan *plans, size_t count,
                  Table *table, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds a partition in the last free place that has room for it, at its end. partition: out.
 * Errors: IO, STORAGE (no room, no table). */
bool table_add_last(const char *path, const PartitionPlan *plan, Partition *partition,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
