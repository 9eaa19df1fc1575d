/* verifying: checks that the machine's BMC answers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/provision/provision.h"
#include "drivers/bios/bios.h"
#include "drivers/management/management.h"
#include "drivers/power/power.h"
#include "drivers/power_action.h"

#include <string.h>

/* Adds the usual reasons why a BMC does not answer. */
static void
add_advice(GError **error)
{
    if (error == NULL || !steel_error_is(*error, STEEL_ERROR_BMC_UNREACHABLE) ||
        strstr((*error)->message, "; check ") != NULL)
        return;
    g_autoptr(GError) bare = g_steal_pointer(error);
    *error = g_error_new(bare->domain, bare->code,
                         "%s; check the BMC's address and port in driver_info, that access over "
                         "the LAN is switched on there, and that no firewall is between",
                         bare->message);
}

/* An unknown maker is no reason to refuse a machine. */
static bool
vendor_is_wanted(const Task *task)
{
    return task->driver.management->detect_vendor != NULL &&
           json_is_nothing(json_object_get(task->node->properties, "vendor"));
}

static bool
read_power_and_vendor(Task *task, PowerState *power, char **vendor, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    if (!vendor_is_wanted(task))
        return power_get(task, power, error);
    if (task->driver.power->get_with_vendor != NULL)
        return task->driver.power->get_with_vendor(task, power, vendor, error);
    if (!power_get(task, power, error))
        return false;
    *vendor = task->driver.management->detect_vendor(task, &refusal);
    if (refusal != NULL)
        log_warning("conductor.verify", "the maker could not be read: %s", refusal->message);
    return true;
}

static bool
verify(Task *task, PowerState *power, char **vendor, GError **error)
{
    const PowerOps *ops = task->driver.power;
    if (ops->interface.validate != NULL && !ops->interface.validate(task, error)) {
        g_prefix_error(error, "the power settings are not valid: ");
        return false;
    }
    if (read_power_and_vendor(task, power, vendor, error))
        return true;
    add_advice(error);
    g_prefix_error(error, "Failed to get power state for node %s. Error: ", task->node->uuid);
    return false;
}

void
verify_work(Task *task)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *vendor = NULL;
    PowerState power = POWER_UNKNOWN;
    task_operation_start(task, "manage");
    task_phase_begin(task, "read_power_state", NULL);
    if (verify(task, &power, &vendor, &error)) {
        power_found(task, power);
        if (vendor != NULL)
            json_object_set_new(task->node->properties, "vendor", json_string(vendor));
        facts_read_bios(task);
        facts_read_firmware(task);
        facts_read_boot_mode(task);
        task_operation_end(task, "ok", NULL);
        task_event_or_log(task, EVENT_DONE);
    } else {
        task_fail(task, error);
    }
    task_release(task);
}
