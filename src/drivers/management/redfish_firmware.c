/* Firmware updates over Redfish; the contract is in redfish_firmware.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/redfish_firmware.h"

#include "bmc/redfish/service.h"
#include "common/log.h"
#include "common/steady.h"
#include "drivers/bmc_step.h"
#include "drivers/firmware_images.h"
#include "drivers/node_agent.h"
#include "drivers/power_action.h"
#include "drivers/redfish_node.h"
#include "model/internal_info.h"

#include <string.h>

#define AREA "drivers.redfish"
enum { IMAGES_MAX = 64, WAIT_MAX_S = 24 * 60 * 60 };

/* ---- arguments ---- */

static bool
is_one_of(const char *word, const char *const *words)
{
    return word != NULL && g_strv_contains(words, word);
}

static bool
check_source(const char *url, const json_t *source, size_t number, GError **error)
{
    static const char *const sources[] = {"http", "local", "swift", NULL};
    if (source != NULL && !is_one_of(json_string_value(source), sources))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "firmware_images[%zu].source must be http, local or swift", number);
    if (g_strcmp0(json_string_value(source), "swift") == 0 || g_str_has_prefix(url, "swift:"))
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "firmware_images[%zu]: firmware is not taken from Swift yet; name an "
                          "http, https or file URL, and the source http or local",
                          number);
    return true;
}

static bool
check_keys(const json_t *image, size_t number, GError **error)
{
    static const char *const known[] = {"url", "checksum", "wait", "source", NULL};
    const char *key;
    json_t *value;
    json_object_foreach(
        (json_t *)(uintptr_t)image, key,
        value) if (!is_one_of(key,
                              known)) return steel_fail(error, STEEL_ERROR_INVALID,
                                                        "firmware_images[%zu]: %.60s is not known; "
                                                        "known are url, checksum, wait and "
                                                        "source",
                                                        number, key);
    return true;
}

static bool
check_image(const json_t *image, size_t number, GError **error)
{
    const char *url = json_string_member(image, "url");
    const char *checksum = json_string_member(image, "checksum");
    const json_t *wait = json_object_get(image, "wait");
    if (url == NULL || *url == '\0' || checksum == NULL || *checksum == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "firmware_images[%zu] needs url and checksum, both texts", number);
    if (wait != NULL && (!json_is_integer(wait) || json_integer_value(wait) < 1 ||
                         json_integer_value(wait) > WAIT_MAX_S))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "firmware_images[%zu].wait must be from 1 to %d seconds", number,
                          WAIT_MAX_S);
    return check_keys(image, number, error) &&
           check_source(url, json_object_get(image, "source"), number, error);
}

/* The operator's images, checked; borrowed. */
static const json_t *
images_of(const json_t *args, GError **error)
{
    const json_t *images = json_object_get(args, "firmware_images"), *image;
    size_t i, count = json_array_size(images);
    if (count == 0 || count > IMAGES_MAX) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "update_firmware needs firmware_images, a list of 1 to %d objects with url and "
                   "checksum",
                   IMAGES_MAX);
        return NULL;
    }
    json_array_foreach(images, i, image) if (!check_image(image, i, error)) return NULL;
    return images;
}

/* ---- one component ---- */

/* Where the BMC takes the file from: where it is, or from this conductor. The caller frees. */
static char *
url_for_bmc(const Task *task, const json_t *image, GError **error)
{
    const char *url = json_string_member(image, "url");
    const char *source = json_string_member(image, "source");
    if (source == NULL)
        source = config_string(config_current(), OPT_REDFISH_FIRMWARE_SOURCE);
    bool fetched = g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://");
    if (fetched && strcmp(source, "http") == 0)
        return g_strdup(url);
    return firmware_image_publish(task, url, json_string_member(image, "checksum"), error);
}

static json_t *
state_of(const Task *task)
{
    return info_json(task->node, INFO_FIRMWARE_UPDATES);
}

static bool
tell_bmc(Task *task, const json_t *image, char **monitor, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    g_autofree char *url = url_for_bmc(task, image, error);
    return url != NULL && redfish_visit_begin(task, &visit, error) &&
           redfish_update_begin(&visit.bmc, url, monitor, error);
}

static int64_t
pause_ms(void)
{
    int64_t pause_s = config_integer(config_current(), OPT_REDFISH_FIRMWARE_UPDATE_STATUS_INTERVAL);
    return MAX(pause_s, 1) * 1000;
}

/* No agent runs, so none is waited for. */
static StepOutcome
reboot_system(Task *task, GError **error)
{
    bool good = task_save(task, error) &&
                power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error);
    return good ? step_again(pause_ms()) : step_failed();
}

