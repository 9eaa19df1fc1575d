/* From a request to the answer of a simulated Redfish BMC: login, path, method.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"
#include "common/time_text.h"

#include <string.h>

enum { BODY_DEPTH = 16, BODY_VALUES = 20000, PATH_LIMIT = 1024 };

typedef void (*RedfishHandler)(RedfishCall *call);

/* What is done beside reading and changing resources. Paths in lower case; "*" is one word. */
typedef struct RouteRow {
    const char *method, *path;
    RedfishHandler handler;
    unsigned kinds; /* of BMCs that have it, as bits; 0: all that speak Redfish */
} RouteRow;

enum {
    ILO5 = 1U << REDFISH_KIND_ILO5,
    ILO4 = 1U << REDFISH_KIND_ILO4,
    GEN8 = 1U << REDFISH_KIND_GEN8,
    SPEAK_REDFISH = ILO5 | ILO4 | 1U << REDFISH_KIND_PLAIN
};

#define SYSTEM "/redfish/v1/systems/1"
#define MEDIA "/redfish/v1/managers/1/virtualmedia"
#define SECURITY "/redfish/v1/managers/1/securityservice"
#define SUBSCRIPTIONS "/redfish/v1/eventservice/subscriptions"
#define VOLUMES SYSTEM "/storage/1/volumes"
#define SESSIONS "/redfish/v1/sessionservice/sessions"
#define REST_SYSTEM "/rest/v1/systems/1"
#define REST_MEDIA "/rest/v1/managers/1/virtualmedia"
#define REST_SESSIONS "/rest/v1/sessions"

static const RouteRow routes[] = {
    {"POST", SESSIONS, redfish_session_open},
    {"DELETE", SESSIONS "/*", redfish_session_close},
    {"POST", SYSTEM "/actions/computersystem.reset", redfish_system_reset},
    {"POST", "/redfish/v1/managers/1/actions/manager.reset", redfish_manager_reset},
    {"POST", MEDIA "/cd/actions/virtualmedia.insertmedia", redfish_media_insert},
    {"POST", MEDIA "/cd/actions/virtualmedia.ejectmedia", redfish_media_eject},
    {"PATCH", MEDIA "/cd", redfish_media_patch},
    {"POST", MEDIA "/floppy/actions/virtualmedia.insertmedia", redfish_media_insert},
    {"POST", MEDIA "/floppy/actions/virtualmedia.ejectmedia", redfish_media_eject},
    {"PATCH", MEDIA "/floppy", redfish_media_patch},
    {"POST", MEDIA "/1/actions/virtualmedia.insertmedia", redfish_media_insert, ILO5},
    {"POST", MEDIA "/1/actions/virtualmedia.ejectmedia", redfish_media_eject, ILO5},
    {"POST", MEDIA "/1/actions/oem/hpe/hpeilovirtualmedia.insertvirtualmedia", redfish_media_insert,
     ILO5},
    {"POST", MEDIA "/1/actions/oem/hpe/hpeilovirtualmedia.ejectvirtualmedia", redfish_media_eject,
     ILO5},
    {"PATCH", MEDIA "/1", redfish_media_patch, ILO5},
    {"POST", MEDIA "/2/actions/virtualmedia.insertmedia", redfish_media_insert, ILO5},
    {"POST", MEDIA "/2/actions/virtualmedia.ejectmedia", redfish_media_eject, ILO5},
    {"POST", MEDIA "/2/actions/oem/hpe/hpeilovirtualmedia.insertvirtualmedia", redfish_media_insert,
     ILO5},
    {"POST", MEDIA "/2/actions/oem/hpe/hpeilovirtualmedia.ejectvirtualmedia", redfish_media_eject,
     ILO5},
    {"PATCH", MEDIA "/2", redfish_media_patch, ILO5},
    {"POST", SYSTEM "/actions/oem/hpe/hpecomputersystemext.powerbutton", redfish_power_button,
     ILO5},
    {"POST", SYSTEM "/bios/settings", redfish_bios_post, ILO5},
    {"POST", SYSTEM "/bios/settings/actions/bios.resetbios", redfish_bios_reset, ILO5},
    {"PATCH", SYSTEM "/bios/iscsi/settings", redfish_iscsi_patch, ILO5},
    {"POST", "/redfish/v1/managers/1/licenseservice", redfish_licence_post, ILO5},
    {"PATCH", SECURITY "/securitydashboard/securityparams/*", redfish_security_patch, ILO5},
    {"POST", SECURITY "/httpscert/actions/hpehttpscert.generatecsr", redfish_https_request, ILO5},
    {"POST", SECURITY "/httpscert/actions/hpehttpscert.importcertificate", redfish_https_import,
     ILO5},
    {"PUT", SYSTEM "/smartstorageconfig/settings", redfish_config_put, ILO5},
    {"PATCH", SYSTEM "/smartstorageconfig/settings", redfish_config_patch, ILO5},
    {"POST", SYSTEM "/actions/oem/hpe/hpecomputersystemext.securesystemerase", redfish_secure_erase,
     ILO5},
    {"PUT", SYSTEM "/bios/tlsconfig/settings", redfish_tls_put, ILO5},
    {"POST", "/ribcl", redfish_ribcl, ILO5 | ILO4 | GEN8},
    {"GET", "/xmldata", redfish_xmldata, ILO5 | ILO4 | GEN8},
    {"POST", REST_SESSIONS, redfish_session_open, ILO4},
    {"DELETE", REST_SESSIONS "/*", redfish_session_close, ILO4},
    {"POST", REST_SYSTEM, redfish_rest_system_post, ILO4},
    {"POST", "/rest/v1/managers/1", redfish_rest_manager_post, ILO4},
    {"POST", REST_MEDIA "/1", redfish_rest_media_post, ILO4},
    {"PATCH", REST_MEDIA "/1", redfish_media_patch, ILO4},
    {"POST", REST_MEDIA "/2", redfish_rest_media_post, ILO4},
    {"PATCH", REST_MEDIA "/2", redfish_media_patch, ILO4},
    {"PATCH", REST_SYSTEM "/secureboot", redfish_rest_secure_boot_patch, ILO4},
    {"PATCH", REST_SYSTEM "/bios/iscsi/settings", redfish_rest_iscsi_patch, ILO4},
    {"POST", "/rest/v1/managers/1/licenseservice", redfish_licence_post, ILO4},
    {"POST", "/rest/v1/managers/1/updateservice", redfish_rest_update_post, ILO4},
    {"POST", SYSTEM "/bios/actions/bios.resetbios", redfish_bios_reset},
    {"POST", SYSTEM "/bios/actions/bios.changepassword", redfish_bios_password},
    {"POST", SYSTEM "/secureboot/actions/secureboot.resetkeys", redfish_secure_boot_keys},
    {"POST", SUBSCRIPTIONS, redfish_subscription_add},
    {"DELETE", SUBSCRIPTIONS "/*", redfish_subscription_remove},
    {"POST", VOLUMES, redfish_volume_add},
    {"DELETE", VOLUMES "/*", redfish_volume_remove},
    {"POST", "/redfish/v1/updateservice/actions/updateservice.simpleupdate", redfish_simple_update},
    {"GET", "/redfish/v1/taskservice/taskmonitors/*", redfish_task_monitor},
    {"GET", "/redfish/v1/taskservice/tasks/*", redfish_task_monitor},
    {"POST", "/redfish/v1/eventservice/actions/eventservice.submittestevent", redfish_test_event},
};

