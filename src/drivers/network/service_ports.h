/* Ports in Neutron that Steel makes for its own work: the machine's way to the network on which it
 * is cleaned, deployed, rescued or inspected.
 *
 * The network is written down (neutron_networks of driver_internal_info) before the first port is
 * made, and struck out after the last one is gone. Ports are found by what Neutron has: by address
 * and by device, and only those that are owned by baremetal:none and are no VIF of a user. So none
 * is left behind when an answer is lost or a process dies.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/network/network.h"
#include "drivers/task.h"

/* Makes a port for each of the node's ports that may boot ([neutron]add_all_ports: for all), after
 * what earlier work has left was removed. Succeeds if one of them was made.
 *
 * groups  use the configured security groups */
bool service_ports_add(Task *task, NetworkPurpose purpose, bool groups,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes them; nothing there is a success, without a request. */
bool service_ports_remove(Task *task, NetworkPurpose purpose,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
