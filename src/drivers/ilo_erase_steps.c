/* Steps by which an iLO 5 erases drives, or its whole machine; the contract is in ilo_steps.h. What
 * is asked of a controller happens in a self-test (POST), one kind of drives at a time.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_steps.h"

#include "common/json_text.h"
#include "common/log.h"
#include "drivers/bmc_step.h"
#include "drivers/node_agent.h"
#include "drivers/power_action.h"
#include "model/internal_info.h"

#include <string.h>

#define AREA "drivers.ilo"
#define STEP "erase_devices"

/* The patterns of a kind of drives; the first is used unless another is given. */
static const struct {
    const char *kind, *media;
    const char *patterns[4];
} kinds[] = {
    {"hdd", "HDD", {"overwrite", "crypto", "zero"}},
    {"ssd", "SSD", {"block", "crypto", "zero"}},
};

/* ---- arguments ---- */

static const char *
pattern_for(const json_t *args, size_t kind)
{
    const json_t *wanted = json_object_get(args, "erase_pattern");
    const char *pattern = json_string_member(wanted, kinds[kind].kind);
    return pattern != NULL ? pattern : kinds[kind].patterns[0];
}

static bool
is_pattern(const char *kind, const json_t *value)
{
    const char *pattern = json_string_value(value);
    for (size_t i = 0; pattern != NULL && i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return g_strv_contains((const char *const *)kinds[i].patterns, pattern);
    return false;
}

static bool
check_patterns(const json_t *args, GError **error)
{
    const json_t *wanted = json_object_get(args, "erase_pattern");
    const char *kind;
    json_t *value;
    bool good = wanted == NULL || json_is_object(wanted);
    json_object_foreach((json_t *)(uintptr_t)wanted, kind, value)
    {
        good &= is_pattern(kind, value);
    }
    return good || steel_fail(error, STEEL_ERROR_INVALID,
                              "erase_pattern is invalid. Supported patterns are, for 'hdd': "
                              "('overwrite', 'crypto', 'zero') and for 'ssd': ('block', 'crypto', "
                              "'zero'). Ex. {'hdd': 'overwrite', 'ssd': 'block'}");
}

/* ---- which drives ---- */

/* S100i and the like have no commands for it. */
static bool
can_erase(const json_t *controller)
{
    static const char software[] = "HPE Smart Array S";
    const char *model = json_string_member(controller, "model");
    return json_string_member(controller, "settings") != NULL &&
           !(model != NULL && g_str_has_prefix(model, software) &&
             g_ascii_isdigit(model[sizeof software - 1]));
}

static bool
is_used(const json_t *controller, const char *location)
{
    const json_t *logical = json_object_get(controller, "logical"), *row, *drive;
    size_t i, n;
    json_array_foreach((json_t *)(uintptr_t)logical, i, row)
    {
        const json_t *drives = json_object_get(row, "drives");
        json_array_foreach((json_t *)(uintptr_t)drives, n, drive)
        {
            if (g_strcmp0(json_string_value(drive), location) == 0)
                return true;
        }
    }
    return false;
}

/* The locations of a kind of drives that can be erased; a new reference. */
static json_t *
drives_to_erase(const Task *task, const json_t *controller, const char *media)
{
    json_t *locations = json_array();
    const json_t *drives = json_object_get(controller, "drives"), *drive;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)drives, i, drive)
    {
        const char *location = json_string_member(drive, "location");
        if (g_strcmp0(json_string_member(drive, "media"), media) != 0)
            continue;
        if (is_used(controller, location))
            log_warning(AREA, "node %s: drive %s is not erased, it belongs to a logical drive",
                        task->node->uuid, location);
        else
            json_array_append_new(locations, json_string(location));
    }
    return locations;
}

/* One round of each kind: [{"settings", "drives", "pattern"}]; a new reference. */
static json_t *
plan_rounds(const Task *task, const json_t *controllers, const json_t *args)
{
    json_t *rounds = json_array();
    const json_t *controller;
    for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
        json_t *round = json_array();
        size_t i;
        json_array_foreach((json_t *)(uintptr_t)controllers, i, controller)
        {
            json_auto_t *drives = can_erase(controller)
                                      ? drives_to_erase(task, controller, kinds[kind].media)
                                      : json_array();
            if (json_array_size(drives) > 0)
                json_array_append_new(round,
                                      json_pack("{s:O, s:O, s:s}", "settings",
                                                json_object_get(controller, "settings"), "drives",
                                                drives, "pattern", pattern_for(args, kind)));
        }
        if (json_array_size(round) > 0)
            json_array_append(rounds, round);
        json_decref(round);
    }
    return rounds;
}

/* ---- at the iLO ---- */

static bool
ilo_work_get_controllers(const Ilo *ilo, const void *user, GError **error)
{
    json_t **controllers = *(json_t * *const *)user;
    *controllers = ilo_get_controllers(ilo, error);
    return *controllers != NULL;
}

static bool
ilo_work_erase(const Ilo *ilo, const void *user, GError **error)
{
    const json_t *round = user, *row;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)round, i, row)
    {
        if (!ilo_erase_drives(ilo, json_string_member(row, "settings"),
                              json_object_get(row, "drives"), json_string_member(row, "pattern"),
                              error))
            return false;
    }
    return true;
}

/* ---- erase_devices ---- */

