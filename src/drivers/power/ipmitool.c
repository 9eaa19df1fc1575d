/* Switches machines over IPMI 2.0. A power command and the reading of its effect share one session,
 * because [ipmi]min_command_interval limits how often a BMC is called.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/power/power.h"

#include "bmc/ipmi/client/commands.h"
#include "common/backoff.h"
#include "common/config.h"
#include "common/log.h"
#include "common/time_text.h"
#include "drivers/ipmi_node.h"
#include "drivers/management/management.h"
#include "model/internal_info.h"

#include <string.h>

enum { FIRST_POLL_MS = 200, SLOWEST_POLL_MS = 2000, LONGEST_READING_MS = 20000 };

/* Performs the requests; the first one reads the state of the chassis. */
static bool
read_state(Task *task, const IpmiRequest *requests, size_t count, IpmiResponse *responses,
           PowerState *state, GError **error)
{
    bool on = false;
    if (!ipmi_node_call(task, requests, count, responses, error) ||
        !ipmi_parse_chassis_status(&responses[0], &on, error)) {
        g_prefix_error(error, "reading the power state: ");
        return false;
    }
    *state = on ? POWER_ON : POWER_OFF;
    return true;
}

static bool
ipmitool_power_get(Task *task, PowerState *state, GError **error)
{
    IpmiRequest request;
    IpmiResponse response;
    ipmi_build_chassis_status(&request);
    return read_state(task, &request, 1, &response, state, error);
}

static bool
ipmitool_power_get_with_vendor(Task *task, PowerState *state, char **vendor, GError **error)
{
    IpmiRequest requests[2];
    IpmiResponse responses[2];
    g_autoptr(GError) refusal = NULL;
    ipmi_build_chassis_status(&requests[0]);
    ipmi_build_device_id(&requests[1]);
    requests[1].ignore_completion_code = true;
    if (!read_state(task, requests, G_N_ELEMENTS(requests), responses, state, error))
        return false;
    *vendor = ipmi_node_vendor(&responses[1], &refusal);
    if (refusal != NULL)
        log_warning("drivers.ipmi", "the maker could not be read: %s", refusal->message);
    return true;
}

/* A change under way. */
typedef struct Change {
    IpmiChassisControl control;
    const char *words; /* of the target, for messages */
    bool wanted_on;
    bool accepted;        /* the BMC has accepted the command */
    uint8_t refused_with; /* its completion code otherwise */
} Change;

static bool
refused_for_now(uint8_t completion_code)
{
    return ipmi_completion_power(completion_code) == IPMI_POWER_AGAIN ||
           ipmi_node_is_passing(completion_code);
}

/* Sends the command, unless the BMC has accepted it before, and reads the state. *reached: the
 * machine has the wanted state, even if the BMC refused the command: some refuse "off" for a
 * machine that is off. */
static bool
send_and_read(Task *task, Change *change, bool *reached, GError **error)
{
    IpmiRequest requests[2];
    IpmiResponse responses[2];
    size_t count = 0;
    bool on = false, send = !change->accepted;
    if (send) {
        ipmi_build_chassis_control(&requests[count], change->control);
        requests[count++].ignore_completion_code = true;
    }
    ipmi_build_chassis_status(&requests[count++]);
    if (!ipmi_node_call(task, requests, count, responses, error) ||
        !ipmi_parse_chassis_status(&responses[count - 1], &on, error))
        return false;
    if (send) {
        change->refused_with = responses[0].completion_code;
        change->accepted = change->refused_with == IPMI_CC_OK;
    }
    /* that a machine is on tells nothing of a reset */
    *reached =
        on == change->wanted_on && (change->accepted || change->control != IPMI_CHASSIS_RESET);
    if (*reached || change->accepted || refused_for_now(change->refused_with))
        return true;
    return steel_fail(error, STEEL_ERROR_BMC_REFUSED, "the BMC refused '%s': %s (%02xh)",
                      change->words, ipmi_completion_text(change->refused_with),
                      change->refused_with);
}

static bool
not_reached(const Change *change, int timeout_s, GError **error)
{
    if (!change->accepted)
        return steel_fail(error, STEEL_ERROR_BMC_BUSY,
                          "the BMC was still too busy for '%s' after %d s: %s (%02xh)",
                          change->words, timeout_s, ipmi_completion_text(change->refused_with),
                          change->refused_with);
    return steel_fail(error, STEEL_ERROR_POWER,
                      "the BMC accepted '%s', but the machine is still %s after %d s%s",
                      change->words, change->wanted_on ? "off" : "on", timeout_s,
                      change->control == IPMI_CHASSIS_SOFT
                          ? ": its operating system did not shut down; 'power off' does not ask it"
                          : "");
}

static bool
switch_until_reached(Task *task, IpmiChassisControl control, PowerTarget target, int timeout_s,
                     GError **error)
{
    Change change = {.control = control,
                     .words = power_target_wire(target),
                     .wanted_on = control == IPMI_CHASSIS_ON || control == IPMI_CHASSIS_RESET};
    Backoff backoff = {.pause_ms = FIRST_POLL_MS,
                       .longest_ms = SLOWEST_POLL_MS,
                       .limit_ms = time_monotonic_ms() + (int64_t)timeout_s * 1000};
    for (bool reached = false;;) {
        if (!send_and_read(task, &change, &reached, error))
            return false;
        if (reached)
            return true;
        if (!backoff_pause(&backoff))
            return not_reached(&change, timeout_s, error);
    }
}

