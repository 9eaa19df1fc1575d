/* Extension "iscsi": the disk as an iSCSI target, by the kernel's LIO through configfs.
 *
 * Steel's service sends a username and a password: an initiator needs them to log in. Old Ironic
 * sends none; the target is open then, as it is with Ironic's agent.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/choose.h"
#include "agent/disk/filesystem.h"
#include "agent/disk/write_image.h"
#include "agent/extensions/extensions.h"
#include "agent/hardware/sysfs.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/process.h"
#include "common/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define AREA "agent.iscsi"
#define CONFIGFS "/sys/kernel/config/target"
#define STORE CONFIGFS "/core/iblock_0/disk"
#define PORT_DEFAULT 3260
#define LOAD_LIMIT_MS 30000
#define NAME_LIMIT 223u
#define SECRET_LIMIT 255u

typedef struct Target {
    const Agent *agent;
    const char *iqn;
    int64_t port;
    const char *device; /* "/dev/vda" */
    const char *username, *password;
} Target;

static bool
fail(GError **error, const char *what)
{
    return agent_fail(error, AGENT_ERROR_ISCSI, "%s: %s", what, g_strerror(errno));
}

/* A kernel that has it built in, or has it already, needs no module: what fails here is said by
 * what comes after it. */
static void
load_kernel_part(const Agent *agent)
{
    static const char *const argv[] = {
        "modprobe", "-a", "target_core_mod", "target_core_iblock", "iscsi_target_mod", NULL};
    const ProcessSpec spec = {.argv = argv, .timeout_ms = LOAD_LIMIT_MS};
    g_autoptr(GError) error = NULL;
    if (*agent->root == '\0' && !sysfs_exists(agent->root, CONFIGFS) &&
        !process_run(&spec, NULL, &error))
        log_warning(AREA, "the kernel's iSCSI target: %s", error->message);
}

