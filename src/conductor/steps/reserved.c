/* Steps that every node has, under whichever of its interfaces they are named: they switch the
 * machine, wait, or hold the node until a client releases it. Ironic's names.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/steady.h"
#include "conductor/steps/steps.h"
#include "drivers/bmc_step.h"
#include "drivers/node_agent.h"
#include "drivers/power_action.h"

#include <string.h>

static StepOutcome
reserved_power_on(Task *task, const json_t *step, GError **error)
{
    (void)step;
    return step_ended(power_action(task, (PowerAction){.target = POWER_TARGET_ON}, error));
}

static StepOutcome
reserved_power_off(Task *task, const json_t *step, GError **error)
{
    (void)step;
    return step_ended(power_action(task, (PowerAction){.target = POWER_TARGET_OFF}, error));
}

/* A machine that ran the ramdisk runs it again; the step ends when its agent has called. */
static StepOutcome
reserved_reboot(Task *task, const json_t *step, GError **error)
{
    (void)step;
    return info_has(task->node, INFO_AGENT_URL)
               ? bmc_step_reboot(task, error)
               : step_ended(
                     power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error));
}

static StepOutcome
reserved_reboot_resume(Task *task, const json_t *step, GError **error)
{
    (void)step;
    (void)error;
    return node_agent_has_called(task) ? step_done() : step_wait(STEP_DEADLINE_STAYS);
}

static StepOutcome
reserved_hold(Task *task, const json_t *step, GError **error)
{
    (void)task;
    (void)step;
    (void)error;
    return (StepOutcome){STEP_HOLD, 0};
}

/* Without seconds until the agent calls next. */
static StepOutcome
reserved_wait(Task *task, const json_t *step, GError **error)
{
    const json_t *args = json_object_get(step, "args");
    int64_t seconds = 0, now = steady_now_ms(),
            most = config_integer(config_current(), OPT_CONDUCTOR_MAX_CONDUCTOR_WAIT_STEP_SECONDS);
    if (json_object_get(args, "seconds") == NULL)
        return step_wait(0);
    if (!json_integer_member(args, "seconds", &seconds) || seconds < 0) {
        steel_fail(error, STEEL_ERROR_INVALID, "\"seconds\" must be a number of at least 0");
        return step_failed();
    }
    if (!info_has(task->node, INFO_WAIT_UNTIL))
        info_set_integer(task->node, INFO_WAIT_UNTIL, now + MIN(seconds, most) * 1000);
    int64_t left = info_integer(task->node, INFO_WAIT_UNTIL) - now;
    return left <= 0 ? step_done() : step_again(MIN(left, most * 1000));
}

static StepOutcome
reserved_done(Task *task, const json_t *step, GError **error)
{
    (void)task;
    (void)step;
    (void)error;
    return step_done();
}

typedef StepOutcome (*StepFunction)(Task *task, const json_t *step, GError **error);

static const struct {
    const char *name;
    StepFunction run, resume;
    const char *argument, *help; /* NULL: none */
} rows[] = {
    {"power_on", reserved_power_on, reserved_done, NULL, NULL},
    {"power_off", reserved_power_off, reserved_done, NULL, NULL},
    {"reboot", reserved_reboot, reserved_reboot_resume, NULL, NULL},
    {"hold", reserved_hold, reserved_done, NULL, NULL},
    {"wait", reserved_wait, reserved_done, "seconds", "how long; absent: until the agent calls"},
};

static int
find(const json_t *step)
{
    const char *name = json_string_member(step, "step");
    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return (int)i;
    return -1;
}

bool
reserved_is(const json_t *step)
{
    return find(step) >= 0;
}

json_t *
reserved_step(const json_t *step)
{
    int row = find(step);
    if (row < 0)
        return NULL;
    json_t *arguments = json_object();
    if (rows[row].argument != NULL)
        json_object_set_new(arguments, rows[row].argument,
                            json_pack("{s:s,s:b}", "description", rows[row].help, "required", 0));
    return json_pack("{s:O?,s:s,s:i,s:b,s:o}", "interface", json_object_get(step, "interface"),
                     "step", rows[row].name, "priority", 0, "abortable", 1, "argsinfo", arguments);
}

static StepOutcome
reserved_run(Task *task, StepKind kind, const json_t *step, GError **error)
{
    (void)kind;
    return rows[find(step)].run(task, step, error);
}

static StepOutcome
reserved_resume(Task *task, StepKind kind, const json_t *step, GError **error)
{
    (void)kind;
    return rows[find(step)].resume(task, step, error);
}

/* It lists none: such a step runs only when it is asked for. */
const StepSource reserved_steps = {.run = reserved_run, .resume = reserved_resume};