/* The next kind of drives; the machine starts again for it. */
static StepOutcome
next_round(Task *task, json_t *work, GError **error)
{
    bool left_out = false;
    json_t *rounds = json_object_get(work, "rounds");
    json_auto_t *round = json_incref(json_array_get(rounds, 0));
    if (!ilo_step_try(task, STEP, ilo_work_erase, round, &left_out, error))
        return step_failed();
    json_array_remove(rounds, 0);
    json_array_extend(json_object_get(work, "asked"), round);
    info_set_json(task->node, INFO_ILO_WORK, json_deep_copy(work));
    return bmc_step_reboot(task, error);
}

/* A drive's erasure: "none", "running", "done", "failed". */
static const char *
erasure_at(const json_t *controller, const char *location)
{
    const json_t *drives = json_object_get(controller, "drives"), *drive;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)drives, i, drive)
    {
        if (g_strcmp0(json_string_member(drive, "location"), location) == 0)
            return json_string_member(drive, "erasure");
    }
    return "failed";
}

/* *done stays true if each drive of a request is erased. */
static bool
look_at_request(const json_t *controllers, const json_t *request, bool *done, GError **error)
{
    const json_t *drives = json_object_get(request, "drives"), *controller, *drive;
    size_t i, n;
    json_array_foreach((json_t *)(uintptr_t)controllers, i, controller)
    {
        const json_t *wrong = json_object_get(controller, "wrong");
        if (!json_equal(json_object_get(controller, "settings"),
                        json_object_get(request, "settings")))
            continue;
        if (json_array_size(wrong) > 0)
            return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                              "step " STEP ": the array controller answers %s",
                              json_string_value(json_array_get(wrong, 0)));
        json_array_foreach((json_t *)(uintptr_t)drives, n, drive)
        {
            const char *erasure = erasure_at(controller, json_string_value(drive));
            *done &= strcmp(erasure, "done") == 0;
            if (strcmp(erasure, "failed") == 0)
                return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                                  "step " STEP ": drive %s cannot be erased",
                                  json_string_value(drive));
        }
    }
    return true;
}

/* *done: each drive that was asked for is erased. */
static bool
look_at_drives(Task *task, const json_t *work, bool *done, GError **error)
{
    json_auto_t *controllers = NULL;
    json_t **out = &controllers;
    bool left_out = false;
    const json_t *asked = json_object_get(work, "asked"), *request;
    size_t i;
    if (!ilo_step_try(task, STEP, ilo_work_get_controllers, &out, &left_out, error))
        return false;
    *done = true;
    json_array_foreach((json_t *)(uintptr_t)asked, i, request)
    {
        if (!look_at_request(controllers, request, done, error))
            return false;
    }
    return true;
}

StepOutcome
ilo_step_erase_devices(Task *task, const json_t *args, GError **error)
{
    json_auto_t *controllers = NULL;
    json_t **out = &controllers;
    bool left_out = false;
    if (!check_patterns(args, error) ||
        !ilo_step_try(task, STEP, ilo_work_get_controllers, &out, &left_out, error))
        return step_failed();
    json_auto_t *rounds = plan_rounds(task, controllers, args);
    json_auto_t *work = json_pack("{s:O, s:[]}", "rounds", rounds, "asked");
    if (json_array_size(rounds) > 0)
        return next_round(task, work, error);
    log_info(AREA, "node %s has no drive that its iLO could erase", task->node->uuid);
    return step_done();
}

/* A drive may take hours: it is looked at whenever the agent calls. */
StepOutcome
ilo_step_erase_devices_resume(Task *task, const json_t *args, GError **error)
{
    (void)args;
    if (!node_agent_has_called(task))
        return step_wait(STEP_DEADLINE_STAYS);
    json_auto_t *work = json_deep_copy(info_json(task->node, INFO_ILO_WORK));
    bool done = false;
    if (!look_at_drives(task, work, &done, error))
        return step_failed();
    if (json_array_size(json_object_get(work, "rounds")) > 0)
        return next_round(task, work, error);
    return done ? step_done() : step_wait(0);
}

/* ---- one_button_secure_erase ---- */

static bool
ilo_work_erase_machine(const Ilo *ilo, const void *user, GError **error)
{
    (void)user;
    return ilo_erase_machine(ilo, error);
}

/* The iLO forgets its account as well: an operator has to look after the machine then. */
StepOutcome
ilo_step_one_button_secure_erase(Task *task, const json_t *args, GError **error)
{
    bool left_out = false;
    (void)args;
    if (!ilo_step_try(task, "one_button_secure_erase", ilo_work_erase_machine, NULL, &left_out,
                      error))
        return step_failed();
    if (left_out)
        return step_done();
    if (!power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error))
        return step_failed();
    task->node->maintenance = true;
    record_set_text(&task->node->maintenance_reason,
                    "One Button Secure erase clean step has begun, it will wipe data from drives "
                    "and any non-volatile/persistent storage, reset iLO and delete all licenses "
                    "stored there, reset BIOS settings, delete Active Health System (AHS) and "
                    "warranty data stored in the system and delete any deployment settings "
                    "profiles.");
    return task_save(task, error) ? step_wait(0) : step_failed();
}

StepOutcome
ilo_step_one_button_secure_erase_resume(Task *task, const json_t *args, GError **error)
{
    (void)args, (void)error;
    return node_agent_has_called(task) ? step_done() : step_wait(STEP_DEADLINE_STAYS);
}
