/* Calls to Neutron; the contract is in neutron.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/neutron.h"

#include "common/json_text.h"
#include "common/uuid.h"

#include <string.h>

#define VERSION "/v2.0"

/* ---- one call ---- */

/* [neutron]timeout, where it is set, goes before request_timeout. */
static int
timeout_ms(void)
{
    const Config *config = config_current();
    if (config_is_set(config, OPT_NEUTRON_TIMEOUT))
        return 0;
    return (int)CLAMP(config_integer(config, OPT_NEUTRON_REQUEST_TIMEOUT), 1, 3600) * 1000;
}

/* Some catalogs name the version, most do not. */
static char *
path_of(const Neutron *neutron, const char *path, GError **error)
{
    g_autofree char *endpoint = openstack_endpoint(neutron->session, error);
    if (endpoint == NULL)
        return NULL;
    return g_strconcat(g_str_has_suffix(endpoint, VERSION) ? "" : VERSION, path, NULL);
}

/* Takes `path`. */
static bool
ask(const Neutron *neutron, OpenstackCall call, char *path, HttpResponse *response, GError **error)
{
    g_autofree char *whole = path_of(neutron, path, error);
    g_free(path);
    if (whole == NULL)
        return false;
    call.path = whole;
    call.request_id = neutron->request_id;
    call.deadline_ms = neutron->deadline_ms;
    call.timeout_ms = timeout_ms();
    return openstack_ask(neutron->session, &call, response, error);
}

static char *
path_to(const char *collection, const char *id)
{
    g_autofree char *escaped = http_escape(id);
    return g_strdup_printf("/%s/%s", collection, escaped);
}

/* The member of an answer, a new reference; NULL on an error, which says what was asked. */
static json_t *
read_member(const HttpResponse *response, const char *member, const char *what, GError **error)
{
    json_t *value = neutron_document(response->body, response->body_size, member, error);
    if (value == NULL)
        g_prefix_error(error, "%s: ", what);
    return value;
}

static json_t *
get(const Neutron *neutron, const char *what, char *path, const char *member, GError **error)
{
    g_auto(HttpResponse) response = {0};
    const OpenstackCall call = {.what = what};
    if (!ask(neutron, call, path, &response, error))
        return NULL;
    return read_member(&response, member, what, error);
}

/* ---- queries ---- */

static void
add_filter(GString *query, const char *name, const char *value)
{
    if (value == NULL)
        return;
    g_autofree char *escaped = http_escape(value);
    g_string_append_printf(query, "%c%s=%s", query->len == 0 ? '?' : '&', name, escaped);
}

static void
add_filters(GString *query, const char *name, const char *const *values)
{
    for (; values != NULL && *values != NULL; values++)
        add_filter(query, name, *values);
}

/* ---- networks ---- */

static bool
read_network(json_t *answer, NeutronNetwork *network, GError **error)
{
    json_auto_t *owned = answer;
    return owned != NULL && neutron_network_read(owned, network, error);
}

bool
neutron_network_show(const Neutron *neutron, const char *id, NeutronNetwork *network,
                     GError **error)
{
    g_autofree char *what = g_strdup_printf("the look at network %.64s", id);
    return read_network(get(neutron, what, path_to("networks", id), "network", error), network,
                        error);
}

static bool
too_many(const json_t *list, const char *name, const char *kind, GError **error)
{
    g_autoptr(GString) ids = g_string_new(NULL);
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        const char *id = json_string_member(item, "id");
        if (index < 8)
            g_string_append_printf(ids, "%s%.64s", index > 0 ? ", " : "", id != NULL ? id : "?");
    }
    return steel_fail(error, STEEL_ERROR_INVALID, "More than one %s was found for name %.255s: %s",
                      kind, name, ids->str);
}

static bool
find_by_name(const Neutron *neutron, const char *name, const char *kind, NeutronNetwork *network,
             GError **error)
{
    g_autofree char *what = g_strdup_printf("the search for %s %.255s", kind, name);
    GString *path = g_string_new(NULL);
    add_filter(path, "name", name);
    g_string_prepend(path, "/networks");
    json_auto_t *list = get(neutron, what, g_string_free(path, FALSE), "networks", error);
    if (list == NULL)
        return false;
    if (json_array_size(list) == 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "%s with name or UUID %.255s was not found",
                          kind, name);
    if (json_array_size(list) > 1)
        return too_many(list, name, kind, error);
    return neutron_network_read(json_array_get(list, 0), network, error);
}

bool
neutron_network_find(const Neutron *neutron, const char *ident, const char *kind,
                     NeutronNetwork *network, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (uuid_valid(ident)) {
        if (neutron_network_show(neutron, ident, network, &cause))
            return true;
        if (!steel_error_is(cause, STEEL_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
    }
    return find_by_name(neutron, ident, kind, network, error);
}

bool
neutron_subnet_show(const Neutron *neutron, const char *id, NeutronSubnet *subnet, GError **error)
{
    g_autofree char *what = g_strdup_printf("the look at subnet %.64s", id);
    json_auto_t *answer = get(neutron, what, path_to("subnets", id), "subnet", error);
    return answer != NULL && neutron_subnet_read(answer, subnet, error);
}

/* ---- security groups ---- */

static bool
has_id(const json_t *list, const char *id)
{
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        if (g_strcmp0(json_string_member(item, "id"), id) == 0)
            return true;
    }
    return false;
}

bool
neutron_security_groups_check(const Neutron *neutron, const char *const *ids, GError **error)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    if (ids == NULL || *ids == NULL)
        return true;
    GString *path = g_string_new("?fields=id");
    add_filters(path, "id", ids);
    g_string_prepend(path, "/security-groups");
    json_auto_t *list = get(neutron, "the search for security groups", g_string_free(path, FALSE),
                            "security_groups", error);
    if (list == NULL)
        return false;
    for (; *ids != NULL; ids++)
        if (!has_id(list, *ids))
            g_string_append_printf(missing, "%s%s", missing->len > 0 ? ", " : "", *ids);
    return missing->len == 0 || steel_fail(error, STEEL_ERROR_INVALID,
                                           "Could not find these security groups (specified via "
                                           "ironic config) in neutron: %s",
                                           missing->str);
}

