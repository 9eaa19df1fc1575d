/* DHCP options of machines in Neutron ([dhcp]dhcp_provider = neutron): what a machine is to load
 * stands at the Neutron port that it uses, Steel's own or the user's VIF.
 *
 * With the node locked, from a worker; each may be called again. They block on Neutron.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Sets options at all ports in use, those that fit the addresses of the port. What is set is
 * written down first. Succeeds if one port has taken them. Saves the task.
 *
 * options  [{"opt_name": str, "opt_value": str, "ip_version": 4 or 6}], borrowed
 * Errors   NETWORK, TIMEOUT, CONFIG, DATABASE */
bool dhcp_neutron_offer(Task *task, const json_t *options,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes them from the user's VIFs again; Steel's own ports go as a whole. Logs what does not work;
 * it stays written down, for the next call. True if the node has changed: the caller saves it. */
bool dhcp_neutron_withdraw(Task *task);
