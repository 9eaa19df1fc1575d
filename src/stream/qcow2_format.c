/* Words of the qcow2 format; the contract is in qcow2_format.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/qcow2_format.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
    CLUSTER_BITS_LEAST = 9,
    CLUSTER_BITS_MOST = 21,
    L1_LIMIT = 1024 * 1024, /* bytes of the table */
};
#define SIZE_LIMIT (UINT64_C(1) << 56)
#define OFFSET_MASK UINT64_C(0x00fffffffffffe00)
#define COMPRESSED_FLAG (UINT64_C(1) << 62)
#define ZERO_FLAG UINT64_C(1)
/* Incompatible features of version 3. */
#define FEATURE_DIRTY UINT64_C(1)
#define FEATURE_COMPRESSION UINT64_C(8)

static uint32_t
read_32(const uint8_t *data)
{
    uint32_t value;
    memcpy(&value, data, sizeof value);
    return GUINT32_FROM_BE(value);
}

static uint64_t
read_64(const uint8_t *data)
{
    uint64_t value;
    memcpy(&value, data, sizeof value);
    return GUINT64_FROM_BE(value);
}

static bool
refuse(GError **error, const char *what)
{
    return steel_fail(error, STEEL_ERROR_INVALID, "the qcow2 image %s", what);
}

static bool
read_features(const uint8_t *data, Qcow2Header *header, GError **error)
{
    static const struct {
        uint64_t bit;
        const char *text;
    } refused[] = {
        {2,  "is marked as damaged"},
        {4,  "has its data in another file, which is not allowed"},
        {16, "has extended L2 entries, which are not supported"},
    };
    uint64_t features = read_64(data + 72);
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
        if (features & refused[i].bit)
            return refuse(error, refused[i].text);
    if (features & ~(FEATURE_DIRTY | FEATURE_COMPRESSION))
        return refuse(error, "has features that are not known");
    header->zstd = (features & FEATURE_COMPRESSION) && read_32(data + 100) > 104 && data[104] == 1;
    if ((features & FEATURE_COMPRESSION) && data[104] > 1)
        return refuse(error, "is compressed in a way that is not known");
    return true;
}

/* The table must cover the whole disk; further entries are ignored. */
static bool
read_l1_place(const uint8_t *data, Qcow2Header *header, GError **error)
{
    uint64_t entries = header->size / header->l2_reach + (header->size % header->l2_reach != 0);
    if (entries > L1_LIMIT / 8)
        return refuse(error, "is of a disk too large for its clusters");
    if (read_32(data + 36) < entries)
        return refuse(error, "has an L1 table that is too short for its disk");
    header->l1_size = (uint32_t)entries * 8;
    header->l1_offset = read_64(data + 40);
    if (entries > 0 && (header->l1_offset == 0 || header->l1_offset > SIZE_LIMIT))
        return refuse(error, "has no L1 table");
    return true;
}

bool
qcow2_read_header(const uint8_t data[QCOW2_HEADER_SIZE], Qcow2Header *header, GError **error)
{
    *header = (Qcow2Header){.size = read_64(data + 24), .cluster_bits = read_32(data + 20)};
    uint32_t version = read_32(data + 4);
    if (memcmp(data, "QFI\xfb", 4) != 0)
        return refuse(error, "is none: it does not begin as one");
    if (version != 2 && version != 3)
        return refuse(error, "is of a version that is not known");
    if (read_64(data + 8) != 0 || read_32(data + 16) != 0)
        return refuse(error, "has a backing file, which is not allowed");
    if (header->cluster_bits < CLUSTER_BITS_LEAST || header->cluster_bits > CLUSTER_BITS_MOST)
        return refuse(error, "has clusters of a size that is not allowed");
    if (header->size > SIZE_LIMIT)
        return refuse(error, "is of a disk larger than any");
    if (read_32(data + 32) != 0)
        return refuse(error, "is encrypted");
    if (version == 3 && !read_features(data, header, error))
        return false;
    header->cluster_size = UINT32_C(1) << header->cluster_bits;
    header->l2_reach = (uint64_t)header->cluster_size * (header->cluster_size / 8);
    return read_l1_place(data, header, error);
}

uint64_t
qcow2_table_offset(const uint8_t entry[8])
{
    return read_64(entry) & OFFSET_MASK;
}

Qcow2Entry
qcow2_entry(const Qcow2Header *header, const uint8_t entry[8])
{
    uint64_t value = read_64(entry);
    if (value & COMPRESSED_FLAG) {
        unsigned offset_bits = 62 - (header->cluster_bits - 8);
        uint64_t offset = value & ((UINT64_C(1) << offset_bits) - 1) & (SIZE_LIMIT - 1);
        uint64_t sectors = (value & (COMPRESSED_FLAG - 1)) >> offset_bits;
        uint64_t size = (sectors + 1) * 512 - (offset & 511);
        return (Qcow2Entry){QCOW2_COMPRESSED, offset, (uint32_t)size};
    }
    uint64_t offset = value & OFFSET_MASK;
    if (offset == 0 || (value & ZERO_FLAG))
        return (Qcow2Entry){QCOW2_ZERO, 0, 0};
    return (Qcow2Entry){QCOW2_DATA, offset, header->cluster_size};
}

static bool
inflate_cluster(const uint8_t *data, size_t size, uint8_t *cluster, size_t cluster_size)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)data,
                  .avail_in = (uInt)size,
                  .next_out = cluster,
                  .avail_out = (uInt)cluster_size};
    if (inflateInit2(&z, -12) != Z_OK)
        return false;
    int code = inflate(&z, Z_FINISH);
    bool good = (code == Z_STREAM_END || code == Z_BUF_ERROR) && z.avail_out == 0;
    inflateEnd(&z);
    return good;
}

/* Bytes behind the packed data in its last sector belong to another cluster. */
static bool
unzstd_cluster(const uint8_t *data, size_t size, uint8_t *cluster, size_t cluster_size)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer input = {data, size, 0};
    ZSTD_outBuffer output = {cluster, cluster_size, 0};
    size_t code = 1;
    if (stream == NULL)
        return false;
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, CLUSTER_BITS_MOST + 6);
    while (output.pos < cluster_size && input.pos < size && code != 0 && !ZSTD_isError(code))
        code = ZSTD_decompressStream(stream, &output, &input);
    ZSTD_freeDStream(stream);
    return !ZSTD_isError(code) && output.pos == cluster_size;
}

bool
qcow2_unpack(const Qcow2Header *header, const uint8_t *data, size_t size, uint8_t *cluster,
             GError **error)
{
    bool good = header->zstd ? unzstd_cluster(data, size, cluster, header->cluster_size)
                             : inflate_cluster(data, size, cluster, header->cluster_size);
    return good || refuse(error, "has a compressed cluster that cannot be unpacked");
}
