/* Firmware updates by an iLO, one file after the other, and by HPE's Smart Update Manager, which
 * runs next to an agent; the contract is in ilo_steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_steps.h"

#include "common/json_text.h"
#include "common/log.h"
#include "common/steady.h"
#include "drivers/agent_logs.h"
#include "drivers/boot/boot.h"
#include "drivers/firmware_images.h"
#include "drivers/ilo_node.h"
#include "drivers/node_agent.h"
#include "model/internal_info.h"
#include "model/step_kinds.h"

#include <string.h>

#define AREA "drivers.ilo"

enum { IMAGES_MAX = 64, COMPONENTS_MAX = 256, LOOK_MS = 5000, UPDATE_LIMIT_MS = 45 * 60 * 1000 };

/* ---- arguments of update_firmware ---- */

static bool
check_image(const json_t *image, size_t number, GError **error)
{
    static const char *const fields[] = {"url", "checksum", "component"},
                             *const components[] = {"ilo",  "cpld",    "power_pic",
                                                    "bios", "chassis", NULL},
                             *const packed[] = {".scexe", ".rpm", ".exe"};
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        if (*(json_string_member(image, fields[i]) ?: "") == '\0')
            return steel_fail(error, STEEL_ERROR_MISSING,
                              "firmware_images[%zu] is missing the required %s field", number,
                              fields[i]);
    const char *url = json_string_member(image, "url");
    g_autofree char *component = g_ascii_strdown(json_string_member(image, "component"), -1);
    if (!g_strv_contains(components, component))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "firmware_images[%zu]: component '%.40s' for firmware update is not "
                          "supported. Supported values are: ilo, cpld, power_pic, bios, chassis",
                          number, component);
    for (size_t i = 0; i < G_N_ELEMENTS(packed); i++)
        if (g_str_has_suffix(url, packed[i]))
            return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                              "firmware_images[%zu]: %s files are not unpacked; take the firmware "
                              "file out of it (.bin, .hex, .vme, .flash or .fwpkg) and name that",
                              number, packed[i]);
    return true;
}

/* Borrowed; NULL with the error set. */
static const json_t *
images_of(const json_t *args, GError **error)
{
    const json_t *images = json_object_get(args, "firmware_images"), *image;
    const char *mode = json_string_member(args, "firmware_update_mode");
    size_t i;
    if (g_strcmp0(mode, "ilo") != 0) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "Invalid firmware update mode '%.40s'. 'ilo' is the only supported firmware "
                   "update mode.",
                   mode != NULL ? mode : "");
        return NULL;
    }
    if (json_array_size(images) == 0 || json_array_size(images) > IMAGES_MAX) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "firmware_images must be a list of 1 to %d objects with url, checksum and "
                   "component",
                   IMAGES_MAX);
        return NULL;
    }
    json_array_foreach((json_t *)(uintptr_t)images, i, image)
    {
        if (!check_image(image, i, error))
            return NULL;
    }
    return images;
}

/* ---- update_firmware ---- */

static json_t *
state_of(const Task *task)
{
    return info_json(task->node, INFO_ILO_WORK);
}

/* The iLO fetches the file from this conductor, which has checked it. */
static StepOutcome
begin_update(Task *task, const json_t *images, size_t number, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    const json_t *image = json_array_get(images, number);
    const char *url = json_string_member(image, "url");
    g_autofree char *own =
        firmware_image_publish(task, url, json_string_member(image, "checksum"), error);
    if (own == NULL || !ilo_node_open(task, &node, &ilo, error) ||
        !ilo_update_firmware(&ilo, own, error)) {
        g_prefix_error(error, "step update_firmware: %.300s: ", url);
        return step_failed();
    }
    info_set_json(task->node, INFO_ILO_WORK,
                  json_pack("{s:I, s:I}", "number", (json_int_t)number, "until_ms",
                            (json_int_t)(steady_now_ms() + UPDATE_LIMIT_MS)));
    return step_again(LOOK_MS);
}

/* An iLO whose own firmware is new resets, and does not answer for a while. Before the first look
 * that finds it at work, idle means that it has not begun. */
static bool
look(Task *task, bool *done, GError **error)
{
    g_auto(IloNode) node = {0};
    g_autoptr(GError) cause = NULL;
    Ilo ilo;
    IloUpdate update = ILO_UPDATE_RUNNING;
    bool begun = json_object_get(state_of(task), "begun") != NULL;
    bool told = ilo_node_open(task, &node, &ilo, &cause) && ilo_get_update(&ilo, &update, &cause);
    *done = false;
    if (!told && !steel_error_retryable(cause)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&cause), "step update_firmware: ");
        return false;
    }
    if (update == ILO_UPDATE_FAILED)
        return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                          "step update_firmware: Unable to update firmware: the iLO says Error");
    *done = update == ILO_UPDATE_DONE || (update == ILO_UPDATE_NONE && begun);
    if (update == ILO_UPDATE_RUNNING)
        json_object_set_new(state_of(task), "begun", json_true());
    return true;
}

/* A reset of the iLO may have ejected virtual media. */
static bool
ready_ramdisk(Task *task, GError **error)
{
    return boot_clean_up_ramdisk(task, error) && boot_prepare_ramdisk(task, NULL, error);
}

static StepOutcome
advance(Task *task, const json_t *images, GError **error)
{
    bool done = false;
    size_t number = (size_t)json_integer_value(json_object_get(state_of(task), "number"));
    if (!look(task, &done, error))
        return step_failed();
    if (done && number + 1 < json_array_size(images))
        return begin_update(task, images, number + 1, error);
    if (done)
        return step_ended(ready_ramdisk(task, error));
    if (steady_now_ms() < json_integer_value(json_object_get(state_of(task), "until_ms")))
        return step_again(LOOK_MS);
    steel_fail(error, STEEL_ERROR_TIMEOUT,
               "step update_firmware: the iLO has not ended the update in %d minutes",
               UPDATE_LIMIT_MS / 60000);
    return step_failed();
}

