/* The version documents, health, and the routes that exist only to refuse.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/controllers/controllers.h"
#include "api/router.h"

#include <string.h>
#include <unistd.h>

/* Every client that starts reads these documents, so they are written as text. */
static void
append_version(const Request *request, GString *out, const char *base)
{
    g_string_append_printf(out,
                           "{\"id\":\"v1\",\"links\":[{\"href\":\"%s/v1/\",\"rel\":\"self\"}],"
                           "\"status\":\"CURRENT\",\"min_version\":\"%s\",\"version\":\"%s\"}",
                           base, api_version_text(API_VERSION_MINIMUM),
                           api_version_text(request_newest_version(request)));
}

/* A base URL needs no escaping (request_append_base). */
static char *
base_of(const Request *request)
{
    GString *base = g_string_new(NULL);
    request_append_base(request, base);
    return g_string_free(base, FALSE);
}

Answer
root_get(Request *request, GError **error)
{
    (void)error;
    g_autofree char *base = base_of(request);
    GString *out = request_out(request, 200, 512);
    g_string_append(
        out, "{\"name\":\"OpenStack Ironic API\",\"description\":\"Steel provisions and manages "
             "bare metal machines and speaks the API of OpenStack Ironic.\","
             "\"default_version\":");
    append_version(request, out, base);
    g_string_append(out, ",\"versions\":[");
    append_version(request, out, base);
    g_string_append(out, "]}");
    return ANSWER_NOW;
}

Answer
root_v1_get(Request *request, GError **error)
{
    static const struct {
        unsigned since;
        const char *name;
    } resources[] = {
        {1,  "chassis"},
        {1,  "nodes"},
        {1,  "ports"},
        {1,  "drivers"},
        {23, "portgroups"},
        {32, "volume"},
        {22, "lookup"},
        {22, "heartbeat"},
        {49, "conductors"},
        {52, "allocations"},
        {54, "events"},
        {55, "deploy_templates"},
        {82, "shards"},
        {84, "continue_inspection"},
        {92, "runbooks"},
        {96, "inspection_rules"},
    };
    (void)error;
    g_autofree char *base = base_of(request);
    GString *out = request_out(request, 200, 4096);
    g_string_append_printf(
        out,
        "{\"id\":\"v1\",\"links\":[{\"href\":\"%s/v1/\",\"rel\":\"self\"},"
        "{\"href\":\"https://docs.openstack.org/ironic/latest/contributor/webapi.html\","
        "\"rel\":\"describedby\",\"type\":\"text/html\"}],"
        "\"media_types\":{\"base\":\"application/json\","
        "\"type\":\"application/vnd.openstack.ironic.v1+json\"},\"version\":",
        base);
    append_version(request, out, base);
    for (size_t i = 0; i < G_N_ELEMENTS(resources); i++)
        if (request->version >= resources[i].since)
            g_string_append_printf(out,
                                   ",\"%s\":[{\"href\":\"%s/v1/%s/\",\"rel\":\"self\"},"
                                   "{\"href\":\"%s/%s/\",\"rel\":\"bookmark\"}]",
                                   resources[i].name, base, resources[i].name, base,
                                   resources[i].name);
    g_string_append_c(out, '}');
    return ANSWER_NOW;
}

Answer
root_health(Request *request, GError **error)
{
    const Config *config = config_current();
    if (!config_boolean(config, OPT_HEALTHCHECK_ENABLED)) {
        steel_fail(error, STEEL_ERROR_NOT_FOUND,
                   "Health checks are not served: [healthcheck]enabled is false.");
        return ANSWER_FAILED;
    }
    const char *switch_file = config_string(config, OPT_HEALTHCHECK_DISABLE_BY_FILE_PATH);
    bool disabled = switch_file != NULL && access(switch_file, F_OK) == 0;
    g_autoptr(GError) fault = NULL;
    bool alive = !disabled && db_alive(request_db(request), &fault);
    bool damaged = steel_error_is(fault, STEEL_ERROR_DATABASE_DAMAGED);
    GString *out = request_out(request, alive ? 200 : 503, 64);
    request->content_type = "text/plain";
    g_string_append(out, alive      ? "OK"
                         : disabled ? "DISABLED BY FILE"
                         : damaged  ? "DATABASE DAMAGED"
                                    : "DATABASE UNAVAILABLE");
    return ANSWER_NOW;
}

Answer
missing_ident(Request *request, GError **error)
{
    steel_fail(error, STEEL_ERROR_MISSING,
               "Missing mandatory parameter: which one? %s /v1/%s/{uuid}",
               http_method_name(request->method), request->route->pattern);
    return ANSWER_FAILED;
}

Answer
method_missing(Request *request, GError **error)
{
    steel_fail(error, STEEL_ERROR_METHOD_NOT_ALLOWED, "/v1/%s has no %s", request->route->pattern,
               http_method_name(request->method));
    return ANSWER_FAILED;
}

Answer
not_permitted(Request *request, GError **error)
{
    steel_fail(error, STEEL_ERROR_FORBIDDEN,
               "Operation not permitted: below a node these lists can only be read; %s",
               strstr(request->route->pattern, "volume/") != NULL
                   ? "use /v1/volume/connectors and /v1/volume/targets"
               : strstr(request->route->pattern, "portgroups") != NULL ? "use /v1/portgroups"
                                                                       : "use /v1/ports");
    return ANSWER_FAILED;
}
