/* Which switch a machine hangs on, as its switches say; the contract is in hooks.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "db/records.h"
#include "drivers/inspect/hooks.h"
#include "model/lldp.h"

#include <string.h>

/* What an agent has heard at an interface: in the inventory, or beside it, as IPA's LLDP collector
 * has it. NULL: nothing. */
static const json_t *
heard_at(const Inspection *inspection, const char *name, const json_t *interface)
{
    const json_t *raw = json_object_get(inspection->plugin_data, "lldp_raw"),
                 *heard = json_object_get(raw, name);
    if (json_array_size(heard) == 0)
        heard = json_object_get(interface, "lldp");
    return json_array_size(heard) > 0 ? heard : NULL;
}

static const Port *
port_of(const GPtrArray *ports, const json_t *interface)
{
    const char *address = json_string_member(interface, "mac_address");
    for (guint i = 0; i < ports->len; i++) {
        const Port *port = ports->pdata[i];
        if (g_strcmp0(port->address, address) == 0)
            return port;
    }
    return NULL;
}

static bool
link_port(Inspection *inspection, const Port *before, const json_t *heard, GError **error)
{
    g_autoptr(Port) port = port_copy(before);
    lldp_link(heard, port->local_link_connection);
    return db_record_save(inspection->task->services->db, &port_resource, port, before, error);
}

bool
hook_local_link_run(Inspection *inspection, GError **error)
{
    const char *name;
    json_t *interface;
    const GPtrArray *ports = task_ports(inspection->task, error);
    if (ports == NULL)
        return false;
    json_object_foreach(json_object_get(inspection->plugin_data, "all_interfaces"), name, interface)
    {
        const Port *port = port_of(ports, interface);
        const json_t *heard = heard_at(inspection, name, interface);
        if (port != NULL && heard != NULL && !link_port(inspection, port, heard, error))
            return false;
    }
    task_forget_lists(inspection->task);
    return true;
}

bool
hook_parse_lldp_run(Inspection *inspection, GError **error)
{
    json_t *parsed = json_object(), *interface;
    size_t i;
    (void)error;
    json_array_foreach(json_object_get(inspection->inventory, "interfaces"), i, interface)
    {
        const char *name = json_string_member(interface, "name");
        const json_t *heard = name != NULL ? heard_at(inspection, name, interface) : NULL;
        if (heard != NULL)
            json_object_set_new(parsed, name, lldp_read(heard));
    }
    if (json_object_size(parsed) > 0)
        json_object_set(inspection->plugin_data, "parsed_lldp", parsed);
    json_decref(parsed);
    return true;
}