StepOutcome
ilo_step_update_firmware(Task *task, const json_t *args, GError **error)
{
    const json_t *images = images_of(args, error);
    if (images == NULL)
        return step_failed();
    StepOutcome outcome = info_has(task->node, INFO_ILO_WORK)
                              ? advance(task, images, error)
                              : begin_update(task, images, 0, error);
    if (outcome.result == STEP_DONE || outcome.result == STEP_ERROR)
        firmware_images_release(task);
    return outcome;
}

/* ---- Smart Update Manager ---- */

static bool
check_components(const json_t *components, GError **error)
{
    static const char *const endings[] = {".scexe", ".exe", ".rpm"};
    const json_t *component;
    size_t i;
    if (!json_is_nothing(components) &&
        (!json_is_array(components) || json_array_size(components) > COMPONENTS_MAX))
        return steel_fail(error, STEEL_ERROR_INVALID, "components must be a list of file names");
    json_array_foreach((json_t *)(uintptr_t)components, i, component)
    {
        const char *name = json_string_value(component);
        bool known = false;
        for (size_t n = 0; name != NULL && n < G_N_ELEMENTS(endings); n++)
            known |= g_str_has_suffix(name, endings[n]);
        if (!known)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "The component files '%.100s' provided are not supported in 'SUM' "
                              "based firmware update. The valid file extensions are 'scexe', "
                              "'exe', 'rpm'.",
                              name != NULL ? name : "");
    }
    return true;
}

static bool
check_sum(const json_t *args, GError **error)
{
    static const char *const fields[] = {"url", "checksum"};
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        if (*(json_string_member(args, fields[i]) ?: "") == '\0')
            return steel_fail(error, STEEL_ERROR_MISSING,
                              "Firmware image info is missing the required %s field.", fields[i]);
    const char *url = json_string_member(args, "url");
    if (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://"))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "url must be the http:// or https:// URL of the ISO: the iLO fetches it");
    return check_components(json_object_get(args, "components"), error);
}

static StepKind
kind_of(const Task *task)
{
    StepKind kind = STEP_KIND_CLEAN;
    step_kind_of_state(state_from_wire(task->node->provision_state), &kind);
    return kind;
}

/* The step as the agent knows it; a new reference. */
static json_t *
agent_step(const Task *task, const json_t *args)
{
    return json_pack("{s:s, s:s, s:i, s:O}", "interface", "management", "step",
                     kind_of(task) == STEP_KIND_DEPLOY ? "flash_firmware_sum"
                                                       : "update_firmware_sum",
                     "priority", 0, "args", args);
}

/* The log of the update, if it is to be kept. */
static void
keep_log(Task *task, const char *label, bool failed)
{
    g_auto(AgentResult) last = {0};
    const char *member = kind_of(task) == STEP_KIND_DEPLOY ? "deploy_result" : "clean_result";
    if (!node_agent_last(task, &last, NULL))
        return;
    const char *packed = json_string_member(json_object_get(last.result, member), "Log Data");
    if (packed != NULL)
        agent_logs_keep(task, label, packed, failed);
}

/* True if the agent can be asked and its steps lack this one. */
static bool
agent_lacks(Task *task, const char *name)
{
    json_auto_t *steps = NULL, *versions = NULL;
    const json_t *step;
    size_t i;
    if (!node_agent_client.get_steps(task, kind_of(task), &steps, &versions, NULL))
        return false;
    json_array_foreach(steps, i, step)
    {
        if (g_strcmp0(json_string_member(step, "step"), name) == 0)
            return false;
    }
    return true;
}

/* Why an agent fails that has never heard of SUM, and what helps. */
static void
explain(Task *task, const char *name, GError **error)
{
    if (error != NULL && *error != NULL && agent_lacks(task, name))
        g_prefix_error(error,
                       "the agent has no step %s: the deploy ramdisk of node %s must have an agent "
                       "with HPE's hardware manager, or update firmware by the step "
                       "update_firmware, which needs no agent. It says: ",
                       name, task->node->uuid);
}

static StepOutcome
after_agent(Task *task, const json_t *step, StepOutcome outcome, GError **error)
{
    const char *name = json_string_member(step, "step");
    if (outcome.result == STEP_DONE || outcome.result == STEP_ERROR)
        keep_log(task, name, outcome.result == STEP_ERROR);
    if (outcome.result == STEP_ERROR)
        explain(task, name, error);
    return outcome;
}

StepOutcome
ilo_step_update_firmware_sum(Task *task, const json_t *args, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (!check_sum(args, error))
        return step_failed();
    if (!info_true(task->node, INFO_STEP_SENT) &&
        (!ilo_node_open(task, &node, &ilo, error) ||
         !ilo_insert_medium(&ilo, ILO_MEDIUM_CDROM, json_string_member(args, "url"), error)))
        return step_failed();
    json_auto_t *step = agent_step(task, args);
    return after_agent(
        task, step, agent_steps_run(task, kind_of(task), step, &node_agent_client, error), error);
}

StepOutcome
ilo_step_update_firmware_sum_resume(Task *task, const json_t *args, GError **error)
{
    json_auto_t *step = agent_step(task, args);
    return after_agent(task, step,
                       agent_steps_resume(task, kind_of(task), step, &node_agent_client, error),
                       error);
}
