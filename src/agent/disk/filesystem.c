/* Filesystems and their signatures; the contract is in filesystem.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/filesystem.h"

#include "agent/disk/table.h"
#include "stream/sink.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define EDGE (UINT64_C(1) << 20)
#define WIPES_LIMIT 64u

/* Returns NULL if the disk cannot be opened. */
static blkid_probe
open_probe(const char *path, int flags, int *fd, GError **error)
{
    *fd = open(path, flags | O_CLOEXEC);
    if (*fd >= 0)
        return blkid_new_probe();
    steel_fail(error, STEEL_ERROR_IO, "%s cannot be opened: %s", path, g_strerror(errno));
    return NULL;
}

static void
copy_value(blkid_probe probe, const char *name, char *to, size_t size)
{
    const char *value;
    if (blkid_probe_lookup_value(probe, name, &value, NULL) == 0)
        g_strlcpy(to, value, size);
}

bool
filesystem_read(const char *path, uint64_t offset, uint64_t size, Filesystem *out, GError **error)
{
    int fd;
    blkid_probe probe = open_probe(path, O_RDONLY, &fd, error);
    *out = (Filesystem){0};
    if (probe == NULL)
        return false;
    if (blkid_probe_set_device(probe, fd, (blkid_loff_t)offset, (blkid_loff_t)size) == 0) {
        blkid_probe_enable_superblocks(probe, 1);
        blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID |
                                                     BLKID_SUBLKS_TYPE);
        if (blkid_do_safeprobe(probe) == 0) {
            copy_value(probe, "TYPE", out->type, sizeof out->type);
            copy_value(probe, "LABEL", out->label, sizeof out->label);
            copy_value(probe, "UUID", out->uuid, sizeof out->uuid);
        }
    }
    blkid_free_probe(probe);
    close(fd);
    return true;
}

/* Wipes each signature that libblkid finds in this part. */
static bool
wipe_signs(const char *path, uint64_t offset, uint64_t size, GError **error)
{
    int fd;
    blkid_probe probe = open_probe(path, O_RDWR, &fd, error);
    if (probe == NULL)
        return false;
    if (blkid_probe_set_device(probe, fd, (blkid_loff_t)offset, (blkid_loff_t)size) == 0) {
        blkid_probe_enable_superblocks(probe, 1);
        blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM);
        blkid_probe_enable_partitions(probe, 1);
        blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT);
        for (unsigned i = 0; i < WIPES_LIMIT && blkid_do_probe(probe) == 0; i++)
            if (blkid_do_wipe(probe, 0) != 0)
                break;
    }
    blkid_free_probe(probe);
    close(fd);
    return true;
}

static bool
wipe_edges(const char *path, GError **error)
{
    g_autoptr(Sink) sink = sink_open_file(path, error);
    if (sink == NULL)
        return false;
    uint64_t size = sink_size(sink), edge = MIN(EDGE, size);
    return sink_zero(sink, 0, edge, error) && sink_zero(sink, size - edge, edge, error) &&
           sink_flush(sink, error);
}

bool
filesystem_wipe(const char *path, GError **error)
{
    Table table;
    g_autoptr(GError) unreadable = NULL;
    if (table_read(path, &table, &unreadable))
        for (size_t i = 0; i < table.count; i++)
            if (!wipe_signs(path, table.partitions[i].start, table.partitions[i].size, error))
                return false;
    return wipe_signs(path, 0, 0, error) && wipe_edges(path, error);
}
