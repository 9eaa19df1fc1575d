/* Parses the qcow2 format: header, table entries, compressed clusters. Source: QEMU's
 * docs/interop/qcow2.txt. Pure; any thread.
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
    uint32_t l1_size;  /* bytes; as the disk's size needs */
    uint64_t l2_reach; /* bytes of the disk that one L2 table maps */
    bool zstd;         /* compression of clusters; otherwise deflate */
} Qcow2Header;

/* Parses and checks a header. Errors: INVALID naming what is wrong or not supported. */
bool qcow2_read_header(const uint8_t data[QCOW2_HEADER_SIZE], Qcow2Header *header,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The offset of an L2 table in the file; 0: none. */
uint64_t qcow2_table_offset(const uint8_t entry[8]);

typedef struct Qcow2Entry {
    enum { QCOW2_ZERO, QCOW2_DATA, QCOW2_COMPRESSED } kind;
    uint64_t offset;
    uint32_t size; /* COMPRESSED: an upper limit, bytes */
} Qcow2Entry;

Qcow2Entry qcow2_entry(const Qcow2Header *header, const uint8_t entry[8]);

/* Unpacks one compressed cluster. cluster: out, cluster_size bytes. Errors: INVALID. */
bool qcow2_unpack(const Qcow2Header *header, const uint8_t *data, size_t size, uint8_t *cluster,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
