/* Choice of a port for a VIF; the contract is in vif_choice.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/vif_choice.h"

#include "common/log.h"

#include <string.h>

bool
vif_choice_port_fits(const Node *node, const Port *port, GError **error)
{
    if (json_string_member(port->extra, "client-id") != NULL)
        return true;
    if (port->is_smartnic)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "port %s is that of a smart NIC, which Steel cannot connect", port->uuid);
    return g_strcmp0(node->network_interface, "neutron") != 0 ||
           json_object_size(port->local_link_connection) > 0 ||
           steel_fail(
               error, STEEL_ERROR_NETWORK,
               "The local_link_connection is required for 'neutron' network interface and is "
               "not present in the nodes %s port %s",
               node->uuid, port->uuid);
}

/* ---- what is taken ---- */

static bool
is_in_group(const VifPlace *place, const Portgroup *group)
{
    return place->port != NULL && g_strcmp0(place->port->portgroup_uuid, group->uuid) == 0;
}

static const VifPlace *
at(const GArray *places, guint index)
{
    return &g_array_index(places, VifPlace, index);
}

static bool
check_not_attached(const GArray *places, const char *vif, GError **error)
{
    for (guint i = 0; i < places->len; i++)
        if (g_strcmp0(vif_place_vif(at(places, i)), vif) == 0)
            return steel_fail(
                error, STEEL_ERROR_CONFLICT,
                "Unable to attach VIF because VIF %s is already attached to Ironic %s "
                "%s",
                vif, vif_place_kind(at(places, i)), vif_place_uuid(at(places, i)));
    return true;
}

/* One of its ports has a VIF of its own, so that they are no bond. */
static bool
is_split(const GArray *places, const Portgroup *group)
{
    for (guint i = 0; i < places->len; i++)
        if (is_in_group(at(places, i), group) && vif_place_vif(at(places, i)) != NULL)
            return true;
    return false;
}

static const Portgroup *
group_of(const GArray *places, const Port *port)
{
    for (guint i = 0; i < places->len; i++)
        if (at(places, i)->group != NULL &&
            g_strcmp0(at(places, i)->group->uuid, port->portgroup_uuid) == 0)
            return at(places, i)->group;
    return NULL;
}

/* ---- what is free ---- */

static bool
is_allowed(const Port *port, const VifWish *wish)
{
    return wish->physical_networks == NULL || *wish->physical_networks == NULL ||
           port->physical_network == NULL ||
           g_strv_contains(wish->physical_networks, port->physical_network);
}

static bool
is_usable(const Node *node, const VifPlace *place, const VifWish *wish)
{
    g_autoptr(GError) why = NULL;
    if (vif_place_vif(place) != NULL || !is_allowed(place->port, wish))
        return false;
    if (vif_choice_port_fits(node, place->port, &why))
        return true;
    log_warning("drivers.network", "no VIF can be attached there: %s", why->message);
    return false;
}

/* A port of a bond is not used alone. */
static bool
is_free_port(const Node *node, const GArray *places, const VifPlace *place, const VifWish *wish)
{
    if (wish->portgroup_uuid != NULL ||
        (wish->port_uuid != NULL && strcmp(wish->port_uuid, place->port->uuid) != 0))
        return false;
    const Portgroup *group = group_of(places, place->port);
    bool bonded = place->port->portgroup_uuid != NULL &&
                  (group == NULL ||
                   vif_place_vif(&(VifPlace){.group = (Portgroup *)(uintptr_t)group}) != NULL ||
                   !is_split(places, group) || wish->port_uuid != NULL);
    return !bonded && is_usable(node, place, wish);
}

static bool
is_free_group(const Node *node, const GArray *places, const VifPlace *place, const VifWish *wish)
{
    if (wish->port_uuid != NULL ||
        (wish->portgroup_uuid != NULL && strcmp(wish->portgroup_uuid, place->group->uuid) != 0) ||
        vif_place_vif(place) != NULL || is_split(places, place->group))
        return false;
    for (guint i = 0; i < places->len; i++)
        if (is_in_group(at(places, i), place->group) && is_usable(node, at(places, i), wish))
            return true;
    return false;
}

/* ---- the best ---- */

/* NULL: none of its ports has one. */
static bool
network_of_group(const GArray *places, const Portgroup *group, const char **network, GError **error)
{
    const VifPlace *first = NULL;
    for (guint i = 0; i < places->len; i++) {
        const VifPlace *place = at(places, i);
        if (!is_in_group(place, group))
            continue;
        if (first == NULL)
            first = place;
        else if (g_strcmp0(first->port->physical_network, place->port->physical_network) != 0)
            return steel_fail(error, STEEL_ERROR_NETWORK,
                              "Port group %s has member ports with inconsistent physical networks "
                              "(%s, %s). All ports in a port group must have the same physical "
                              "network.",
                              group->uuid, first->port->physical_network,
                              place->port->physical_network);
    }
    *network = first != NULL ? first->port->physical_network : NULL;
    return true;
}

static bool
rank_of(const GArray *places, const VifPlace *place, const VifWish *wish, int *rank, GError **error)
{
    const char *network = place->port != NULL ? place->port->physical_network : NULL;
    if (place->group != NULL && !network_of_group(places, place->group, &network, error))
        return false;
    bool matches = network != NULL && wish->physical_networks != NULL &&
                   g_strv_contains(wish->physical_networks, network);
    *rank = (matches ? 4 : 0) + (place->group != NULL ? 2 : 0) +
            (place->group != NULL || place->port->pxe_enabled ? 1 : 0);
    return true;
}

bool
vif_choose(const Node *node, const GArray *places, const VifWish *wish, VifPlace *chosen,
           GError **error)
{
    int best = -1;
    if (!check_not_attached(places, wish->id, error))
        return false;
    for (guint i = 0; i < places->len; i++) {
        const VifPlace *place = at(places, i);
        int rank = 0;
        if (!(place->port != NULL ? is_free_port(node, places, place, wish)
                                  : is_free_group(node, places, place, wish)))
            continue;
        if (!rank_of(places, place, wish, &rank, error))
            return false;
        if (rank > best) {
            best = rank;
            *chosen = *place;
        }
    }
    return best >= 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Unable to attach VIF %s, not enough free physical ports.", wish->id);
}
