/* The deploy interface iscsi: the agent exports its disk, this conductor writes the image to it.
 *
 * The login of the target is made anew for each write and kept in memory only. The write itself
 * runs on a thread of its own (iscsi/writes.h); the step waits meanwhile and is resumed when it has
 * ended. Another life of the process begins the write from the start: the agent then exports anew,
 * and nobody else can log in any more.
 *
 * A ramdisk without an agent (drivers/deploy_info.h) has exported the disk by itself, without a
 * login. Only images of whole disks can be written to it, since nobody makes partitions there.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/json_text.h"
#include "common/secret.h"
#include "drivers/deploy/agent_deploy.h"
#include "drivers/deploy/agent_deploy_steps.h"
#include "drivers/deploy/instance_image.h"
#include "drivers/deploy/volume_drive.h"
#include "drivers/deploy_info.h"
#include "drivers/node_agent.h"
#include "drivers/storage/storage.h"
#include "iscsi/writes.h"
#include "model/internal_info.h"

#include <openssl/rand.h>
#include <string.h>

#define TARGET_LUN 1
/* 96 random bits make a secret of 16 characters, as long as any target takes. */
#define SECRET_BYTES 12
/* Of a write that no agent calls about meanwhile: it ends by itself when no byte moves. */
#define ALONE_LIMIT_MS (INT64_C(24) * 3600 * 1000)

typedef struct Export {
    char *iqn, *portal, *password; /* owned */
    int64_t port;
    int lun;
} Export;

static void
export_clear(Export *export)
{
    g_free(export->iqn);
    g_free(export->portal);
    secret_free(export->password);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Export, export_clear)

