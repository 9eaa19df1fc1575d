/* One network for all machines: the user's VIFs carry deploys and rescues as well; cleaning and
 * inspection have ports of their own.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/network.h"

#include "drivers/network/network_data.h"
#include "drivers/network/neutron_node.h"
#include "drivers/network/neutron_vifs.h"
#include "drivers/network/service_ports.h"

/* What Steel makes ports for; the rest goes over the user's VIFs. */
static bool
has_own_ports(NetworkPurpose purpose)
{
    return purpose == NETWORK_CLEANING || purpose == NETWORK_INSPECTION;
}

static bool
flat_network_validate(Task *task, GError **error)
{
    return neutron_node_check(task, NETWORK_CLEANING, error);
}

static bool
flat_network_check(Task *task, NetworkPurpose purpose, GError **error)
{
    return !has_own_ports(purpose) || neutron_node_check(task, purpose, error);
}

static bool
flat_network_add(Task *task, NetworkPurpose purpose, GError **error)
{
    return has_own_ports(purpose) ? service_ports_add(task, purpose, false, error)
                                  : tenant_ports_bind(task, TENANT_FLAT, NULL, error);
}

static bool
flat_network_remove(Task *task, NetworkPurpose purpose, GError **error)
{
    return has_own_ports(purpose) ? service_ports_remove(task, purpose, error)
                                  : tenant_ports_unbind(task, error);
}

static bool
flat_network_configure_tenant(Task *task, GError **error)
{
    return tenant_ports_bind(task, TENANT_FLAT, NULL, error);
}

static bool
flat_network_vif_attach(Task *task, const json_t *vif, GError **error)
{
    return neutron_vif_attach(task, vif, TENANT_FLAT, error);
}

const NetworkOps network_flat = {
    .interface = {.name = "flat",
                  .properties = neutron_node_properties,
                  .needs_service = true,
                  .validate = flat_network_validate},
    .check = flat_network_check,
    .add = flat_network_add,
    .remove = flat_network_remove,
    .configure_tenant = flat_network_configure_tenant,
    .unconfigure_tenant = tenant_ports_unbind,
    .vif_attach = flat_network_vif_attach,
    .vif_detach = neutron_vif_detach,
    .vif_set_address = neutron_vif_set_address,
    .vif_set_client_id = neutron_vif_set_client_id,
    .vif_list = neutron_vif_list,
    .network_data = neutron_network_data,
};