/* A machine that is off needs no soft shutdown, and its button might switch it on. */
static bool
soft_off(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    PowerState state;
    if (!ipmitool_power_get(task, &state, error))
        return false;
    return state == POWER_OFF ||
           switch_until_reached(task, IPMI_CHASSIS_SOFT, target, timeout_s, error);
}

/* For BMCs that forget: sets the persistent boot device again, for one boot. The management driver
 * remembers one only for such a BMC (ipmi_force_boot_device, or it has refused to keep it). */
static bool
repeat_boot_device(Task *task, GError **error)
{
    if (info_remove(task->node, INFO_NEXT_BOOT_PERSISTENT))
        return task_save(task, error);
    g_autofree char *device = g_strdup(info_text(task->node, INFO_PERSISTENT_BOOT_DEVICE));
    return device == NULL || management_set_boot_device(task, device, false, error);
}

static bool
switch_on(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    return repeat_boot_device(task, error) &&
           switch_until_reached(task, IPMI_CHASSIS_ON, target, timeout_s, error);
}

/* The machine of a node with disable_power_off goes through no off. */
static bool
reset(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    PowerState state;
    if (!ipmitool_power_get(task, &state, error))
        return false;
    if (state == POWER_OFF)
        return switch_on(task, target, timeout_s, error);
    return repeat_boot_device(task, error) &&
           switch_until_reached(task, IPMI_CHASSIS_RESET, target, timeout_s, error);
}

static bool
reboot(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    if (task->node->disable_power_off)
        return reset(task, target, timeout_s, error);
    return switch_until_reached(task, IPMI_CHASSIS_OFF, target, timeout_s, error) &&
           switch_on(task, target, timeout_s, error);
}

/* IPMI knows no restart that asks the system: it is shut down, and the machine switched on. */
static bool
soft_reboot(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    if (task->node->disable_power_off)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "node %s has disable_power_off, and over IPMI a soft reboot switches the "
                          "machine off; a hard reboot does not: steel node reboot %s",
                          task->node->uuid, task->node->uuid);
    return soft_off(task, target, timeout_s, error) && switch_on(task, target, timeout_s, error);
}

static bool
ipmitool_power_set(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    if (timeout_s <= 0)
        timeout_s =
            (int)config_integer(config_current(), power_target_is_soft(target)
                                                      ? OPT_CONDUCTOR_SOFT_POWER_OFF_TIMEOUT
                                                      : OPT_CONDUCTOR_POWER_STATE_CHANGE_TIMEOUT);
    switch (target) {
    case POWER_TARGET_ON:
        return switch_on(task, target, timeout_s, error);
    case POWER_TARGET_OFF:
        return switch_until_reached(task, IPMI_CHASSIS_OFF, target, timeout_s, error);
    case POWER_TARGET_REBOOT:
        return reboot(task, target, timeout_s, error);
    case POWER_TARGET_SOFT_REBOOT:
        return soft_reboot(task, target, timeout_s, error);
    case POWER_TARGET_SOFT_OFF:
        return soft_off(task, target, timeout_s, error);
    case POWER_TARGET_COUNT:
        break;
    }
    return steel_fail(error, STEEL_ERROR_INTERNAL, "power target %d", (int)target);
}

/* The caller's PowerDone, for the engine's answer. */
typedef struct Asked {
    PowerDone done;
    void *user_data;
} Asked;

static void
ipmitool_power_answered(void *user_data, bool on, const GError *error)
{
    Asked *asked = user_data;
    PowerTold told = {.state = POWER_UNKNOWN};
    if (error == NULL)
        told.state = on ? POWER_ON : POWER_OFF;
    asked->done(asked->user_data, &told, error);
    g_free(asked);
}

static void
ipmitool_power_get_async(const DriverServices *services, const Node *node, PowerDone done,
                         void *user_data)
{
    g_autoptr(GError) error = NULL;
    g_auto(IpmiNode) ipmi = {0};
    if (!ipmi_node_read(node, &ipmi, &error)) {
        done(user_data, &(PowerTold){.state = POWER_UNKNOWN}, error);
        return;
    }
    Asked *asked = g_new(Asked, 1);
    *asked = (Asked){done, user_data};
    int64_t patience_ms =
        config_integer(config_current(), OPT_IPMI_COMMAND_RETRY_TIMEOUT) * INT64_C(1000);
    ipmi.target.deadline_ms = (unsigned)CLAMP(patience_ms, 1, LONGEST_READING_MS);
    ipmi.target.paced = true;
    ipmi_get_power_async(services->bmc.ipmi, &ipmi.target, ipmitool_power_answered, asked);
}

static void
ipmitool_power_absolve(const DriverServices *services, const Node *node)
{
    g_auto(IpmiNode) ipmi = {0};
    if (ipmi_node_read(node, &ipmi, NULL))
        ipmi_client_absolve(services->bmc.ipmi, &ipmi.target);
}

const PowerOps power_ipmitool = {
    .interface = {.name = "ipmitool",
                  .properties = ipmi_node_properties,
                  .validate = ipmi_node_validate},
    .get = ipmitool_power_get,
    .get_with_vendor = ipmitool_power_get_with_vendor,
    .absolve = ipmitool_power_absolve,
    .set = ipmitool_power_set,
    .targets = POWER_HARD_TARGETS | POWER_SOFT_TARGETS,
    .get_async = ipmitool_power_get_async,
};
