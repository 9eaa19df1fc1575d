/* Calls a node's network driver; the contract is in network.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/network.h"

#include "drivers/task.h"

bool
network_check(Task *task, NetworkPurpose purpose, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->check == NULL || network->check(task, purpose, error);
}

bool
network_admit(Task *task, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->admit == NULL || network->admit(task, error);
}

bool
network_add(Task *task, NetworkPurpose purpose, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->add == NULL || network->add(task, purpose, error);
}

bool
network_remove(Task *task, NetworkPurpose purpose, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->remove == NULL || network->remove(task, purpose, error);
}

bool
network_configure_tenant(Task *task, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->configure_tenant == NULL || network->configure_tenant(task, error);
}

bool
network_unconfigure_tenant(Task *task, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->unconfigure_tenant == NULL || network->unconfigure_tenant(task, error);
}

bool
network_vif_attach(Task *task, const json_t *vif, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->vif_attach == NULL || network->vif_attach(task, vif, error);
}

bool
network_vif_detach(Task *task, const char *vif_id, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->vif_detach == NULL || network->vif_detach(task, vif_id, error);
}

bool
network_vif_set_address(Task *task, const char *vif_id, const char *address, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->vif_set_address == NULL ||
           network->vif_set_address(task, vif_id, address, error);
}

bool
network_vif_set_client_id(Task *task, const char *vif_id, const char *client_id, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->vif_set_client_id == NULL ||
           network->vif_set_client_id(task, vif_id, client_id, error);
}

json_t *
network_vif_list(Task *task, GError **error)
{
    const NetworkOps *network = task->driver.network;
    return network->vif_list == NULL ? json_array() : network->vif_list(task, error);
}

bool
network_data_of(Task *task, NetworkDataUse use, json_t **data, GError **error)
{
    const NetworkOps *network = task->driver.network;
    json_t *own = task->node->network_data;
    *data = NULL;
    if (use == NETWORK_DATA_OF_RAMDISK && json_object_size(own) > 0) {
        *data = json_incref(own);
        return true;
    }
    if (network->network_data == NULL)
        return true;
    json_t *known = network->network_data(task, use, error);
    if (known == NULL)
        return false;
    if (json_array_size(json_object_get(known, "links")) > 0)
        *data = json_incref(known);
    json_decref(known);
    return true;
}
