/* DHCP options in Neutron; the contract is in dhcp_neutron.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/dhcp_neutron.h"

#include "common/backoff.h"
#include "common/config.h"
#include "common/log.h"
#include "drivers/network/neutron_node.h"
#include "drivers/network/vif_place.h"
#include "model/internal_info.h"

#include <string.h>

#define AREA "drivers.boot"

/* ---- which options for which port ---- */

/* Those of the versions that the port has addresses of. */
static json_t *
options_for(const NeutronPort *port, const json_t *options)
{
    json_t *fitting = json_array();
    size_t index;
    json_t *option;
    json_array_foreach((json_t *)(uintptr_t)options, index, option)
    {
        int64_t version = json_integer_value(json_object_get(option, "ip_version"));
        if (neutron_port_has_version(port, (int)version))
            json_array_append(fitting, option);
    }
    return fitting;
}

/* The same options without a value, which removes them. */
static json_t *
removal_of(const json_t *options)
{
    json_t *removal = json_deep_copy(options);
    size_t index;
    json_t *option;
    json_array_foreach(removal, index, option)
    {
        json_object_set_new(option, "opt_value", json_null());
    }
    return removal;
}

static bool
set_options(const Neutron *neutron, const char *vif, json_t *options, GError **error)
{
    json_auto_t *attributes = json_pack("{s:O}", "extra_dhcp_opts", options);
    return neutron_port_update(neutron, vif, attributes, NULL, error);
}

/* ---- offer ---- */

/* The ports in use: a set of IDs borrowed from the places. */
static GHashTable *
vifs_in_use(const GArray *places)
{
    GHashTable *vifs = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < places->len; i++) {
        const char *vif = vif_place_current(&g_array_index(places, VifPlace, i));
        if (vif != NULL)
            g_hash_table_add(vifs, (char *)(uintptr_t)vif);
    }
    return vifs;
}

static bool
note(Task *task, GHashTable *vifs, const json_t *options, GError **error)
{
    json_t *noted = info_json(task->node, INFO_NEUTRON_DHCP);
    GHashTableIter iterator;
    gpointer vif;
    noted = noted != NULL ? json_deep_copy(noted) : json_object();
    g_hash_table_iter_init(&iterator, vifs);
    while (g_hash_table_iter_next(&iterator, &vif, NULL))
        json_object_set_new(noted, vif, removal_of(options));
    info_set_json(task->node, INFO_NEUTRON_DHCP, noted);
    return task_save(task, error);
}

static bool
offer_to(const Neutron *neutron, const char *vif, const json_t *options, GError **error)
{
    g_auto(NeutronPort) port = {0};
    if (!neutron_port_show(neutron, vif, &port, error))
        return false;
    json_auto_t *fitting = options_for(&port, options);
    if (json_array_size(fitting) == 0) {
        log_warning(AREA, "port %s has no address, so that DHCP tells its machine nothing", vif);
        return true;
    }
    return set_options(neutron, vif, fitting, error);
}

/* True if one has them; the first failure is the error otherwise. */
static bool
offer_to_all(const Task *task, const Neutron *neutron, GHashTable *vifs, const json_t *options,
             GError **error)
{
    g_autoptr(GError) first = NULL;
    GHashTableIter iterator;
    gpointer vif;
    bool any = false;
    g_hash_table_iter_init(&iterator, vifs);
    while (g_hash_table_iter_next(&iterator, &vif, NULL)) {
        g_autoptr(GError) cause = NULL;
        if (offer_to(neutron, vif, options, &cause)) {
            any = true;
            continue;
        }
        log_warning(AREA, "the DHCP options of port %s of node %s are not set: %s",
                    (const char *)vif, task->node->uuid, cause->message);
        if (first == NULL)
            first = g_steal_pointer(&cause);
    }
    if (any)
        return true;
    g_propagate_error(error, g_steal_pointer(&first));
    return neutron_node_failed(error, "Failed to set DHCP BOOT options for any port on node %s",
                               task->node->uuid);
}

/* [neutron]port_setup_delay: a DHCP agent may take a moment to learn of it. */
static void
let_it_settle(const Task *task)
{
    int64_t delay_s = config_integer(config_current(), OPT_NEUTRON_PORT_SETUP_DELAY);
    if (delay_s > 0)
        backoff_sleep(task_time_left_ms(task, (unsigned)MIN(delay_s, 600) * 1000));
}

bool
dhcp_neutron_offer(Task *task, const json_t *options, GError **error)
{
    Neutron neutron;
    g_autoptr(GArray) places = vif_places(task, error);
    if (places == NULL || !neutron_node_open(task, &neutron, error))
        return false;
    g_autoptr(GHashTable) vifs = vifs_in_use(places);
    if (g_hash_table_size(vifs) == 0)
        return steel_fail(error, STEEL_ERROR_NETWORK,
                          "No VIFs found for node %s when attempting to update DHCP BOOT options.",
                          task->node->uuid);
    if (!note(task, vifs, options, error) || !offer_to_all(task, &neutron, vifs, options, error))
        return false;
    let_it_settle(task);
    return true;
}

/* ---- withdrawal ---- */

static bool
is_the_user_s(const GArray *places, const char *vif)
{
    for (guint i = 0; places != NULL && i < places->len; i++)
        if (g_strcmp0(vif_place_vif(&g_array_index(places, VifPlace, i)), vif) == 0)
            return true;
    return false;
}

/* False: it could not be asked for. */
static bool
withdraw_from(const Neutron *neutron, const char *vif, json_t *removal)
{
    g_autoptr(GError) cause = NULL;
    if (set_options(neutron, vif, removal, &cause) || steel_error_is(cause, STEEL_ERROR_NOT_FOUND))
        return true;
    log_warning(AREA, "the DHCP options of port %s stay for now: %s", vif, cause->message);
    return false;
}

bool
dhcp_neutron_withdraw(Task *task)
{
    g_autoptr(GError) error = NULL;
    Neutron neutron;
    const json_t *noted = info_json(task->node, INFO_NEUTRON_DHCP);
    if (noted == NULL)
        return false;
    g_autoptr(GArray) places = vif_places(task, &error);
    if (places == NULL || !neutron_node_open(task, &neutron, &error)) {
        log_warning(AREA, "DHCP options of node %s stay: %s", task->node->uuid, error->message);
        return false;
    }
    json_t *left = json_object();
    const char *vif;
    json_t *removal;
    json_object_foreach((json_t *)(uintptr_t)noted, vif, removal)
    {
        if (is_the_user_s(places, vif) && !withdraw_from(&neutron, vif, removal))
            json_object_set(left, vif, removal);
    }
    info_remove(task->node, INFO_NEUTRON_DHCP);
    if (json_object_size(left) > 0)
        info_set_json(task->node, INFO_NEUTRON_DHCP, left);
    else
        json_decref(left);
    return true;
}
