/* Words of the qcow2 format (qemu's docs/interop/qcow2.txt): header, table entries, compressed
 * clusters. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes that qcow2_read_header reads. */
#define QCOW2_HEADER_SIZE 112u

typedef struct Qcow2Header {
    uint64_t size; /* of the disk, bytes */
    uint32_t cluster_bits, cluster_size;
    uint64_t l1_offset;
    uint32_t l1_size;  /* bytes; as much as the disk's size needs */
    uint64_t l2_reach; /* bytes of the disk that one L2 table maps */
    bool zstd;         /* of compressed clusters; else deflate */
} Qcow2Header;

/* Errors: INVALID saying what of it is not supported or wrong. */
bool qcow2_read_header(const uint8_t data[QCOW2_HEADER_SIZE], Qcow2Header *header,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The place of an L2 table; 0: none. */
uint64_t qcow2_table_offset(const uint8_t entry[8]);

typedef struct Qcow2Entry {
    enum { QCOW2_ZERO, QCOW2_DATA, QCOW2_COMPRESSED } kind;
    uint64_t offset;
    uint32_t size; /* of COMPRESSED: at most so many bytes */
} Qcow2Entry;

Qcow2Entry qcow2_entry(const Qcow2Header *header, const uint8_t entry[8]);

/* Unpacks one cluster. cluster: out, cluster_size bytes. Errors: INVALID. */
bool qcow2_unpack(const Qcow2Header *header, const uint8_t *data, size_t size, uint8_t *cluster,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
