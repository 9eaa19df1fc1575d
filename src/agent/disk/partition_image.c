/* Images of one filesystem; the contract is in partition_image.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/partition_image.h"

#include "agent/disk/config_drive.h"
#include "agent/disk/filesystem.h"
#include "agent/disk/image_flow.h"
#include "agent/disk/make_filesystem.h"
#include "agent/disk/table.h"
#include "agent/hardware/sysfs.h"
#include "common/json_text.h"
#include "common/log.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define ESP_SIZE (550 * MIB)
#define BIOS_BOOT_SIZE MIB
#define ESP_NAME "efi-part"

enum { PLAN_LIMIT = 6 };

/* The purposes of partitions. */
typedef enum Role {
    ROLE_ESP,
    ROLE_BIOS_BOOT,
    ROLE_EPHEMERAL,
    ROLE_SWAP,
    ROLE_CONFIG,
    ROLE_ROOT
} Role;

static const char *const role_names[] = {"efi system partition", "bios boot", "ephemeral", "swap",
                                         "configdrive",          "root"};

typedef struct Layout {
    TableKind table;
    bool uefi;
    int64_t root_mb, swap_mb, ephemeral_mb;
    const char *ephemeral_format;
    size_t count;
    PartitionPlan plans[PLAN_LIMIT];
    Role roles[PLAN_LIMIT];
} Layout;

bool
partition_image_keeps_table(const ImageInfo *info)
{
    return json_is_truthy(json_object_get(info->json, "preserve_ephemeral"));
}

static void
plan(Layout *layout, Role role, PartitionKind kind, const char *name, uint64_t size)
{
    layout->roles[layout->count] = role;
    layout->plans[layout->count++] = (PartitionPlan){kind, name, size, role == ROLE_ROOT};
}

static bool
is_uefi(const Agent *agent, const ImageInfo *info)
{
    const char *mode = json_string_member(info->json, "deploy_boot_mode");
    return mode != NULL ? strcmp(mode, "uefi") == 0
                        : sysfs_exists(agent->root, "/sys/firmware/efi");
}

static TableKind
table_kind(const ImageInfo *info, bool uefi)
{
    const char *label = json_string_member(info->json, "disk_label");
    if (label != NULL)
        return strcmp(label, "gpt") == 0 ? TABLE_GPT : TABLE_MBR;
    return uefi ? TABLE_GPT : TABLE_MBR;
}

/* In the order on the disk. */
static void
make_plans(Layout *layout, bool drive)
{
    if (layout->uefi)
        plan(layout, ROLE_ESP, PARTITION_ESP, ESP_NAME, ESP_SIZE);
    else if (layout->table == TABLE_GPT)
        plan(layout, ROLE_BIOS_BOOT, PARTITION_BIOS_BOOT, NULL, BIOS_BOOT_SIZE);
    if (layout->ephemeral_mb > 0)
        plan(layout, ROLE_EPHEMERAL, PARTITION_LINUX, "ephemeral0",
             (uint64_t)layout->ephemeral_mb * MIB);
    if (layout->swap_mb > 0)
        plan(layout, ROLE_SWAP, PARTITION_SWAP, "swap1", (uint64_t)layout->swap_mb * MIB);
    if (drive)
        plan(layout, ROLE_CONFIG, PARTITION_LINUX, CONFIG_DRIVE_LABEL, CONFIG_DRIVE_LIMIT);
    plan(layout, ROLE_ROOT, PARTITION_LINUX, NULL, (uint64_t)layout->root_mb * MIB);
}

/* MBR has four places for partitions. */
static bool
check_plans(const Layout *layout, GError **error)
{
    if (layout->root_mb == 0)
        return agent_fail(error, AGENT_ERROR_INVALID_PARAMS,
                          "root_mb is missing or 0: set instance_info.root_gb");
    return layout->table == TABLE_GPT || layout->count <= 4 ||
           agent_fail(error, AGENT_ERROR_INVALID_PARAMS,
                      "an MBR has room for 4 partitions, and %zu are asked for: set the capability "
                      "disk_label to gpt",
                      layout->count);
}

static bool
read_layout(const Agent *agent, const ImageInfo *info, bool drive, Layout *layout, GError **error)
{
    const char *format = json_string_member(info->json, "ephemeral_format");
    *layout = (Layout){.uefi = is_uefi(agent, info)};
    layout->table = table_kind(info, layout->uefi);
    layout->ephemeral_format = format != NULL ? format : "ext4";
    if (!image_info_number(info, "root_mb", 0, &layout->root_mb, error) ||
        !image_info_number(info, "swap_mb", 0, &layout->swap_mb, error) ||
        !image_info_number(info, "ephemeral_mb", 0, &layout->ephemeral_mb, error))
        return false;
    make_plans(layout, drive);
    return check_plans(layout, error);
}

/* ---- the disk ---- */

static bool
stream_to_root(Agent *agent, const ImageInfo *info, const char *path, const Partition *root,
               Progress *progress, GError **error)
{
    g_autoptr(Sink) disk = sink_open_file(path, error);
    if (disk == NULL)
        return false;
    g_autoptr(Sink) part = sink_window(disk, root->start, root->size);
    return image_flow_write(agent, info, part, progress, error);
}

