/* Switches machines by their iLO. Where the iLO tells how far the self-test (POST) is, that says
 * whether a machine has come on or gone off: the power state alone changes at once.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/power/power.h"

#include "common/backoff.h"
#include "common/config.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include "drivers/boot/boot.h"
#include "drivers/ilo_node.h"

#include <string.h>

enum { FIRST_POLL_MS = 200 };

/* What the iLO says of the machine. */
typedef struct Reading {
    bool on;
    char *post; /* owned; NULL: this iLO does not tell */
} Reading;

static void
reading_clear(Reading *reading)
{
    g_free(reading->post);
    *reading = (Reading){0};
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

/* A change under way. */
typedef struct Change {
    Ilo *ilo;
    PowerTarget target;
    bool wanted_on;
    bool finished; /* wait for the end of the self-test, not for its beginning */
    bool seen_off; /* or in its self-test: what is read is no longer from before */
    int64_t limit_ms;
    int timeout_s;
} Change;

static bool
take_reading(Change *change, Reading *reading, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!ilo_get_power(change->ilo, &reading->on, error))
        return false;
    reading->post = ilo_get_post_state(change->ilo, &cause);
    if (reading->post != NULL || steel_error_is(cause, STEEL_ERROR_UNSUPPORTED))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
is_one_of(const char *post, const char *first, const char *second)
{
    return g_strcmp0(post, first) == 0 || g_strcmp0(post, second) == 0;
}

/* A machine that was reset may still be reported as it was before: that counts only once it was
 * seen off or in its self-test, or after [ilo]power_wait. */
static bool
is_reached(Change *change, const Reading *now, bool settled)
{
    bool in_post = is_one_of(now->post, "InPost", "InPostDiscoveryComplete");
    change->seen_off = change->seen_off || !now->on || in_post;
    if (now->on != change->wanted_on)
        return false;
    if (now->post == NULL)
        return change->seen_off || settled || change->target != POWER_TARGET_REBOOT;
    if (!change->wanted_on)
        return !in_post;
    if (change->finished)
        return g_strcmp0(now->post, "FinishedPost") == 0 && (change->seen_off || settled);
    return in_post || (g_strcmp0(now->post, "FinishedPost") == 0 && (change->seen_off || settled));
}

/* An iLO that is busy is asked again. */
static bool
look(Change *change, bool settled, bool *reached, GError **error)
{
    g_auto(Reading) now = {0};
    g_autoptr(GError) cause = NULL;
    *reached = take_reading(change, &now, &cause) && is_reached(change, &now, settled);
    if (cause == NULL || steel_error_is(cause, STEEL_ERROR_BMC_BUSY))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
not_reached(const Change *change, GError **error)
{
    return steel_fail(
        error, STEEL_ERROR_POWER, "the iLO accepted '%s', but the machine is not %s after %d s%s",
        power_target_wire(change->target), change->wanted_on ? "on" : "off", change->timeout_s,
        change->target == POWER_TARGET_SOFT_OFF
            ? ": its operating system did not shut down; 'power off' does not ask it"
            : "");
}

static bool
wait_until_reached(Change *change, GError **error)
{
    int64_t pause_ms = config_integer(config_current(), OPT_ILO_POWER_WAIT) * INT64_C(1000);
    int64_t settles_ms = time_monotonic_ms() + pause_ms;
    Backoff backoff = {.pause_ms = FIRST_POLL_MS,
                       .longest_ms = (int)MIN(pause_ms, 60 * 1000),
                       .limit_ms = change->limit_ms};
    for (bool reached = false;;) {
        if (!look(change, time_monotonic_ms() >= settles_ms, &reached, error))
            return false;
        if (reached)
            return true;
        if (!backoff_pause(&backoff))
            return not_reached(change, error);
    }
}

static bool
change_power(Change change, IloPowerAction action, bool wanted_on, GError **error)
{
    change.wanted_on = wanted_on;
    return ilo_set_power(change.ilo, action, error) && wait_until_reached(&change, error);
}

/* The machine is off. */
static bool
start(Task *task, Change change, GError **error)
{
    change.seen_off = true;
    return boot_before_power_on(task, error) && change_power(change, ILO_POWER_ON, true, error);
}

/* A machine that is on is left alone. */
static bool
switch_on(Task *task, Change change, GError **error)
{
    bool on = false;
    return ilo_get_power(change.ilo, &on, error) && (on || start(task, change, error));
}

/* A machine that is off is switched on. */
static bool
reboot(Task *task, Change change, GError **error)
{
    bool on = false;
    if (!ilo_get_power(change.ilo, &on, error))
        return false;
    if (!on)
        return start(task, change, error);
    return boot_before_power_on(task, error) && change_power(change, ILO_POWER_RESET, true, error);
}

/* The button of a machine that is off would switch it on. */
static bool
soft_off(Change change, GError **error)
{
    bool on = false;
    return ilo_get_power(change.ilo, &on, error) &&
           (!on || change_power(change, ILO_POWER_PRESS, false, error));
}

static bool
soft_reboot(Task *task, Change change, GError **error)
{
    if (!soft_off(change, error))
        return false;
    change.finished = true;
    return start(task, change, error);
}

static int
usual_timeout(PowerTarget target)
{
    return (int)config_integer(config_current(), power_target_is_soft(target)
                                                     ? OPT_CONDUCTOR_SOFT_POWER_OFF_TIMEOUT
                                                     : OPT_CONDUCTOR_POWER_STATE_CHANGE_TIMEOUT);
}

static bool
act(Task *task, Change change, GError **error)
{
    switch (change.target) {
    case POWER_TARGET_ON:
        return switch_on(task, change, error);
    case POWER_TARGET_OFF:
        return change_power(change, ILO_POWER_HOLD, false, error);
    case POWER_TARGET_REBOOT:
        return reboot(task, change, error);
    case POWER_TARGET_SOFT_REBOOT:
        return soft_reboot(task, change, error);
    case POWER_TARGET_SOFT_OFF:
        return soft_off(change, error);
    case POWER_TARGET_COUNT:
        break;
    }
    return steel_fail(error, STEEL_ERROR_INTERNAL, "power target %d", (int)change.target);
}

static bool
ilo_power_set(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (timeout_s <= 0)
        timeout_s = usual_timeout(target);
    Change change = {.ilo = &ilo,
                     .target = target,
                     .limit_ms = time_monotonic_ms() + (int64_t)timeout_s * 1000,
                     .timeout_s = timeout_s};
    if (ilo_node_open(task, &node, &ilo, error) && act(task, change, error))
        return true;
    g_prefix_error(error, "iLO set_power_state failed, error: ");
    return false;
}

static bool
ilo_power_get(Task *task, PowerState *state, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    bool on = false;
    if (!ilo_node_open(task, &node, &ilo, error) || !ilo_get_power(&ilo, &on, error)) {
        g_prefix_error(error, "iLO get_power_status failed, error: ");
        return false;
    }
    *state = on ? POWER_ON : POWER_OFF;
    return true;
}

static void
ilo_power_forget(const DriverServices *services, const Node *node)
{
    g_auto(IloNode) ilo = {0};
    if (ilo_node_read(node, &ilo, NULL))
        ilo_leave(services->bmc.ilo, &ilo.target);
}

static void
ilo_power_absolve(const DriverServices *services, const Node *node)
{
    g_auto(IloNode) ilo = {0};
    if (ilo_node_read(node, &ilo, NULL))
        ilo_absolve(services->bmc.ilo, &ilo.target);
}

const PowerOps power_ilo = {
    .interface = {.name = "ilo", .properties = ilo_node_properties, .validate = ilo_node_validate},
    .get = ilo_power_get,
    .forget = ilo_power_forget,
    .absolve = ilo_power_absolve,
    .set = ilo_power_set,
    .targets = POWER_HARD_TARGETS | POWER_SOFT_TARGETS,
};
