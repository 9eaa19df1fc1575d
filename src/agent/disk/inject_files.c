/* Files for what was written to a disk; the contract is in inject_files.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/inject_files.h"

#include "agent/disk/filesystem.h"
#include "agent/disk/inject_place.h"
#include "agent/disk/table.h"
#include "common/json_text.h"
#include "common/log.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define AREA "agent.inject"

static char *
partition_device(const Agent *agent, const char *disk, unsigned number)
{
    g_autofree char *path = table_partition_device(disk, number);
    return agent_path(agent, path);
}

/* Mounts a partition of any kind of filesystem that the kernel has; errno is set otherwise. */
static bool
mount_device(const char *device, const char *place)
{
    Filesystem found;
    if (!filesystem_read(device, 0, 0, &found, NULL) || *found.type == '\0') {
        errno = EINVAL;
        return false;
    }
    return mount(device, place, found.type, MS_NODEV | MS_NOSUID | MS_NOEXEC, NULL) == 0;
}

/* ---- which partition ---- */

/* True for the partition that the file names. */
static bool
is_named(const Partition *partition, const json_t *name)
{
    const char *text = json_string_value(name);
    uint64_t number;
    if (json_is_integer(name))
        return json_integer_value(name) == partition->number;
    if (text == NULL)
        return false;
    if (g_ascii_string_to_unsigned(text, 10, 1, PARTITIONS_LIMIT, &number, NULL))
        return number == partition->number;
    return strcmp(text, partition->name) == 0;
}

/* Does the file's work in a partition that is mounted; *fits: it is the one. */
static bool
put_there(const char *place, const json_t *file, bool *fits, GError **error)
{
    const char *path = json_string_member(file, "path");
    bool named = json_object_get(file, "partition") != NULL;
    g_autoptr(InjectPlace) root = inject_place_open(place, error);
    if (root == NULL)
        return false;
    *fits = named || inject_place_has_folder(root, path);
    return !*fits || inject_place_put(root, file, error);
}

/* One partition: *fits says whether it was the one. */
static bool
try_partition(Agent *agent, const char *disk, const Partition *partition, const json_t *file,
              bool *fits, GError **error)
{
    const json_t *name = json_object_get(file, "partition");
    *fits = false;
    if (name != NULL && !is_named(partition, name))
        return true;
    g_autofree char *device = partition_device(agent, disk, partition->number);
    g_autofree char *place = g_build_filename(agent->state, "inject", NULL);
    g_mkdir_with_parents(place, 0700);
    if (!mount_device(device, place))
        return name == NULL || steel_fail(error, STEEL_ERROR_IO, "%s cannot be mounted: %s", device,
                                          g_strerror(errno));
    bool good = put_there(place, file, fits, error);
    if (umount(place) == 0 || !good)
        return good;
    return steel_fail(error, STEEL_ERROR_IO, "%s cannot be unmounted: %s", device,
                      g_strerror(errno));
}

bool
inject_file(Agent *agent, const char *disk, const json_t *file, GError **error)
{
    Table table;
    g_autofree char *path = agent_path(agent, disk);
    bool fits = false;
    if (!inject_check(file, error) || !table_read(path, &table, error))
        return false;
    for (size_t i = 0; i < table.count && !fits; i++)
        if (!try_partition(agent, disk, &table.partitions[i], file, &fits, error))
            return false;
    if (!fits)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "no partition of %s is the one for %.200s",
                          disk, json_string_member(file, "path"));
    log_info(AREA, "%s is written", json_string_member(file, "path"));
    return true;
}
