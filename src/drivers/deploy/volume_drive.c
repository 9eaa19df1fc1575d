/* Config drives on volumes; the contract is in volume_drive.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/volume_drive.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/secret.h"
#include "common/steady.h"
#include "config_drive/config_drive.h"
#include "drivers/deploy/instance_image.h"
#include "drivers/image_copies.h"
#include "drivers/storage/boot_option.h"
#include "model/internal_info.h"
#include "netboot/iscsi_volume.h"

#include <string.h>
#include <unistd.h>

#define PROPERTY "config_drive"
/* Time between two looks at the write. */
#define LOOK_MS 500

static const char *
node_word(const Task *task)
{
    return task->node->name != NULL ? task->node->name : task->node->uuid;
}

static bool
has_drive(const Task *task)
{
    return !json_is_nothing(json_object_get(task->node->instance_info, "configdrive"));
}

/* The volume for the drive; NULL: there is none. */
static const VolumeTarget *
drive_target(Task *task)
{
    const GPtrArray *targets = task_volume_targets(task, NULL);
    for (guint i = 0; targets != NULL && i < targets->len; i++) {
        const VolumeTarget *target = targets->pdata[i];
        if (json_is_truthy(json_object_get(target->properties, PROPERTY)))
            return target;
    }
    return NULL;
}

/* ---- validation ---- */

/* Why a node that boots in another way than from an iSCSI volume gets none, and what to do. */
static bool
refuse_way(const Task *task, BootOption option, GError **error)
{
    static const char *const reasons[BOOT_OPTION_COUNT + 1] = {
        [BOOT_OPTION_FCOE] =
            "this conductor cannot write to a Fibre Channel volume: put a drive with "
            "the label config-2 on a volume yourself",
        [BOOT_OPTION_HBA] = "this conductor cannot write to a volume of a host bus adapter: put a "
                            "drive with the label config-2 on a volume yourself, or have an image "
                            "written together with its drive (image_source and force_deployment)",
        [BOOT_OPTION_NFS] = "there is no disk to put it on: keep its files in the root file system "
                            "(/var/lib/cloud/seed/config_drive), or name a server with "
                            "instance_info kernel_append_params 'ds=nocloud;s=<url>'",
    };
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "a config drive cannot be handed to the node: %s; and deploy without "
                      "configdrive (steel node unset %s --instance-info configdrive)",
                      reasons[option] != NULL ? reasons[option] : "there is no disk to put it on",
                      node_word(task));
}

static bool
check_target(Task *task, GError **error)
{
    const VolumeTarget *target = drive_target(task);
    if (target == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the node boots from an iSCSI volume and has no volume for its config "
                          "drive; create one with: steel volume target create --node %s --type "
                          "iscsi --boot-index <1 or more> --volume-id <id> --property "
                          "config_drive=true --property target_portal=<address> ..., or deploy "
                          "without configdrive (steel node unset %s --instance-info configdrive)",
                          task->node->uuid, node_word(task));
    return target->boot_index > 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "volume target %s: the config drive would overwrite the volume that the node "
                      "boots from; set it with: steel volume target unset %s --property "
                      "config_drive",
                      target->uuid, target->uuid);
}

/* What a URL names would be anything by then. */
static bool
check_text(const Task *task, GError **error)
{
    char *text = instance_image_config_drive(task, error);
    bool url = text != NULL && config_drive_is_url(text), good = text != NULL && !url;
    secret_free(text);
    if (url)
        steel_fail(error, STEEL_ERROR_INVALID,
                   "the config drive of a node that boots from a volume cannot be a URL; give "
                   "the drive itself, or what it is to contain");
    return good;
}

bool
volume_drive_validate(Task *task, GError **error)
{
    if (!has_drive(task))
        return true;
    BootOption option = boot_option_of(task);
    if (option != BOOT_OPTION_ISCSI)
        return refuse_way(task, option, error);
    return check_target(task, error) && check_text(task, error);
}

/* ---- the write ---- */

static char *
copy_path(const Task *task)
{
    g_autofree char *disk = instance_image_path(task->node), *folder = g_path_get_dirname(disk);
    return g_build_filename(folder, "config_drive", NULL);
}

/* The drive as a file that only we read. Written in place: a process that dies leaves no other file
 * behind. */
static bool
put_copy(const Task *task, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *folder = g_path_get_dirname(path);
    char *text = instance_image_config_drive(task, error);
    g_autoptr(GByteArray) image = text != NULL ? config_drive_image(text, error) : NULL;
    secret_free(text);
    if (image == NULL)
        return false;
    bool good = g_mkdir_with_parents(folder, 0750) == 0 &&
                g_file_set_contents_full(path, (const char *)image->data, image->len,
                                         G_FILE_SET_CONTENTS_NONE, 0600, &cause);
    memset(image->data, 0, image->len);
    return good || steel_fail(error, STEEL_ERROR_IO, "the config drive cannot be kept in %s: %s",
                              folder, cause != NULL ? cause->message : "no such folder");
}