static char *
make_secret(void)
{
    unsigned char bytes[SECRET_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        g_error("libcrypto gives no random numbers");
    char *text = g_base64_encode(bytes, sizeof bytes);
    return g_strdelimit(g_strdelimit(text, "+", '-'), "/", '.');
}

static char *
portal_at(const char *host, int64_t port)
{
    bool six = strchr(host, ':') != NULL;
    return g_strdup_printf("%s%s%s:%d", six ? "[" : "", host, six ? "]" : "", (int)port);
}

/* Where the agent is that has called, and the port that the disk is offered on. NULL: its address
 * cannot be read. */
static char *
portal_of(const char *agent_url, int64_t port)
{
    g_autoptr(GUri) url = agent_url != NULL ? g_uri_parse(agent_url, G_URI_FLAGS_NONE, NULL) : NULL;
    const char *host = url != NULL ? g_uri_get_host(url) : NULL;
    return host != NULL && *host != '\0' ? portal_at(host, port) : NULL;
}

static bool
export_make(const Task *task, Export *export, GError **error)
{
    const char *url = info_text(task->node, INFO_AGENT_URL);
    export->port = config_integer(config_current(), OPT_ISCSI_PORTAL_PORT);
    export->lun = TARGET_LUN;
    export->portal = portal_of(url, export->port);
    export->iqn = g_strconcat("iqn.2008-10.org.openstack:", task->node->uuid, NULL);
    export->password = make_secret();
    return export->portal != NULL ||
           steel_fail(error, STEEL_ERROR_INVALID, "the agent of node %s is at no address: %s",
                      task->node->uuid, url != NULL ? url : "it has not called");
}

/* ---- the agent ---- */

static json_t *
start_params(const Task *task, const Export *export)
{
    json_t *params = instance_image_arguments(task);
    json_object_set_new(params, "iqn", json_string(export->iqn));
    json_object_set_new(params, "portal_port", json_integer(export->port));
    json_object_set_new(params, "username", json_string(task->node->uuid));
    json_object_set_new(params, "password", json_string(export->password));
    json_object_set_new(params, "wipe_disk_metadata",
                        json_boolean(!instance_image_keeps_table(task->node)));
    return params;
}

/* Where the image of a root file system belongs; both 0: the image is of the whole disk. */
static bool
read_place(const Task *task, const AgentResult *told, LunOrder *order, GError **error)
{
    const json_t *root = json_object_get(told->result, "root");
    int64_t offset = 0, size = 0;
    if (instance_image_is_whole_disk(task->node))
        return true;
    if (!json_integer_member(root, "offset", &offset) ||
        !json_integer_member(root, "size", &size) || offset < 0 || size <= 0)
        return steel_fail(error, STEEL_ERROR_DEPLOY_FAILED,
                          "the agent does not say where the root partition is: only Steel's agent "
                          "writes partition images with the deploy interface iscsi");
    order->offset = (uint64_t)offset;
    order->size = (uint64_t)size;
    return true;
}

/* ---- write_image ---- */

static bool
order_write(Task *task, const Export *export, const AgentResult *told, GError **error)
{
    g_autofree char *path = instance_image_path(task->node);
    int64_t stall_s = config_integer(config_current(), OPT_ISCSI_STALL_TIMEOUT);
    LunOrder order = {.key = task->node->uuid,
                      .path = path,
                      .portal = export->portal,
                      .target = export->iqn,
                      .lun = export->lun,
                      .username = export->password != NULL ? task->node->uuid : NULL,
                      .password = export->password,
                      .stall_s = (int)stall_s};
    return read_place(task, told, &order, error) &&
           lun_writes_begin(task->services->writes, &order, error);
}

/* The disk that a ramdisk without an agent has exported. Nobody calls later: what cannot be
 * ordered now has failed. */
static StepOutcome
write_to_ramdisk(Task *task, GError **error)
{
    g_auto(Export) export = {0};
    g_auto(AgentResult) nothing = {0};
    DeployInfoDisk disk;
    if (!deploy_info_disk(task, &disk, error))
        return step_failed();
    export.iqn = g_strdup(disk.iqn);
    export.portal = portal_at(disk.address, disk.port);
    export.lun = disk.lun;
    lun_writes_cancel(task->services->writes, task->node->uuid);
    if (!order_write(task, &export, &nothing, error))
        return step_failed();
    task_phase_note(task, export.portal);
    return step_wait(ALONE_LIMIT_MS);
}

static StepOutcome
begin_write(Task *task, GError **error)
{
    g_auto(Export) export = {0};
    g_auto(AgentResult) told = {0};
    GError *cause = NULL;
    if (deploy_info_given(task))
        return write_to_ramdisk(task, error);
    if (!export_make(task, &export, error))
        return step_failed();
    lun_writes_cancel(task->services->writes, task->node->uuid);
    json_auto_t *params = start_params(task, &export);
    if (!node_agent_call(task, "iscsi.start_iscsi_target", params, &told, &cause) ||
        !order_write(task, &export, &told, &cause))
        return agent_deploy_later("the export of the disk", cause, error);
    task_phase_note(task, export.portal);
    return step_wait(0);
}

/* The agent takes the target back, and does to the disk what follows the image. */
static StepOutcome
end_export(Task *task, GError **error)
{
    json_auto_t *params = instance_image_arguments(task);
    GError *cause = NULL;
    if (!node_agent_start(task, "iscsi.stop_iscsi_target", params, &cause)) {
        g_prefix_error(&cause, "the image is written; ");
        return agent_deploy_later("the end of the export", cause, error);
    }
    info_set_boolean(task->node, INFO_STEP_SENT, true);
    return step_wait(0);
}

static StepOutcome
look_at_end(Task *task, GError **error)
{
    g_auto(AgentResult) last = {0};
    GError *cause = NULL;
    if (!node_agent_last(task, &last, &cause))
        return agent_deploy_later("the end of the export", cause, error);
    if (g_strcmp0(last.command, "stop_iscsi_target") != 0 || last.status == AGENT_STATUS_IS_RUNNING)
        return step_wait(0);
    if (last.status == AGENT_STATUS_IS_SUCCEEDED)
        return step_done();
    steel_fail(error, STEEL_ERROR_DEPLOY_FAILED,
               "the image is written; the agent could not end the export: %s",
               last.words != NULL ? last.words : "no reason given");
    return step_failed();
}

static StepOutcome
iscsi_deploy_run_write_image(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return storage_boots_from_volume(task) ? volume_drive_run(task, error)
                                           : begin_write(task, error);
}

/* What a person can do when the write fails. */
static void
advise(GError **error)
{
    bool timeout = error != NULL && steel_error_is(*error, STEEL_ERROR_TIMEOUT);
    bool storage = error != NULL && steel_error_is(*error, STEEL_ERROR_STORAGE);
    if (timeout)
        steel_advise(error, "check the network between this conductor and the machine, and look at "
                            "the machine's console");
    if (storage)
        steel_advise(error, "check that the machine's disk is large enough for the image, and its "
                            "health");
}

/* The agent calls now and then while the write goes on: as long as bytes move, so does the end of
 * the wait. */
static StepOutcome
iscsi_deploy_resume_write_image(Task *task, const json_t *args, GError **error)
{
    bool moved = false;
    (void)args;
    if (info_true(task->node, INFO_STEP_SENT))
        return look_at_end(task, error);
    switch (lun_writes_look(task->services->writes, task->node->uuid, &moved, error)) {
    case LUN_WRITE_RUNS:
        return step_wait(moved ? 0 : STEP_DEADLINE_STAYS);
    case LUN_WRITE_DONE:
        return deploy_info_given(task) ? step_done() : end_export(task, error);
    case LUN_WRITE_FAILED:
        advise(error);
        return step_failed();
    case LUN_WRITE_UNKNOWN:
        break;
    }
    return begin_write(task, error);
}

static const StepDef deploy_steps[] = {
    {AGENT_DEPLOY_FIRST_STEP},
    {.name = "write_image",
     .priority = 80,
     .abortable = true,
     .run = iscsi_deploy_run_write_image,
     .resume = iscsi_deploy_resume_write_image},
    AGENT_DEPLOY_LAST_STEPS,
    {0},
};

const DeployOps deploy_iscsi = {
    .interface = {.name = "iscsi",
                  .steps = {[STEP_KIND_DEPLOY] = deploy_steps},
                  .agent = &node_agent_steps,
                  .validate = agent_deploy_validate},
    .writes_image = true,
    .prepare = agent_deploy_prepare,
    .tear_down = agent_deploy_tear_down,
    .clean_up = agent_deploy_clean_up,
    .take_over = agent_deploy_take_over,
    .prepare_cleaning = agent_deploy_prepare_cleaning,
    .tear_down_cleaning = agent_deploy_tear_down_cleaning,
    .prepare_service = agent_deploy_prepare_service,
    .tear_down_service = agent_deploy_tear_down_service,
};
