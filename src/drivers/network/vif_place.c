/* Ports and port groups as places of VIFs; the contract is in vif_place.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/vif_place.h"

#include "db/records.h"
#include "drivers/network/neutron_node.h"

#include <string.h>

GArray *
vif_places(Task *task, GError **error)
{
    const GPtrArray *ports = task_ports(task, error);
    const GPtrArray *groups = ports != NULL ? task_portgroups(task, error) : NULL;
    if (groups == NULL)
        return NULL;
    GArray *places = g_array_new(FALSE, TRUE, sizeof(VifPlace));
    for (guint i = 0; i < ports->len; i++) {
        const VifPlace place = {.port = ports->pdata[i]};
        g_array_append_val(places, place);
    }
    for (guint i = 0; i < groups->len; i++) {
        const VifPlace place = {.group = groups->pdata[i]};
        g_array_append_val(places, place);
    }
    return places;
}

const char *
vif_place_uuid(const VifPlace *place)
{
    return place->port != NULL ? place->port->uuid : place->group->uuid;
}

const char *
vif_place_address(const VifPlace *place)
{
    return place->port != NULL ? place->port->address : place->group->address;
}

const char *
vif_place_kind(const VifPlace *place)
{
    return place->port != NULL ? "Port" : "Portgroup";
}

static json_t *
info_of(const VifPlace *place)
{
    return place->port != NULL ? place->port->internal_info : place->group->internal_info;
}

const char *
vif_place_info(const VifPlace *place, const char *key)
{
    return json_string_member(info_of(place), key);
}

const char *
vif_place_vif(const VifPlace *place)
{
    return vif_place_info(place, VIF_KEY);
}

const char *
vif_place_current(const VifPlace *place)
{
    static const NetworkPurpose order[] = {NETWORK_CLEANING, NETWORK_PROVISIONING, NETWORK_RESCUING,
                                           NETWORK_SERVICING, NETWORK_INSPECTION};
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        const char *vif = vif_place_info(place, neutron_node_vif_key(order[i]));
        if (vif != NULL)
            return vif;
    }
    return vif_place_vif(place);
}

bool
vif_place_set(const Task *task, const VifPlace *place, const char *key, const char *value,
              GError **error)
{
    const Resource *resource = place->port != NULL ? &port_resource : &portgroup_resource;
    void *record = place->port != NULL ? (void *)place->port : (void *)place->group;
    json_t *extra = place->port != NULL ? place->port->extra : place->group->extra;
    void *before = record_copy(resource, record);
    if (value != NULL) {
        json_object_set_new(info_of(place), key, json_string(value));
    } else {
        json_object_del(info_of(place), key);
        if (strcmp(key, VIF_KEY) == 0)
            json_object_del(extra, "vif_port_id");
    }
    bool good = db_record_save(task->services->db, resource, record, before, error);
    record_free(resource, before);
    return good;
}

json_t *
vif_place_client_id_option(const char *client_id)
{
    return json_pack("[{s:s,s:s?}]", "opt_name", "61", "opt_value", client_id);
}

/* Options of the kernel's bonding driver; cloud-init knows them by names that begin with "bond". */
static json_t *
group_information(const Portgroup *group)
{
    json_t *properties = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(group->properties, name, value)
    {
        g_autofree char *key =
            g_strconcat(g_str_has_prefix(name, "bond") ? "" : "bond_", name, NULL);
        json_object_set(properties, key, value);
    }
    return json_pack("{s:s,s:s?,s:s?,s:o}", "id", group->uuid, "name", group->name, "bond_mode",
                     group->mode, "bond_properties", properties);
}

static json_t *
links_of_group(const GPtrArray *ports, const Portgroup *group)
{
    json_t *links = json_array();
    for (guint i = 0; i < ports->len; i++) {
        const Port *port = ports->pdata[i];
        if (g_strcmp0(port->portgroup_uuid, group->uuid) == 0)
            json_array_append_new(links, json_deep_copy(port->local_link_connection));
    }
    return links;
}

json_t *
vif_place_profile(Task *task, const VifPlace *place, GError **error)
{
    const GPtrArray *ports = task_ports(task, error);
    if (ports == NULL)
        return NULL;
    if (place->port != NULL)
        return json_pack("{s:[o]}", "local_link_information",
                         json_deep_copy(place->port->local_link_connection));
    return json_pack("{s:o,s:o}", "local_link_information", links_of_group(ports, place->group),
                     "local_group_information", group_information(place->group));
}
