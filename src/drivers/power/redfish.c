/* Switches machines over Redfish.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/power/power.h"

#include "common/backoff.h"
#include "common/config.h"
#include "common/log.h"
#include "common/time_text.h"
#include "drivers/boot/boot.h"
#include "drivers/management/redfish_boot.h"
#include "drivers/redfish_node.h"

enum { FIRST_POLL_MS = 200, SLOWEST_POLL_MS = 2000 };

static const PowerState states[] = {[REDFISH_POWER_UNKNOWN] = POWER_UNKNOWN,
                                    [REDFISH_POWER_ON] = POWER_ON,
                                    [REDFISH_POWER_OFF] = POWER_OFF};

static PowerState
state_of(const RedfishVisit *visit)
{
    return states[redfish_power_of(visit->system.document)];
}

static bool
redfish_power_get(Task *task, PowerState *state, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error)) {
        g_prefix_error(error, "reading the power state: ");
        return false;
    }
    *state = state_of(&visit);
    return true;
}

static bool
redfish_power_get_with_vendor(Task *task, PowerState *state, char **vendor, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error)) {
        g_prefix_error(error, "reading the power state: ");
        return false;
    }
    *state = state_of(&visit);
    *vendor = g_strdup(json_string_member(visit.system.document, "Manufacturer"));
    return true;
}

/* ---- changes ---- */

/* What a machine is instead, in a message; the caller frees. cause: NULL: it was read. */
static char *
other_state(const RedfishVisit *visit, const GError *cause)
{
    if (cause != NULL)
        return g_strconcat(": ", cause->message, NULL);
    g_autofree char *words = redfish_power_words(visit->system.document);
    return g_strconcat(": it tells ", words, NULL);
}

/* Waits until the machine has the state. A BMC that is too busy to answer meanwhile is asked
 * again. */