static bool
fill(Agent *agent, const ImageInfo *info, const char *path, const Layout *layout, size_t i,
     const Partition *partition, const GByteArray *drive, Progress *progress, GError **error)
{
    switch (layout->roles[i]) {
    case ROLE_ROOT:
        return info->by_iscsi || stream_to_root(agent, info, path, partition, progress, error);
    case ROLE_CONFIG:
        return config_drive_write_at(path, partition, drive, error);
    case ROLE_SWAP:
        return make_swap(path, partition, "swap1", error);
    case ROLE_ESP:
        return make_filesystem(path, partition, "vfat", ESP_NAME, error);
    case ROLE_EPHEMERAL:
        return partition_image_keeps_table(info) ||
               make_filesystem(path, partition, layout->ephemeral_format, "ephemeral0", error);
    case ROLE_BIOS_BOOT:
        break;
    }
    return true;
}

/* The existing table must equal the one that would be made. */
static bool
use_table(const char *path, const Layout *layout, Table *table, GError **error)
{
    if (!table_read(path, table, error))
        return false;
    if (table->count != layout->count)
        return agent_fail(error, AGENT_ERROR_IMAGE_WRITE,
                          "the disk has %zu partitions where %zu are expected; deploy without "
                          "preserve_ephemeral",
                          table->count, layout->count);
    for (size_t i = 0; i < layout->count; i++)
        if (layout->plans[i].size > table->partitions[i].size)
            return agent_fail(error, AGENT_ERROR_IMAGE_WRITE,
                              "the %s partition is smaller than asked for; deploy without "
                              "preserve_ephemeral",
                              role_names[layout->roles[i]]);
    return true;
}

/* ---- the result ---- */

static json_t *
filesystem_uuid(const char *path, const Partition *partition)
{
    Filesystem found;
    bool read = filesystem_read(path, partition->start, partition->size, &found, NULL);
    return read && found.uuid[0] != '\0' ? json_string(found.uuid) : json_null();
}

static json_t *
describe(const Agent *agent, const char *path, const Layout *layout, const Table *table)
{
    json_t *devices = json_object();
    json_t *told = json_pack("{s:o, s:n, s:n, s:n}", "partitions", devices, "root uuid",
                             "efi system partition uuid", "PReP Boot partition uuid");
    for (size_t i = 0; i < layout->count; i++) {
        const Partition *partition = &table->partitions[i];
        g_autofree char *device =
            table_partition_device(path + strlen(agent->root), partition->number);
        json_object_set_new(devices, role_names[layout->roles[i]], json_string(device));
        if (layout->roles[i] == ROLE_ROOT)
            json_object_set_new(told, "root uuid", filesystem_uuid(path, partition));
        if (layout->roles[i] == ROLE_ESP)
            json_object_set_new(told, "efi system partition uuid",
                                filesystem_uuid(path, partition));
    }
    return told;
}

static bool
fill_all(Agent *agent, const ImageInfo *info, const char *path, const Layout *layout,
         const Table *table, const GByteArray *drive, Progress *progress, GError **error)
{
    for (size_t i = 0; i < layout->count; i++) {
        progress_begin(progress, role_names[layout->roles[i]], 0);
        if (!fill(agent, info, path, layout, i, &table->partitions[i], drive, progress, error)) {
            g_prefix_error(error, "the %s partition: ", role_names[layout->roles[i]]);
            return false;
        }
    }
    return true;
}

/* The table, and all of its partitions filled. */
static bool
make_partitions(Agent *agent, const ImageInfo *info, const char *path, const GByteArray *drive,
                Layout *layout, Table *table, Progress *progress, GError **error)
{
    bool keeps = partition_image_keeps_table(info);
    if (!read_layout(agent, info, drive != NULL, layout, error))
        return false;
    bool good = keeps
                    ? use_table(path, layout, table, error)
                    : table_create(path, layout->table, layout->plans, layout->count, table, error);
    if (good && fill_all(agent, info, path, layout, table, drive, progress, error))
        return true;
    agent_error_classify(error, AGENT_ERROR_IMAGE_WRITE);
    return false;
}

json_t *
partition_image_write(Agent *agent, const ImageInfo *info, const char *path,
                      const GByteArray *drive, Progress *progress, GError **error)
{
    Layout layout;
    Table table;
    return make_partitions(agent, info, path, drive, &layout, &table, progress, error)
               ? describe(agent, path, &layout, &table)
               : NULL;
}

bool
partition_image_begin(Agent *agent, const ImageInfo *info, const char *path,
                      const GByteArray *drive, Partition *root, Progress *progress, GError **error)
{
    Layout layout;
    Table table;
    if (!make_partitions(agent, info, path, drive, &layout, &table, progress, error))
        return false;
    *root = table.partitions[layout.count - 1];
    return true;
}

json_t *
partition_image_describe(const Agent *agent, const ImageInfo *info, const char *path,
                         const GByteArray *drive, GError **error)
{
    Layout layout;
    Table table;
    if (!read_layout(agent, info, drive != NULL, &layout, error) ||
        !use_table(path, &layout, &table, error))
        return NULL;
    return describe(agent, path, &layout, &table);
}
