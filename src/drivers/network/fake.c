/* A network driver without a network; driver_internal_info keeps the VIFs. For demos, tests and
 * development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/network.h"

#include "drivers/fake.h"
#include "model/internal_info.h"

static bool
fake_network_validate(Task *task, GError **error)
{
    return fake_act(task, "network.validate", error);
}

static bool
fake_network_add(Task *task, NetworkPurpose purpose, GError **error)
{
    (void)purpose;
    return fake_act(task, "network.add", error);
}

static bool
fake_network_remove(Task *task, NetworkPurpose purpose, GError **error)
{
    (void)purpose;
    return fake_act(task, "network.remove", error);
}

static bool
fake_network_configure_tenant(Task *task, GError **error)
{
    return fake_act(task, "network.configure_tenant", error);
}

static bool
fake_network_unconfigure_tenant(Task *task, GError **error)
{
    return fake_act(task, "network.unconfigure_tenant", error);
}

static json_t *
fake_network_vif_list(Task *task, GError **error)
{
    if (!fake_act(task, "network.vif_list", error))
        return NULL;
    json_t *list = json_array();
    const char *id;
    json_t *vif;
    json_object_foreach(info_json(task->node, INFO_FAKE_VIFS), id, vif)
    {
        json_array_append_new(list, json_pack("{s:s}", "id", id));
    }
    return list;
}

static bool
fake_network_vif_attach(Task *task, const json_t *vif, GError **error)
{
    if (!fake_act(task, "network.vif_attach", error))
        return false;
    const char *id = json_string_member(vif, "id");
    if (id == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "a VIF needs an id");
    json_t *vifs = info_json(task->node, INFO_FAKE_VIFS);
    if (json_object_get(vifs, id) != NULL)
        return steel_fail(error, STEEL_ERROR_CONFLICT, "VIF %.100s is attached already", id);
    if (vifs == NULL) {
        vifs = json_object();
        info_set_json(task->node, INFO_FAKE_VIFS, vifs);
    }
    json_object_set_new(vifs, id, json_deep_copy(vif));
    return task_save(task, error);
}

static bool
fake_network_vif_detach(Task *task, const char *vif_id, GError **error)
{
    if (!fake_act(task, "network.vif_detach", error))
        return false;
    if (json_object_del(info_json(task->node, INFO_FAKE_VIFS), vif_id) != 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "VIF %.100s is not attached to the node",
                          vif_id);
    return task_save(task, error);
}

const NetworkOps network_fake = {
    .interface = {.name = "fake", .properties = fake_properties, .validate = fake_network_validate},
    .add = fake_network_add,
    .remove = fake_network_remove,
    .configure_tenant = fake_network_configure_tenant,
    .unconfigure_tenant = fake_network_unconfigure_tenant,
    .vif_attach = fake_network_vif_attach,
    .vif_detach = fake_network_vif_detach,
    .vif_list = fake_network_vif_list,
};
