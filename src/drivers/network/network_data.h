/* What a machine's network is, as the metadata service's network_data.json says it, from its ports
 * in Neutron: for machines and instances that do not ask DHCP.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/network/network.h"
#include "drivers/task.h"

/* network.h's network_data: {"links": [...], "networks": [...], "services": [...]}. */
json_t *neutron_network_data(Task *task, NetworkDataUse use, GError **error);

/* The mask of a network, "10.1.0.0/16": network and netmask as texts, which the caller frees.
 * False: it is none. Pure. */
bool network_data_mask(const char *cidr, char **network, char **netmask);
