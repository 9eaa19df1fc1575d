/* The serial console of an iLO: IPMI's, at the iLO's address with its login. Other ipmi_* keys of
 * the node hold too, as with Ironic: ipmi_port, ipmi_cipher_suite.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/console/console.h"
#include "drivers/console/sol_console.h"
#include "drivers/ilo_node.h"

static const char port_key[] = "console_port";

/* The node as an IPMI one. */
static bool
read_node(const Node *node, IpmiNode *ipmi, GError **error)
{
    static const struct {
        const char *from, *to;
    } keys[] = {
        {"ilo_address",  "ipmi_address"},
        {"ilo_username", "ipmi_username"},
        {"ilo_password", "ipmi_password"},
        {"console_port", "ipmi_terminal_port"},
    };
    Node as_ipmi = *node;
    as_ipmi.driver_info = json_copy(node->driver_info);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        json_object_set(as_ipmi.driver_info, keys[i].to,
                        json_object_get(node->driver_info, keys[i].from));
    bool good = ipmi_node_read(&as_ipmi, ipmi, error);
    json_decref(as_ipmi.driver_info);
    return good;
}

static bool
ilo_console_validate(Task *task, GError **error)
{
    g_auto(IpmiNode) ipmi = {0};
    return ilo_node_validate(task, error) && sol_console_validate(task->node, port_key, error) &&
           read_node(task->node, &ipmi, error);
}

static bool
ilo_console_start(Task *task, GError **error)
{
    g_auto(IpmiNode) ipmi = {0};
    return read_node(task->node, &ipmi, error) && sol_console_start(task, &ipmi, port_key, error);
}

static bool
ilo_console_restore(Task *task, GError **error)
{
    g_auto(IpmiNode) ipmi = {0};
    return read_node(task->node, &ipmi, error) && sol_console_restore(task, &ipmi, port_key, error);
}

static bool
ilo_console_stop(Task *task, GError **error)
{
    (void)error;
    return sol_console_stop(task);
}

static json_t *
ilo_console_get(Task *task, GError **error)
{
    return sol_console_get(task, port_key, error);
}

const ConsoleOps console_ilo = {
    .interface = {.name = "ilo",
                  .properties = ilo_console_properties,
                  .validate = ilo_console_validate},
    .start = ilo_console_start,
    .restore = ilo_console_restore,
    .stop = ilo_console_stop,
    .get = ilo_console_get,
};
