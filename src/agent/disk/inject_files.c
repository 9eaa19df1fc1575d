/* Files for what was written to a disk; the contract is in inject_files.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/inject_files.h"

#include "agent/disk/filesystem.h"
#include "agent/disk/inject_place.h"
#include "agent/disk/inject_url.h"
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

/* Content that a URL has. */
typedef struct Remote {
    const InjectCall *call;
    char *url; /* owned; NULL: the file brings its content */
} Remote;

static void
remote_clear(Remote *remote)
{
    g_free(remote->url);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Remote, remote_clear)

static bool
inject_remote_content(void *user, int fd, GError **error)
{
    const Remote *remote = user;
    return inject_url_write(remote->call->agent, remote->url, remote->call->verified, fd, error);
}

/* As Ironic's agent tells a URL from base64. */
static bool
read_remote(const InjectCall *call, const json_t *file, Remote *remote, GError **error)
{
    const char *content = json_string_member(file, "content");
    *remote = (Remote){.call = call};
    if (content == NULL || strstr(content, "://") == NULL)
        return true;
    remote->url = inject_url_expand(content, call->node, call->ports, error);
    return remote->url != NULL;
}

/* Does the file's work in a partition that is mounted; *fits: it is the one. */
static bool
put_there(const char *place, const json_t *file, Remote *remote, bool *fits, GError **error)
{
    const char *path = json_string_member(file, "path");
    bool named = json_object_get(file, "partition") != NULL;
    InjectWrite bring = remote->url != NULL ? inject_remote_content : NULL;
    g_autoptr(InjectPlace) root = inject_place_open(place, error);
    if (root == NULL)
        return false;
    *fits = named || inject_place_has_folder(root, path);
    return !*fits || inject_place_put(root, file, bring, remote, error);
}

/* One partition: *fits says whether it was the one. */
static bool
try_partition(const Partition *partition, const json_t *file, Remote *remote, bool *fits,
              GError **error)
{
    Agent *agent = remote->call->agent;
    const json_t *name = json_object_get(file, "partition");
    *fits = false;
    if (name != NULL && !is_named(partition, name))
        return true;
    g_autofree char *device = partition_device(agent, remote->call->disk, partition->number);
    g_autofree char *place = g_build_filename(agent->state, "inject", NULL);
    g_mkdir_with_parents(place, 0700);
    if (!mount_device(device, place))
        return name == NULL || steel_fail(error, STEEL_ERROR_IO, "%s cannot be mounted: %s", device,
                                          g_strerror(errno));
    bool good = put_there(place, file, remote, fits, error);
    if (umount(place) == 0 || !good)
        return good;
    return steel_fail(error, STEEL_ERROR_IO, "%s cannot be unmounted: %s", device,
                      g_strerror(errno));
}

bool
inject_file(const InjectCall *call, const json_t *file, GError **error)
{
    Table table;
    g_auto(Remote) remote = {0};
    g_autofree char *path = agent_path(call->agent, call->disk);
    bool fits = false;
    if (!inject_check(file, error) || !read_remote(call, file, &remote, error) ||
        !table_read(path, &table, error))
        return false;
    for (size_t i = 0; i < table.count && !fits; i++)
        if (!try_partition(&table.partitions[i], file, &remote, &fits, error))
            return false;
    if (!fits)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "no partition of %s is the one for %.200s",
                          call->disk, json_string_member(file, "path"));
    log_info(AREA, "%s is written", json_string_member(file, "path"));
    return true;
}