/* Begins the update of a component; the machine starts again, as some are applied then. */
static StepOutcome
begin_update(Task *task, const json_t *images, size_t number, GError **error)
{
    g_autofree char *monitor = NULL;
    const json_t *image = json_array_get(images, number);
    int64_t limit_s = config_integer(config_current(), OPT_REDFISH_FIRMWARE_UPDATE_OVERALL_TIMEOUT);
    if (!tell_bmc(task, image, &monitor, error)) {
        g_prefix_error(error, "updating firmware with %s: ", json_string_member(image, "url"));
        return step_failed();
    }
    info_set_json(task->node, INFO_FIRMWARE_UPDATES,
                  json_pack("{s:I, s:s*, s:I}", "number", (json_int_t)number, "monitor", monitor,
                            "until_ms", (json_int_t)(steady_now_ms() + limit_s * 1000)));
    return info_has(task->node, INFO_AGENT_URL) ? bmc_step_reboot(task, error)
                                                : reboot_system(task, error);
}

/* ---- waiting ---- */

static StepOutcome
look_later(Task *task, GError **error)
{
    if (steady_now_ms() < json_integer_value(json_object_get(state_of(task), "until_ms")))
        return step_again(pause_ms());
    steel_fail(error, STEEL_ERROR_TIMEOUT,
               "the firmware update has not ended in time; it may still end");
    return step_failed();
}

/* *done: the BMC's task has ended. A BMC whose own firmware is new does not answer for a while. */
static bool
look(Task *task, bool *done, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    g_autoptr(GError) cause = NULL;
    const char *monitor = json_string_member(state_of(task), "monitor");
    *done = false;
    if (redfish_visit_begin(task, &visit, &cause) &&
        (monitor == NULL || redfish_task_look(&visit.bmc, monitor, done, &cause))) {
        *done |= monitor == NULL;
        return true;
    }
    if (steel_error_retryable(cause)) {
        log_info(AREA, "node %s: the BMC does not tell of its firmware update: %s",
                 task->node->uuid, cause->message);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

/* The operator's wait after a component; true when it is over. */
static bool
wait_is_over(Task *task, const json_t *image, int64_t *left_ms)
{
    json_t *state = state_of(task);
    int64_t wait_s = json_integer_value(json_object_get(image, "wait"));
    if (json_object_get(state, "waited_ms") == NULL)
        json_object_set_new(state, "waited_ms", json_integer(steady_now_ms() + wait_s * 1000));
    *left_ms = json_integer_value(json_object_get(state, "waited_ms")) - steady_now_ms();
    return *left_ms <= 0;
}

static StepOutcome
after_update(Task *task, const json_t *images, GError **error)
{
    int64_t left_ms = 0;
    size_t number = (size_t)json_integer_value(json_object_get(state_of(task), "number"));
    if (!wait_is_over(task, json_array_get(images, number), &left_ms))
        return step_again(left_ms);
    if (number + 1 < json_array_size(images))
        return begin_update(task, images, number + 1, error);
    return step_done();
}

static StepOutcome
advance(Task *task, const json_t *images, GError **error)
{
    bool done = json_object_get(state_of(task), "waited_ms") != NULL;
    if (!done && !look(task, &done, error))
        return step_failed();
    return done ? after_update(task, images, error) : look_later(task, error);
}

/* The files go with the step, however it ends. */
static StepOutcome
ended(Task *task, StepOutcome outcome)
{
    if (outcome.result == STEP_DONE || outcome.result == STEP_ERROR)
        firmware_images_release(task);
    return outcome;
}

StepOutcome
redfish_firmware_images_run(Task *task, const json_t *images, GError **error)
{
    return ended(task, info_has(task->node, INFO_FIRMWARE_UPDATES)
                           ? advance(task, images, error)
                           : begin_update(task, images, 0, error));
}

StepOutcome
redfish_firmware_images_resume(Task *task, const json_t *images, GError **error)
{
    if (!node_agent_has_called(task))
        return step_wait(STEP_DEADLINE_STAYS);
    return ended(task, advance(task, images, error));
}

StepOutcome
redfish_firmware_run(Task *task, const json_t *args, GError **error)
{
    const json_t *images = images_of(args, error);
    return images != NULL ? redfish_firmware_images_run(task, images, error) : step_failed();
}

StepOutcome
redfish_firmware_resume(Task *task, const json_t *args, GError **error)
{
    const json_t *images = images_of(args, error);
    return images != NULL ? redfish_firmware_images_resume(task, images, error) : step_failed();
}
