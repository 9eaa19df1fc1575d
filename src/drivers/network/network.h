/* What a network driver must do: put the machine's ports on the right network for what is being done to it, and keep the
 * virtual interfaces (VIFs) a user has attached.
 *
 * Called from a worker with the node locked exclusively. Idempotent. NULL: nothing to do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef enum NetworkPurpose {
    NETWORK_PROVISIONING,
    NETWORK_CLEANING,
    NETWORK_RESCUING,
    NETWORK_INSPECTION
} NetworkPurpose;

typedef struct NetworkOps {
    Interface interface;
    bool (*add)(Task *task, NetworkPurpose purpose, GError **error);
    bool (*remove)(Task *task, NetworkPurpose purpose, GError **error);
    bool (*configure_tenant)(Task *task, GError **error);
    bool (*unconfigure_tenant)(Task *task, GError **error);
    bool (*vif_attach)(Task *task, const json_t *vif, GError **error);
    bool (*vif_detach)(Task *task, const char *vif_id, GError **error);
    json_t *(*vif_list)(Task *task, GError **error); /* [{"id": str}], a new reference */
} NetworkOps;

/* What the node's driver does, as the member of the same name says; true, and nothing is done, where the driver has none.
 * network_vif_list returns a new reference, an empty array then. */
bool network_add(Task *task, NetworkPurpose purpose, GError **error);
bool network_remove(Task *task, NetworkPurpose purpose, GError **error);
bool network_configure_tenant(Task *task, GError **error);
bool network_unconfigure_tenant(Task *task, GError **error);
bool network_vif_attach(Task *task, const json_t *vif, GError **error);
bool network_vif_detach(Task *task, const char *vif_id, GError **error);
json_t *network_vif_list(Task *task, GError **error);