/* What strangers may read. */
static const char *const public_paths[] = {"/redfish", "/redfish/v1", "/rest",
                                           "/rest/v1", "/ribcl",      "/xmldata"};

void
redfish_answer_clear(RedfishAnswer *answer)
{
    g_clear_pointer(&answer->text, g_free);
    g_clear_pointer(&answer->headers, g_ptr_array_unref);
}

static bool
path_matches(const char *pattern, const char *path)
{
    size_t length = strlen(pattern);
    if (pattern[length - 1] != '*')
        return strcmp(pattern, path) == 0;
    return strncmp(pattern, path, length - 1) == 0 && path[length - 1] != '\0' &&
           strchr(path + length - 1, '/') == NULL;
}

/* method: NULL: any */
static const RouteRow *
find_route(const RedfishCall *call, const char *method)
{
    unsigned kind = 1U << call->bmc->tree->kind;
    for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
        unsigned kinds = routes[i].kinds != 0 ? routes[i].kinds : SPEAK_REDFISH;
        if ((kinds & kind) != 0 && path_matches(routes[i].path, call->path) &&
            (method == NULL || strcmp(routes[i].method, method) == 0))
            return &routes[i];
    }
    return NULL;
}

static bool
is_public(const RedfishCall *call)
{
    for (size_t i = 0; i < G_N_ELEMENTS(public_paths); i++)
        if (strcmp(call->path, public_paths[i]) == 0)
            return true;
    return strcmp(call->request->method, "POST") == 0 &&
           (strcmp(call->path, SESSIONS) == 0 || strcmp(call->path, REST_SESSIONS) == 0);
}