static char *
portal_of(const IscsiPortal *portal)
{
    bool six = strchr(portal->host, ':') != NULL;
    return g_strdup_printf("%s%s%s:%u", six ? "[" : "", portal->host, six ? "]" : "", portal->port);
}

/* The machine's own name, which the target admits: the machine is off meanwhile. */
static const char *
initiator_of(Task *task)
{
    const GPtrArray *connectors = task_volume_connectors(task, NULL);
    for (guint i = 0; connectors != NULL && i < connectors->len; i++) {
        const VolumeConnector *connector = connectors->pdata[i];
        if (g_strcmp0(connector->type, "iqn") == 0)
            return connector->connector_id;
    }
    return NULL;
}

static bool
order_write(Task *task, const IscsiVolume *volume, const char *path, GError **error)
{
    const IscsiPortal *first = volume->portals->pdata[0];
    g_autofree char *portal = portal_of(first);
    const LunOrder order = {.key = task->node->uuid,
                            .path = path,
                            .portal = portal,
                            .target = first->iqn,
                            .lun = (int)first->lun,
                            .username = volume->username,
                            .password = volume->password,
                            .initiator = initiator_of(task),
                            .stall_s =
                                (int)config_integer(config_current(), OPT_ISCSI_STALL_TIMEOUT)};
    task_phase_begin(task, "write_config_drive", portal);
    return lun_writes_begin(task->services->writes, &order, error);
}

/* Names the volume, and what can be done. */
static StepOutcome
failed(Task *task, GError **error)
{
    const VolumeTarget *target = drive_target(task);
    g_prefix_error(error, "the config drive cannot be written to volume target %s: ",
                   target != NULL ? target->uuid : "(gone)");
    if (error != NULL)
        steel_advise(error, "this conductor must reach the target, which must admit it under the "
                            "name of the machine, and the volume must be large enough");
    volume_drive_remove(task);
    return step_failed();
}

/* Also for a write that waits in line, and for a target that answers now and then. */
static void
set_deadline(Task *task)
{
    int64_t limit_s = config_integer(config_current(), OPT_CONDUCTOR_DEPLOY_CALLBACK_TIMEOUT);
    info_set_integer(task->node, INFO_DRIVE_DEADLINE,
                     limit_s > 0 ? steady_now_ms() + limit_s * 1000 : 0);
}

static StepOutcome
look_again(Task *task, GError **error)
{
    int64_t deadline_ms = info_integer(task->node, INFO_DRIVE_DEADLINE);
    if (deadline_ms == 0 || steady_now_ms() < deadline_ms)
        return step_again(LOOK_MS);
    steel_fail(error, STEEL_ERROR_TIMEOUT,
               "it is not written within [conductor]deploy_callback_timeout (%d s)",
               (int)config_integer(config_current(), OPT_CONDUCTOR_DEPLOY_CALLBACK_TIMEOUT));
    return failed(task, error);
}

static StepOutcome
begin(Task *task, const VolumeTarget *target, GError **error)
{
    g_autofree char *path = copy_path(task);
    g_autoptr(IscsiVolume) volume = iscsi_volume_read(target->properties, error);
    set_deadline(task);
    bool good =
        volume != NULL && put_copy(task, path, error) && order_write(task, volume, path, error);
    return good ? step_again(LOOK_MS) : failed(task, error);
}

/* Nobody calls while it is written, so the task looks again and again. */
StepOutcome
volume_drive_run(Task *task, GError **error)
{
    const VolumeTarget *target = has_drive(task) ? drive_target(task) : NULL;
    if (target == NULL)
        return step_done();
    switch (lun_writes_look(task->services->writes, task->node->uuid, NULL, error)) {
    case LUN_WRITE_RUNS:
        return look_again(task, error);
    case LUN_WRITE_DONE:
        volume_drive_remove(task);
        return step_done();
    case LUN_WRITE_FAILED:
        return failed(task, error);
    case LUN_WRITE_UNKNOWN:
        break;
    }
    return begin(task, target, error);
}

void
volume_drive_remove(Task *task)
{
    g_autofree char *path = copy_path(task), *folder = g_path_get_dirname(path);
    lun_writes_cancel(task->services->writes, task->node->uuid);
    image_copies_remove(path);
    (void)rmdir(folder);
}