static bool
wait_for(RedfishVisit *visit, PowerState wanted, const char *words, int64_t limit_ms,
         GError **error)
{
    Backoff backoff = {FIRST_POLL_MS, SLOWEST_POLL_MS, limit_ms, NULL};
    for (;;) {
        g_autoptr(GError) cause = NULL;
        bool read = redfish_visit_again(visit, &cause);
        if (read && state_of(visit) == wanted)
            return true;
        if (!read && !steel_error_retryable(cause)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
        if (backoff_pause(&backoff))
            continue;
        g_autofree char *other = other_state(visit, cause);
        return steel_fail(error, STEEL_ERROR_POWER,
                          "the BMC accepted '%s', but the machine is not %s in time%s", words,
                          power_state_wire(wanted), other);
    }
}

/* Some BMCs refuse a reset to the state that the machine reaches just then. */
static bool
reset_and_wait(RedfishVisit *visit, const char *type, PowerState wanted, int64_t limit_ms,
               GError **error)
{
    g_autoptr(GError) refusal = NULL;
    if (redfish_system_reset(&visit->bmc, &visit->system, type, &refusal))
        return wait_for(visit, wanted, type, limit_ms, error);
    if (redfish_visit_again(visit, NULL) && state_of(visit) == wanted)
        return true;
    g_propagate_error(error, g_steal_pointer(&refusal));
    return false;
}

static bool
switch_to(RedfishVisit *visit, const char *type, PowerState wanted, int64_t limit_ms,
          GError **error)
{
    return state_of(visit) == wanted || reset_and_wait(visit, type, wanted, limit_ms, error);
}

/* What the machine is to boot may have gone since its last start. */
static bool
restore_boot(Task *task, RedfishVisit *visit, GError **error)
{
    return boot_before_power_on(task, error) && redfish_boot_restore(task, visit, error);
}

static bool
switch_on(Task *task, RedfishVisit *visit, int64_t limit_ms, GError **error)
{
    return state_of(visit) == POWER_ON || (restore_boot(task, visit, error) &&
                                           reset_and_wait(visit, "On", POWER_ON, limit_ms, error));
}

/* A machine that is off is switched on: there is nothing to shut down. */
static bool
soft_reboot(Task *task, RedfishVisit *visit, int64_t limit_ms, GError **error)
{
    if (state_of(visit) == POWER_OFF)
        return switch_on(task, visit, limit_ms, error);
    return restore_boot(task, visit, error) &&
           reset_and_wait(visit, "GracefulRestart", POWER_ON, limit_ms, error);
}

/* The machine of a node with disable_power_off goes through no off. That it is on tells nothing of
 * a reset that was refused. */
static bool
reboot(Task *task, RedfishVisit *visit, int64_t limit_ms, GError **error)
{
    if (!task->node->disable_power_off)
        return switch_to(visit, "ForceOff", POWER_OFF, limit_ms, error) &&
               switch_on(task, visit, limit_ms, error);
    if (state_of(visit) == POWER_OFF)
        return switch_on(task, visit, limit_ms, error);
    return restore_boot(task, visit, error) &&
           redfish_system_reset(&visit->bmc, &visit->system, "ForceRestart", error) &&
           wait_for(visit, POWER_ON, "ForceRestart", limit_ms, error);
}

static bool
change(Task *task, RedfishVisit *visit, PowerTarget target, int64_t limit_ms, GError **error)
{
    switch (target) {
    case POWER_TARGET_ON:
        return switch_on(task, visit, limit_ms, error);
    case POWER_TARGET_OFF:
        return switch_to(visit, "ForceOff", POWER_OFF, limit_ms, error);
    case POWER_TARGET_REBOOT:
        return reboot(task, visit, limit_ms, error);
    case POWER_TARGET_SOFT_REBOOT:
        return soft_reboot(task, visit, limit_ms, error);
    case POWER_TARGET_SOFT_OFF:
        return switch_to(visit, "GracefulShutdown", POWER_OFF, limit_ms, error);
    case POWER_TARGET_COUNT:
        break;
    }
    return steel_fail(error, STEEL_ERROR_INTERNAL, "power target %d", (int)target);
}

static bool
redfish_power_set(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (timeout_s <= 0)
        timeout_s =
            (int)config_integer(config_current(), power_target_is_soft(target)
                                                      ? OPT_CONDUCTOR_SOFT_POWER_OFF_TIMEOUT
                                                      : OPT_CONDUCTOR_POWER_STATE_CHANGE_TIMEOUT);
    int64_t limit_ms = time_monotonic_ms() + (int64_t)timeout_s * 1000;
    if (redfish_visit_begin(task, &visit, error) && change(task, &visit, target, limit_ms, error))
        return true;
    g_prefix_error(error, "%s: ", power_target_wire(target));
    return false;
}

/* ---- the sync ---- */

/* The caller's PowerDone, for the client's answer. */
typedef struct Asked {
    PowerDone done;
    void *user_data;
} Asked;

static void
redfish_power_told(void *user_data, RedfishPower power, const char *health, const GError *error)
{
    Asked *asked = user_data;
    const PowerTold told = {error == NULL ? states[power] : POWER_UNKNOWN, health, error == NULL};
    asked->done(asked->user_data, &told, error);
    g_free(asked);
}

static void
redfish_power_get_async(const DriverServices *services, const Node *node, PowerDone done,
                        void *user_data)
{
    g_autoptr(GError) error = NULL;
    g_auto(RedfishNode) redfish = {0};
    if (!redfish_node_read(node, &redfish, &error)) {
        done(user_data, &(PowerTold){.state = POWER_UNKNOWN}, error);
        return;
    }
    Asked *asked = g_new(Asked, 1);
    *asked = (Asked){done, user_data};
    redfish_power_submit(services->bmc.redfish, &redfish.target, redfish.system_id,
                         redfish_power_told, asked);
}

static void
redfish_power_forget(const DriverServices *services, const Node *node)
{
    g_auto(RedfishNode) redfish = {0};
    if (redfish_node_read(node, &redfish, NULL))
        redfish_client_forget(services->bmc.redfish, &redfish.target);
}

static void
redfish_power_absolve(const DriverServices *services, const Node *node)
{
    g_auto(RedfishNode) redfish = {0};
    if (redfish_node_read(node, &redfish, NULL))
        redfish_client_absolve(services->bmc.redfish, &redfish.target);
}

const PowerOps power_redfish = {
    .interface = {.name = "redfish",
                  .properties = redfish_node_properties,
                  .validate = redfish_node_validate},
    .get = redfish_power_get,
    .get_with_vendor = redfish_power_get_with_vendor,
    .set = redfish_power_set,
    .targets = POWER_HARD_TARGETS | POWER_SOFT_TARGETS,
    .get_async = redfish_power_get_async,
    .forget = redfish_power_forget,
    .absolve = redfish_power_absolve,
};