static bool make_folder(const Target *target, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static bool
make_folder(const Target *target, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *path = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *whole = agent_path(target->agent, path);
    if (g_mkdir_with_parents(whole, 0755) == 0)
        return true;
    return fail(error,
                "the kernel makes no iSCSI target (are target_core_mod, target_core_iblock and "
                "iscsi_target_mod loaded, and configfs mounted?)");
}

static bool set(const Target *target, GError **error, const char *text, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static bool
set(const Target *target, GError **error, const char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *path = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *whole = agent_path(target->agent, path);
    int fd = open(whole, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (!good)
        fail(error, path);
    if (fd >= 0)
        close(fd);
    return good;
}

static bool
make_store(const Target *target, GError **error)
{
    g_autofree char *device = agent_path(target->agent, target->device);
    g_autofree char *control = g_strdup_printf("udev_path=%s", device);
    return make_folder(target, error, STORE) && set(target, error, control, STORE "/control") &&
           set(target, error, "1", STORE "/enable") &&
           set(target, error, "1", STORE "/attrib/emulate_tpu");
}

static bool
link_lun(const Target *target, const char *group, GError **error)
{
    g_autofree char *store = agent_path(target->agent, STORE);
    g_autofree char *lun = g_strdup_printf("%s%s/lun/lun_1/disk", target->agent->root, group);
    return symlink(store, lun) == 0 || errno == EEXIST || fail(error, "the disk is not exported");
}

static bool
set_access(const Target *target, const char *group, GError **error)
{
    bool chap = target->username != NULL;
    static const char *const open_to_all[] = {"generate_node_acls", "cache_dynamic_acls"};
    for (size_t i = 0; i < G_N_ELEMENTS(open_to_all); i++)
        if (!set(target, error, "1", "%s/attrib/%s", group, open_to_all[i]))
            return false;
    if (!set(target, error, "0", "%s/attrib/demo_mode_write_protect", group) ||
        !set(target, error, chap ? "1" : "0", "%s/attrib/authentication", group))
        return false;
    return !chap || (set(target, error, target->username, "%s/auth/userid", group) &&
                     set(target, error, target->password, "%s/auth/password", group));
}

static bool
export_disk(const Target *target, GError **error)
{
    g_autofree char *group = g_strdup_printf(CONFIGFS "/iscsi/%s/tpgt_1", target->iqn);
    return make_store(target, error) && make_folder(target, error, "%s/lun/lun_1", group) &&
           link_lun(target, group, error) && set_access(target, group, error) &&
           make_folder(target, error, "%s/np/0.0.0.0:%d", group, (int)target->port) &&
           set(target, error, "1", "%s/enable", group);
}

/* ---- taking it back ---- */

/* It becomes the name of a folder. */
static bool
is_name(const char *iqn)
{
    return strlen(iqn) <= NAME_LIMIT && strchr(iqn, '/') == NULL &&
           (g_str_has_prefix(iqn, "iqn.") || g_str_has_prefix(iqn, "eui.") ||
            g_str_has_prefix(iqn, "naa."));
}

/* What the kernel makes by itself goes with its folder. */
static bool
take_away(const Agent *agent, GError **error, const char *path)
{
    g_autofree char *whole = agent_path(agent, path);
    return rmdir(whole) == 0 || errno == ENOENT || errno == ENOTEMPTY || fail(error, path);
}

static bool
take_portals(const Agent *agent, const char *group, GError **error)
{
    g_autofree char *portals = g_strconcat(group, "/np", NULL);
    g_auto(GStrv) names = sysfs_list(agent->root, "%s", portals);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_strdup_printf("%s/%s", portals, *name);
        if (!take_away(agent, error, path))
            return false;
    }
    return true;
}

/* Ends the sessions of all initiators. */
static bool
take_target(const Agent *agent, const char *iqn, GError **error)
{
    const Target target = {.agent = agent, .iqn = iqn};
    g_autofree char *folder = g_strdup_printf(CONFIGFS "/iscsi/%s", iqn),
                    *group = g_strconcat(folder, "/tpgt_1", NULL),
                    *lun = g_strconcat(group, "/lun/lun_1", NULL),
                    *link = g_strdup_printf("%s%s/disk", agent->root, lun);
    if (!sysfs_exists(agent->root, "%s", group))
        return true;                             /* "discovery_auth", or another's */
    set(&target, NULL, "0", "%s/enable", group); /* refused where it was not enabled yet */
    if (unlink(link) != 0 && errno != ENOENT)
        return fail(error, lun);
    return take_away(agent, error, lun) && take_portals(agent, group, error) &&
           take_away(agent, error, group) && take_away(agent, error, folder);
}

/* The kernel may have read the disk before it was written behind its back. */
static void
forget_contents(const Agent *agent, const char *device)
{
    g_autofree char *path = agent_path(agent, device);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    ioctl(fd, BLKFLSBUF);
    ioctl(fd, BLKRRPART);
    close(fd);
}

static bool
unexport_disk(const Agent *agent, GError **error)
{
    g_auto(GStrv) names = sysfs_list(agent->root, CONFIGFS "/iscsi");
    for (char **name = names; *name != NULL; name++)
        if (is_name(*name) && !take_target(agent, *name, error))
            return false;
    return take_away(agent, error, STORE) && take_away(agent, error, CONFIGFS "/core/iblock_0");
}

static bool
is_secret(const char *text)
{
    return text != NULL && *text != '\0' && strlen(text) <= SECRET_LIMIT &&
           strpbrk(text, "\r\n") == NULL;
}

static bool
read_target(Target *target, const json_t *params, GError **error)
{
    target->username = json_string_member(params, "username");
    target->password = json_string_member(params, "password");
    target->port = PORT_DEFAULT;
    const json_t *port = json_object_get(params, "portal_port");
    if (port != NULL && !json_is_null(port) &&
        (!json_integer_member(params, "portal_port", &target->port) || target->port < 1 ||
         target->port > 65535))
        return agent_fail(error, AGENT_ERROR_INVALID_PARAMS, "portal_port is no port");
    if (!is_name(target->iqn))
        return agent_fail(error, AGENT_ERROR_INVALID_PARAMS, "iqn is no iSCSI name");
    if ((target->username != NULL || target->password != NULL) &&
        (!is_secret(target->username) || !is_secret(target->password)))
        return agent_fail(error, AGENT_ERROR_INVALID_PARAMS,
                          "username and password are given together, each of 1 to 255 characters");
    return true;
}

static bool
wipe(const Target *target, const json_t *params, GError **error)
{
    if (!json_is_truthy(json_object_get(params, "wipe_disk_metadata")))
        return true;
    g_autofree char *path = agent_path(target->agent, target->device);
    return filesystem_wipe(path, error);
}

static char *
root_disk(Agent *agent, GError **error)
{
    json_t *node = agent_node(agent);
    char *device = choose_root_disk(agent, node, error);
    json_decref(node);
    return device;
}

/* With image_info, which Steel's service gives, the disk is made ready for that image. root: out,
 * {0} where the image is of the whole disk. */
static bool
make_ready(Agent *agent, const Target *target, const json_t *params, Partition *root,
           Progress *progress, GError **error)
{
    const json_t *info = json_object_get(params, "image_info");
    *root = (Partition){0};
    if (json_is_object(info))
        return write_image_begin(agent, info, json_string_member(params, "configdrive"),
                                 target->device, root, progress, error);
    return wipe(target, params, error);
}

static json_t *
told(const Target *target, const Partition *root)
{
    json_t *told = json_pack("{s:s}", "iscsi_target_iqn", target->iqn);
    if (root->size > 0)
        json_object_set_new(told, "root",
                            json_pack("{s:I,s:I}", "offset", (json_int_t)root->start, "size",
                                      (json_int_t)root->size));
    return told;
}

/* A target that is there already is that of a service that has died since. */
static json_t *
iscsi_start_target(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    char uuid[UUID_TEXT_SIZE];
    Partition root;
    const char *given = json_string_member(params, "iqn");
    g_autofree char *random = g_strconcat("iqn.2008-10.org.openstack:", uuid_generate(uuid), NULL);
    Target target = {.agent = agent, .iqn = given != NULL ? given : random};
    if (!read_target(&target, params, error) || !unexport_disk(agent, error))
        return NULL;
    g_autofree char *device = root_disk(agent, error);
    target.device = device;
    if (device == NULL || !make_ready(agent, &target, params, &root, progress, error))
        return NULL;
    load_kernel_part(agent);
    if (!export_disk(&target, error))
        return NULL;
    log_info(AREA, "%s is exported as %s on port %d%s", device, target.iqn, (int)target.port,
             target.username != NULL ? ", with CHAP" : "");
    return told(&target, &root);
}

/* Steel's own: the service has written the image, and the agent does what follows. */
static json_t *
iscsi_stop_target(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    const json_t *info = json_object_get(params, "image_info");
    if (!unexport_disk(agent, error))
        return NULL;
    g_autofree char *device = root_disk(agent, error);
    if (device == NULL)
        return NULL;
    log_info(AREA, "%s is not exported any more", device);
    forget_contents(agent, device);
    return json_is_object(info)
               ? write_image_end(agent, info, json_string_member(params, "configdrive"), device,
                                 progress, error)
               : json_null();
}

const ExtensionCommand extension_iscsi[] = {
    {AGENT_COMMAND_ISCSI_START_TARGET, iscsi_start_target},
    {AGENT_COMMAND_ISCSI_STOP_TARGET,  iscsi_stop_target},
    {AGENT_COMMAND_COUNT,              NULL},
};
