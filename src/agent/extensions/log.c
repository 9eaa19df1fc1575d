/* Extension "log": what the service keeps of a ramdisk.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/extensions/extensions.h"
#include "agent/hardware/sysfs.h"
#include "agent/log_file.h"

#include <string.h>
#include <sys/klog.h>
#include <zlib.h>

enum {
    TAR_BLOCK = 512,
    FILE_LIMIT = 4 * 1024 * 1024,
    KERNEL_LOG_LIMIT = 1024 * 1024,
    KERNEL_LOG_READ = 3, /* syslog(2): read all */
};

/* The head of a file in an archive (POSIX ustar). */
typedef struct TarHead {
    char name[100], mode[8], uid[8], gid[8], size[12], time[12], sum[8], type, link[100], magic[6],
        version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
} TarHead;

static void
append_file(GByteArray *tar, const char *name, const void *data, size_t size)
{
    static const uint8_t zeros[TAR_BLOCK];
    TarHead head = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
    unsigned sum = 0;
    g_strlcpy(head.name, name, sizeof head.name);
    g_snprintf(head.mode, sizeof head.mode, "0000644");
    g_snprintf(head.uid, sizeof head.uid, "0000000");
    g_snprintf(head.gid, sizeof head.gid, "0000000");
    g_snprintf(head.size, sizeof head.size, "%011zo", size);
    g_snprintf(head.time, sizeof head.time, "%011o", 0);
    memset(head.sum, ' ', sizeof head.sum);
    for (size_t i = 0; i < sizeof head; i++)
        sum += ((const uint8_t *)&head)[i];
    g_snprintf(head.sum, sizeof head.sum, "%06o", sum);
    g_byte_array_append(tar, (const uint8_t *)&head, sizeof head);
    g_byte_array_append(tar, data, (guint)size);
    g_byte_array_append(tar, zeros, (guint)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK));
}

static void
append_path(GByteArray *tar, const char *root, const char *name, const char *path)
{
    size_t size = 0;
    g_autofree uint8_t *data = sysfs_read_bytes(root, path, FILE_LIMIT, &size);
    if (data != NULL)
        append_file(tar, name, data, size);
}

static void
append_kernel_log(GByteArray *tar)
{
    g_autofree char *text = g_malloc(KERNEL_LOG_LIMIT);
    int size = klogctl(KERNEL_LOG_READ, text, KERNEL_LOG_LIMIT);
    if (size > 0)
        append_file(tar, "dmesg", text, (size_t)size);
}

static GByteArray *
make_archive(const Agent *agent)
{
    static const uint8_t end[2 * TAR_BLOCK];
    static const struct {
        const char *name, *path;
    } files[] = {
        {"partitions", "/proc/partitions"},
        {"mdstat",     "/proc/mdstat"},
        {"mounts",     "/proc/mounts"},
        {"modules",    "/proc/modules"},
        {"route",      "/proc/net/route"},
        {"meminfo",    "/proc/meminfo"},
    };
    GByteArray *tar = g_byte_array_new();
    if (log_file_path() != NULL)
        append_path(tar, "", "agent.log", log_file_path());
    append_kernel_log(tar);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        append_path(tar, agent->root, files[i].name, files[i].path);
    g_byte_array_append(tar, end, sizeof end);
    return tar;
}

/* gzip, as base64; the caller frees. */
static char *
pack(const GByteArray *tar)
{
    z_stream z = {0};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        g_error("zlib has no memory");
    size_t limit = deflateBound(&z, tar->len);
    g_autofree uint8_t *packed = g_malloc(limit);
    z.next_in = tar->data;
    z.avail_in = tar->len;
    z.next_out = packed;
    z.avail_out = (uInt)limit;
    deflate(&z, Z_FINISH);
    char *text = g_base64_encode(packed, limit - z.avail_out);
    deflateEnd(&z);
    return text;
}

/* The kernel's command line is not in the archive: it may hold the token. */
static json_t *
log_collect(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)params;
    (void)progress;
    (void)error;
    GByteArray *tar = make_archive(agent);
    g_autofree char *text = pack(tar);
    g_byte_array_free(tar, TRUE);
    return json_pack("{s:s}", "system_logs", text);
}

const ExtensionCommand extension_log[] = {
    {AGENT_COMMAND_LOG_COLLECT, log_collect},
    {AGENT_COMMAND_COUNT, NULL},
};
