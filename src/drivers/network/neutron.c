/* Networks that Neutron separates: ports of Steel's own on the operator's networks for its work,
 * and the user's VIFs bound to the machine's wires for the instance.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/network.h"

#include "drivers/network/network_data.h"
#include "drivers/network/neutron_node.h"
#include "drivers/network/neutron_vifs.h"
#include "drivers/network/service_ports.h"

/* Such a machine runs its instance on while it is brought onto another network. */
static bool
neutron_network_admit(Task *task, GError **error)
{
    return !task->node->disable_power_off ||
           config_boolean(config_current(), OPT_NEUTRON_ALLOW_DISABLING_POWER_OFF) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "nodes with disable_power_off cannot be used with the network interface "
                      "neutron, unless [neutron]allow_disabling_power_off is set");
}

static bool
neutron_network_validate(Task *task, GError **error)
{
    return neutron_network_admit(task, error) &&
           neutron_node_check(task, NETWORK_CLEANING, error) &&
           neutron_node_check(task, NETWORK_PROVISIONING, error);
}

static bool
neutron_network_check(Task *task, NetworkPurpose purpose, GError **error)
{
    return neutron_node_check(task, purpose, error);
}

static bool
neutron_network_add(Task *task, NetworkPurpose purpose, GError **error)
{
    bool any = purpose == NETWORK_RESCUING || purpose == NETWORK_INSPECTION;
    return (any || neutron_network_admit(task, error)) &&
           service_ports_add(task, purpose, true, error);
}

static bool
neutron_network_configure_tenant(Task *task, GError **error)
{
    guint bound = 0;
    const GPtrArray *ports = task_ports(task, error);
    if (ports == NULL)
        return false;
    if (ports->len == 0)
        return steel_fail(error, STEEL_ERROR_NETWORK, "No ports are associated with node %s",
                          task->node->uuid);
    return tenant_ports_bind(task, TENANT_WIRED, &bound, error) &&
           (bound > 0 || steel_fail(error, STEEL_ERROR_NETWORK,
                                    "No neutron ports or portgroups are associated with node %s",
                                    task->node->uuid));
}

static bool
neutron_network_vif_attach(Task *task, const json_t *vif, GError **error)
{
    return neutron_vif_attach(task, vif, TENANT_WIRED, error);
}

const NetworkOps network_neutron = {
    .interface = {.name = "neutron",
                  .properties = neutron_node_properties,
                  .needs_service = true,
                  .validate = neutron_network_validate},
    .check = neutron_network_check,
    .admit = neutron_network_admit,
    .add = neutron_network_add,
    .remove = service_ports_remove,
    .configure_tenant = neutron_network_configure_tenant,
    .unconfigure_tenant = tenant_ports_unbind,
    .vif_attach = neutron_network_vif_attach,
    .vif_detach = neutron_vif_detach,
    .vif_set_address = neutron_vif_set_address,
    .vif_set_client_id = neutron_vif_set_client_id,
    .vif_list = neutron_vif_list,
    .network_data = neutron_network_data,
};
