/* What a network driver must do: put the machine's ports on the right network for what is being
 * done to it, and keep the virtual interfaces (VIFs) that a user has attached.
 *
 * For every member:
 *   Lock     exclusive, from a worker; vif_list: see there
 *   Blocks   on the network service and the database, each request until task->deadline_ms, or,
 *            where the task has none, until that request's own limit. It does not wait for a
 *            switch: a step waits for a service that answers by an event
 *   Errors   NETWORK (what the service answered), INVALID, CONFLICT, TIMEOUT, DATABASE
 *   Again    safe, also after the process died in it and after a success; but a second vif_attach
 *            or vif_detach of the same VIF is refused
 *   NULL     nothing to do
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

/* The purpose of one of the operator's networks. */
typedef enum NetworkPurpose {
    NETWORK_PROVISIONING,
    NETWORK_CLEANING,
    NETWORK_RESCUING,
    NETWORK_SERVICING,
    NETWORK_INSPECTION,
    NETWORK_PURPOSE_COUNT
} NetworkPurpose;

/* Whom network data are for. */
typedef enum NetworkDataUse {
    NETWORK_DATA_OF_RAMDISK, /* on the network that the machine is on now */
    NETWORK_DATA_OF_INSTANCE /* on the user's */
} NetworkDataUse;

typedef struct NetworkOps {
    Interface interface;

    /* Checks that the node can be brought onto the network for this purpose, as validate does:
     * without the lock, and without asking a service. Before work for it starts. */
    bool (*check)(Task *task, NetworkPurpose purpose, GError **error);

    /* Checks that the node may have an instance, as validate does: without the lock, and without
     * asking a service. Before a deploy is accepted. */
    bool (*admit)(Task *task, GError **error);

    /* Brings the machine onto the network for this purpose. Before a ramdisk boots for it. */
    bool (*add)(Task *task, NetworkPurpose purpose, GError **error);

    /* Takes the machine off that network. When the work has ended, also after a failure. Safe if
     * the machine is not on it. */
    bool (*remove)(Task *task, NetworkPurpose purpose, GError **error);

    /* Connects the user's VIFs to the machine. After the last step that needs the operator's
     * network, before the instance boots. */
    bool (*configure_tenant)(Task *task, GError **error);

    /* Disconnects them; they stay attached to the node. Before a deploy and in an undeploy, with
     * the machine off. Safe if none is connected. */
    bool (*unconfigure_tenant)(Task *task, GError **error);

    /* Notes a VIF for one of the node's ports. vif: {"id": str, ...} as the user gave it, borrowed.
     * CONFLICT: it is attached; INVALID: no port is free for it. */
    bool (*vif_attach)(Task *task, const json_t *vif, GError **error);

    /* Detaches it. INVALID: it is not attached. */
    bool (*vif_detach)(Task *task, const char *vif_id, GError **error);

    /* Gives an attached VIF another address, that of the port or port group which is about to have
     * it. */
    bool (*vif_set_address)(Task *task, const char *vif_id, const char *address, GError **error);

    /* Tells DHCP the client-id of the InfiniBand port that an attached VIF is at, which is about to
     * have it; NULL: none any more. */
    bool (*vif_set_client_id)(Task *task, const char *vif_id, const char *client_id,
                              GError **error);

    /* The attached VIFs: [{"id": str}], a new reference. No lock, from the quick pool: it asks the
     * database only. */
    json_t *(*vif_list)(Task *task, GError **error);

    /* What the machine's network is: {"links", "networks", "services"} as in network_data.json of
     * the metadata service, a new reference. NULL: nothing is known; DHCP says it. */
    json_t *(*network_data)(Task *task, NetworkDataUse use, GError **error);
} NetworkOps;

/* Call the member of the same name of the node's driver; true, without doing anything, if it is
 * NULL. network_vif_list returns a new reference, or an empty array if it is NULL. */
bool network_check(Task *task, NetworkPurpose purpose, GError **error);
bool network_admit(Task *task, GError **error);
bool network_add(Task *task, NetworkPurpose purpose, GError **error);
bool network_remove(Task *task, NetworkPurpose purpose, GError **error);
bool network_configure_tenant(Task *task, GError **error);
bool network_unconfigure_tenant(Task *task, GError **error);
bool network_vif_attach(Task *task, const json_t *vif, GError **error);
bool network_vif_detach(Task *task, const char *vif_id, GError **error);
bool network_vif_set_address(Task *task, const char *vif_id, const char *address, GError **error);
bool network_vif_set_client_id(Task *task, const char *vif_id, const char *client_id,
                               GError **error);
json_t *network_vif_list(Task *task, GError **error);

/* The node's own network_data, or else what the driver knows; false with an error. *data: a new
 * reference, NULL: nothing is known. An instance has what the driver knows only. */
bool network_data_of(Task *task, NetworkDataUse use, json_t **data, GError **error);
