/* The serial console of a machine whose BMC speaks IPMI 2.0, over TCP. Neither ipmitool nor socat
 * runs: the name is Ironic's.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/console/console.h"
#include "drivers/console/sol_console.h"

static const char port_key[] = "ipmi_terminal_port";

static bool
ipmitool_socat_validate(Task *task, GError **error)
{
    return ipmi_node_validate(task, error) && sol_console_validate(task->node, port_key, error);
}

static bool
ipmitool_socat_start(Task *task, GError **error)
{
    g_auto(IpmiNode) ipmi = {0};
    return ipmi_node_read(task->node, &ipmi, error) &&
           sol_console_start(task, &ipmi, port_key, error);
}

static bool
ipmitool_socat_restore(Task *task, GError **error)
{
    g_auto(IpmiNode) ipmi = {0};
    return ipmi_node_read(task->node, &ipmi, error) &&
           sol_console_restore(task, &ipmi, port_key, error);
}

static bool
ipmitool_socat_stop(Task *task, GError **error)
{
    (void)error;
    return sol_console_stop(task);
}

static json_t *
ipmitool_socat_get(Task *task, GError **error)
{
    return sol_console_get(task, port_key, error);
}

const ConsoleOps console_ipmitool_socat = {
    .interface = {.name = "ipmitool-socat",
                  .properties = ipmi_node_properties,
                  .validate = ipmitool_socat_validate},
    .start = ipmitool_socat_start,
    .restore = ipmitool_socat_restore,
    .stop = ipmitool_socat_stop,
    .get = ipmitool_socat_get,
};