/* ---- ports ---- */

/* Sends attributes; takes `path`. port: NULL: what comes back does not matter. */
static bool
send_port(const Neutron *neutron, OpenstackCall call, char *path, const json_t *attributes,
          NeutronPort *port, GError **error)
{
    g_auto(HttpResponse) response = {0};
    json_auto_t *document = json_pack("{s:O}", "port", attributes);
    g_autofree char *body = json_text_dump(document);
    call.body = body;
    if (!ask(neutron, call, path, &response, error))
        return false;
    json_auto_t *answer = read_member(&response, "port", call.what, error);
    g_auto(NeutronPort) read = {0};
    if (answer == NULL || !neutron_port_read(answer, &read, error))
        return false;
    if (port != NULL) {
        *port = read;
        read = (NeutronPort){0};
    }
    return true;
}

bool
neutron_port_create(const Neutron *neutron, const json_t *attributes, NeutronPort *port,
                    GError **error)
{
    const char *mac = json_string_member(attributes, "mac_address"),
               *network = json_string_member(attributes, "network_id");
    g_autofree char *what =
        g_strdup_printf("the creation of a port for %s on network %.64s",
                        mac != NULL ? mac : "any address", network != NULL ? network : "?");
    const OpenstackCall call = {.what = what, .method = "POST"};
    return send_port(neutron, call, g_strdup("/ports"), attributes, port, error);
}

bool
neutron_port_update(const Neutron *neutron, const char *id, const json_t *attributes,
                    NeutronPort *port, GError **error)
{
    g_autofree char *what = g_strdup_printf("the change of port %.64s", id);
    const OpenstackCall call = {.what = what, .method = "PUT"};
    return send_port(neutron, call, path_to("ports", id), attributes, port, error);
}

bool
neutron_port_show(const Neutron *neutron, const char *id, NeutronPort *port, GError **error)
{
    g_autofree char *what = g_strdup_printf("the look at port %.64s", id);
    json_auto_t *answer = get(neutron, what, path_to("ports", id), "port", error);
    return answer != NULL && neutron_port_read(answer, port, error);
}

bool
neutron_port_delete(const Neutron *neutron, const char *id, GError **error)
{
    static const int expected[] = {404, 0};
    g_auto(HttpResponse) response = {0};
    g_autofree char *what = g_strdup_printf("the removal of port %.64s", id);
    const OpenstackCall call = {.what = what, .method = "DELETE", .expected = expected};
    return ask(neutron, call, path_to("ports", id), &response, error);
}

/* ---- lists of ports ---- */

static bool
is_one_of(const char *const *values, const char *value)
{
    return values == NULL || (value != NULL && g_strv_contains(values, value));
}

static bool
fits(const NeutronPortFilter *filter, const NeutronPort *port)
{
    return (filter->network_id == NULL || g_strcmp0(port->network_id, filter->network_id) == 0) &&
           (filter->device_owner == NULL ||
            g_strcmp0(port->device_owner, filter->device_owner) == 0) &&
           is_one_of(filter->mac_addresses, port->mac_address) &&
           is_one_of(filter->device_ids, port->device_id);
}

static GPtrArray *
read_ports(const json_t *list, const NeutronPortFilter *filter, GError **error)
{
    g_autoptr(GPtrArray) ports =
        g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))neutron_port_free);
    size_t index;
    json_t *item;
    if (json_array_size(list) > NEUTRON_LIST_LIMIT) {
        steel_fail(error, STEEL_ERROR_HTTP, "Neutron answered with %zu ports, which is too many",
                   json_array_size(list));
        return NULL;
    }
    json_array_foreach(list, index, item)
    {
        g_auto(NeutronPort) port = {0};
        if (!neutron_port_read(item, &port, error))
            return NULL;
        if (!fits(filter, &port))
            continue;
        g_ptr_array_add(ports, g_memdup2(&port, sizeof port));
        port = (NeutronPort){0};
    }
    return g_steal_pointer(&ports);
}

GPtrArray *
neutron_ports_list(const Neutron *neutron, const NeutronPortFilter *filter, GError **error)
{
    GString *path = g_string_new(NULL);
    add_filter(path, "network_id", filter->network_id);
    add_filter(path, "device_owner", filter->device_owner);
    add_filters(path, "mac_address", filter->mac_addresses);
    add_filters(path, "device_id", filter->device_ids);
    g_string_prepend(path, "/ports");
    json_auto_t *list =
        get(neutron, "the search for ports", g_string_free(path, FALSE), "ports", error);
    return list != NULL ? read_ports(list, filter, error) : NULL;
}