static bool
is_read(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* What can be done with a resource. */
static void
add_allow(RedfishCall *call, bool readable)
{
    static const char *const methods[] = {"PATCH", "POST", "PUT", "DELETE"};
    GString *allow = g_string_new(readable ? "GET, HEAD" : "");
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
        if (find_route(call, methods[i]) != NULL || (i == 0 && redfish_patch_is_known(call->path)))
            g_string_append_printf(allow, "%s%s", allow->len > 0 ? ", " : "", methods[i]);
    redfish_add_header(call, "Allow", allow->str);
    g_string_free(allow, TRUE);
}

static void read_resource(RedfishCall *call, const RedfishResource *resource)
    REQUIRES(call->bmc->lock);

static void
read_resource(RedfishCall *call, const RedfishResource *resource)
{
    json_t *body = redfish_expand(call, resource);
    if (body == NULL) {
        redfish_refuse(call, REDFISH_MESSAGE_RESOURCE_MISSING, NULL, call->request->path, NULL);
        return;
    }
    g_autofree char *etag = redfish_etag(call->bmc, body);
    redfish_add_header(call, "ETag", etag);
    add_allow(call, true);
    if (!call->rest)
        json_object_set_new(body, "@odata.etag", json_string(etag));
    redfish_say(call, 200, body);
}

/* A session that is not there has no resource, though the tree has a row for all. */
static bool session_is_there(const RedfishBmc *bmc, const char *path) REQUIRES(bmc->lock);

static bool
session_is_there(const RedfishBmc *bmc, const char *path)
{
    if (!path_matches(SESSIONS "/*", path))
        return true;
    for (unsigned i = 0; i < bmc->session_count; i++)
        if (strcmp(bmc->sessions[i].id, path + strlen(SESSIONS "/")) == 0)
            return true;
    return false;
}

static void dispatch(RedfishCall *call) REQUIRES(call->bmc->lock);

static void
dispatch(RedfishCall *call)
{
    const char *method = call->request->method;
    const RouteRow *route = find_route(call, method);
    const RedfishResource *resource = redfish_tree_find(call->bmc->tree, call->path);
    bool gone = !session_is_there(call->bmc, call->path);
    if (route != NULL)
        route->handler(call);
    else if (gone || (resource == NULL && find_route(call, NULL) == NULL))
        redfish_refuse(call, REDFISH_MESSAGE_RESOURCE_MISSING, NULL, call->request->path, NULL);
    else if (resource != NULL && is_read(method))
        read_resource(call, resource);
    else if (resource != NULL && strcmp(method, "PATCH") == 0)
        redfish_patch(call, resource);
    else {
        add_allow(call, resource != NULL);
        redfish_refuse(call, REDFISH_MESSAGE_METHOD, NULL, NULL, NULL);
    }
}

/* False: the body is no JSON object. RIBCL reads its own; HP's clients send "null" with a GET. */
static bool
read_body(RedfishCall *call)
{
    const RedfishRequest *request = call->request;
    if (request->body == NULL || request->body_size == 0 || is_read(request->method) ||
        strcmp(call->path, "/ribcl") == 0)
        return true;
    const JsonLimits limits = {.depth = BODY_DEPTH, .values = BODY_VALUES};
    call->body = json_text_parse_limited(request->body, request->body_size, &limits, NULL);
    return json_is_object(call->body);
}

static void answer(RedfishCall *call) REQUIRES(call->bmc->lock);

static void
answer(RedfishCall *call)
{
    redfish_sessions_expire(call->bmc);
    call->bmc->stats.requests++;
    redfish_media_expire(call->bmc);
    if (redfish_fault_answers(call))
        return;
    if (!is_public(call) && !redfish_authenticate(call)) {
        redfish_add_header(call, "WWW-Authenticate", "Basic realm=\"Redfish\"");
        redfish_refuse(call, REDFISH_MESSAGE_NO_SESSION, NULL, NULL, NULL);
    } else if (!read_body(call)) {
        redfish_refuse(call, REDFISH_MESSAGE_MALFORMED_JSON, NULL, NULL, NULL);
    } else {
        dispatch(call);
    }
}

/* In lower case, without slashes at the end: BMCs take paths in any case. */
static char *
normal_path(const char *path)
{
    g_autofree char *shorter = g_strndup(path, PATH_LIMIT);
    size_t length = strlen(shorter);
    while (length > 1 && shorter[length - 1] == '/')
        shorter[--length] = '\0';
    return g_ascii_strdown(shorter, -1);
}

/* Images of virtual media are fetched while the client waits. */
bool
redfish_request_is_slow(const RedfishRequest *request)
{
    g_autofree char *path = normal_path(request->path);
    return !is_read(request->method) &&
           (strstr(path, "/virtualmedia/") != NULL || strcmp(path, "/ribcl") == 0);
}

void
redfish_bmc_answer(RedfishBmc *bmc, const RedfishRequest *request, RedfishAnswer *out)
{
    RedfishCall call = {.bmc = bmc, .request = request, .answer = out};
    out->headers = g_ptr_array_new_with_free_func(g_free);
    out->content_type = "application/json";
    call.path = normal_path(request->path);
    call.rest = strcmp(call.path, "/rest") == 0 || g_str_has_prefix(call.path, "/rest/");
    const char *slash = strrchr(call.path, '/');
    call.id = slash != NULL ? slash + 1 : call.path;
    redfish_add_header(&call, "OData-Version", "4.0");
    redfish_add_header(&call, "Cache-Control", "no-cache");
    lock_acquire(&call.bmc->lock);
    answer(&call);
    if (call.rest)
        redfish_rest_dress(&call);
    redfish_fault_spoil(&call);
    lock_release(&call.bmc->lock);
    out->text =
        redfish_fault_text(&call, call.content != NULL ? json_text_dump(call.content) : call.xml);
    if (call.xml != NULL && call.content != NULL)
        g_free(call.xml);
    else if (call.xml != NULL)
        out->content_type = "text/xml";
    json_decref(call.content);
    json_decref(call.body);
    g_free(call.path);
}
