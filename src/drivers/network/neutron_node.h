/* What a node and the configuration say of Neutron: whom to ask, and which network is for what.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/network/network.h"
#include "drivers/task.h"
#include "openstack/neutron.h"

/* Starts to ask for the task; nothing is sent. Borrowed from the task. Errors: CONFIG naming what
 * is missing. */
bool neutron_node_open(const Task *task, Neutron *neutron,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "cleaning"; "cleaning network"; the key of a port's internal_info with the Neutron port that
 * Steel has made for it, "cleaning_vif_port_id". Static. */
const char *neutron_node_purpose(NetworkPurpose purpose);
const char *neutron_node_kind(NetworkPurpose purpose);
const char *neutron_node_vif_key(NetworkPurpose purpose);

/* Name or UUID of the network for this purpose, from driver_info or the configuration; borrowed.
 * NULL with MISSING: neither has one. */
const char *neutron_node_network(const Task *task, NetworkPurpose purpose, GError **error);

/* The configured security groups there, NULL-ended. */
const char *const *neutron_node_security_groups(NetworkPurpose purpose);

/* Checks the configuration for this purpose, without asking anybody. Errors: MISSING, INVALID */
bool neutron_node_check(const Task *task, NetworkPurpose purpose, GError **error);

/* Makes one of network.h's errors of an error of Neutron's: NETWORK. Always false. */
bool neutron_node_failed(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* False with NETWORK: Neutron has not bound the port, and the configuration wants that to fail. */
bool neutron_node_check_binding(const NeutronPort *port, GError **error);

/* What the interfaces flat and neutron read of driver_info. */
extern const PropertyDef neutron_node_properties[];
