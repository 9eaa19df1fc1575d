/* VIFs that users attach to nodes, where Neutron knows them: what flat and neutron share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/network/tenant_ports.h"

/* network.h's vif_attach: notes the VIF for the port or port group that fits best, and gives it the
 * machine's address; connects it if the node is active. */
bool neutron_vif_attach(Task *task, const json_t *vif, TenantBinding binding, GError **error);

/* network.h's vif_detach: takes the VIF off an active or deleting node's machine, then forgets
 * it. */
bool neutron_vif_detach(Task *task, const char *vif_id, GError **error);

/* network.h's vif_set_address. */
bool neutron_vif_set_address(Task *task, const char *vif_id, const char *address, GError **error);

/* network.h's vif_set_client_id. */
bool neutron_vif_set_client_id(Task *task, const char *vif_id, const char *client_id,
                               GError **error);

/* network.h's vif_list. */
json_t *neutron_vif_list(Task *task, GError **error);
