/* Networks of a node; the contract is in neutron_node.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/neutron_node.h"

#include "common/config.h"
#include "common/log.h"

#include <string.h>

static const struct {
    const char *word, *kind, *driver_info, *vif_key;
    ConfigOption network, security_groups;
} purposes[] = {
    [NETWORK_PROVISIONING] = {"provisioning", "provisioning network", "provisioning_network",
                              "provisioning_vif_port_id", OPT_NEUTRON_PROVISIONING_NETWORK,
                              OPT_NEUTRON_PROVISIONING_NETWORK_SECURITY_GROUPS},
    [NETWORK_CLEANING] = {"cleaning", "cleaning network", "cleaning_network",
                          "cleaning_vif_port_id", OPT_NEUTRON_CLEANING_NETWORK,
                          OPT_NEUTRON_CLEANING_NETWORK_SECURITY_GROUPS},
    [NETWORK_RESCUING] = {"rescuing", "rescuing network", "rescuing_network",
                          "rescuing_vif_port_id", OPT_NEUTRON_RESCUING_NETWORK,
                          OPT_NEUTRON_RESCUING_NETWORK_SECURITY_GROUPS},
    [NETWORK_SERVICING] = {"servicing", "servicing network", "servicing_network",
                           "servicing_vif_port_id", OPT_NEUTRON_SERVICING_NETWORK,
                           OPT_NEUTRON_SERVICING_NETWORK_SECURITY_GROUPS},
    [NETWORK_INSPECTION] = {"inspection", "inspection network", "inspection_network",
                            "inspection_vif_port_id", OPT_NEUTRON_INSPECTION_NETWORK,
                            OPT_NEUTRON_INSPECTION_NETWORK_SECURITY_GROUPS},
};

G_STATIC_ASSERT(G_N_ELEMENTS(purposes) == NETWORK_PURPOSE_COUNT);

const PropertyDef neutron_node_properties[] = {
    {"cleaning_network", false,
     "UUID or name of the network for cleaning, instead of [neutron]cleaning_network."},
    {"provisioning_network", false,
     "UUID or name of the network for deploying, instead of [neutron]provisioning_network."},
    {"rescuing_network", false,
     "UUID or name of the network for rescuing, instead of [neutron]rescuing_network."},
    {"servicing_network", false,
     "UUID or name of the network for servicing, instead of [neutron]servicing_network."},
    {"inspection_network", false,
     "UUID or name of the network for inspection, instead of [neutron]inspection_network."},
    {0},
};

bool
neutron_node_open(const Task *task, Neutron *neutron, GError **error)
{
    *neutron = (Neutron){
        .session = openstack_service(task->services->openstack, OPENSTACK_NEUTRON, error),
        .request_id = task_request_told(task),
        .deadline_ms = task->deadline_ms,
    };
    return neutron->session != NULL;
}

const char *
neutron_node_purpose(NetworkPurpose purpose)
{
    return purposes[purpose].word;
}

const char *
neutron_node_kind(NetworkPurpose purpose)
{
    return purposes[purpose].kind;
}

const char *
neutron_node_vif_key(NetworkPurpose purpose)
{
    return purposes[purpose].vif_key;
}

const char *
neutron_node_network(const Task *task, NetworkPurpose purpose, GError **error)
{
    const char *own = task_driver_info(task, purposes[purpose].driver_info);
    const char *all = config_string(config_current(), purposes[purpose].network);
    if (own != NULL && *own != '\0')
        return own;
    if (all != NULL && *all != '\0')
        return all;
    steel_fail(error, STEEL_ERROR_MISSING,
               "UUID or name of %s is not set in configuration; set [neutron]%s or driver_info %s",
               purposes[purpose].kind, config_option_info(purposes[purpose].network)->name,
               purposes[purpose].driver_info);
    return NULL;
}

const char *const *
neutron_node_security_groups(NetworkPurpose purpose)
{
    return config_list(config_current(), purposes[purpose].security_groups);
}

bool
neutron_node_check(const Task *task, NetworkPurpose purpose, GError **error)
{
    Neutron neutron;
    g_autoptr(GError) cause = NULL;
    if (!neutron_node_open(task, &neutron, &cause))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s", cause->message);
    return neutron_node_network(task, purpose, error) != NULL;
}

/* The client of the API is not to blame for what Neutron answered to Steel. */
static SteelErrorCode
code_for(const GError *error)
{
    static const SteelErrorCode kept[] = {STEEL_ERROR_TIMEOUT, STEEL_ERROR_CONFIG,
                                          STEEL_ERROR_DATABASE, STEEL_ERROR_CANCELLED};
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
        if (steel_error_is(error, kept[i]))
            return kept[i];
    return STEEL_ERROR_NETWORK;
}

bool
neutron_node_failed(GError **error, const char *format, ...)
{
    if (error == NULL || *error == NULL)
        return false;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    (*error)->code = (int)code_for(*error);
    g_prefix_error(error, "%s: ", what);
    return false;
}

bool
neutron_node_check_binding(const NeutronPort *port, GError **error)
{
    if (g_strcmp0(port->vif_type, "binding_failed") != 0)
        return true;
    if (config_boolean(config_current(), OPT_NEUTRON_FAIL_ON_PORT_BINDING_FAILURE))
        return steel_fail(
            error, STEEL_ERROR_NETWORK,
            "Neutron could not bind port %s for host %s (binding_failed): none of its "
            "mechanism drivers connects this host; its log says why",
            port->id, port->host_id != NULL ? port->host_id : "none");
    log_warning("drivers.network", "Neutron could not bind port %s for host %s (binding_failed)",
                port->id, port->host_id != NULL ? port->host_id : "none");
    return true;
}
