/* Reads redfish_* keys and the system they name; the contract is in redfish_node.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/redfish_node.h"

#include "common/backoff.h"
#include "common/config.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "drivers/driver_info.h"

#include <curl/curl.h>
#include <string.h>

enum { SHORTEST_REQUEST_MS = 1000, LONGEST_REQUEST_S = 3600 };

const PropertyDef redfish_node_properties[] = {
    {"redfish_address", true,
     "Address of the BMC's Redfish service: a host name or an IP address, with a port if it is not "
     "the usual one, or a URL; https unless a scheme is named. A path in it is the root of the "
     "service. Required."},
    {"redfish_system_id", false,
     "Path of the system that is the node, for example /redfish/v1/Systems/1; needed only where "
     "the BMC has several. Optional."},
    {"redfish_username", false, "User name. Optional, but few BMCs do without."},
    {"redfish_password", false, "Password. Optional, but few BMCs do without."},
    {"redfish_verify_ca", false,
     "True to check the BMC's certificate by the system's authorities, false not to check it, or "
     "the path of a file or folder with the certificates of trusted authorities. True unless set. "
     "Optional."},
    {"redfish_auth_type", false,
     "How to log in: session, basic, or auto (a session, and basic where there are none); "
     "[redfish]auth_type unless set. Optional."},
    {0},
};

void
redfish_node_clear(RedfishNode *redfish)
{
    redfish_target_clear(&redfish->target);
    g_free(redfish->system_id);
    *redfish = (RedfishNode){0};
}

/* ---- the address ---- */

static bool
is_bare_ipv6(const char *text)
{
    const char *colon = strchr(text, ':');
    return text[0] != '[' && strstr(text, "://") == NULL && strchr(text, '/') == NULL &&
           colon != NULL && strchr(colon + 1, ':') != NULL;
}

/* A URL of what the operator wrote. */
static char *
address_url(const char *text)
{
    if (is_bare_ipv6(text))
        return g_strdup_printf("https://[%s]", text);
    if (strstr(text, "://") == NULL)
        return g_strconcat("https://", text, NULL);
    return g_strdup(text);
}

static char *
url_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK)
        return NULL;
    char *copy = g_strdup(text);
    curl_free(text);
    return copy;
}

static bool
is_http(const char *scheme)
{
    return g_strcmp0(scheme, "http") == 0 || g_strcmp0(scheme, "https") == 0;
}

/* Takes the URL apart: scheme, host and port are the address, the path is the root. */
static bool
split_address(CURLU *url, RedfishTarget *target)
{
    g_autofree char *scheme = url_part(url, CURLUPART_SCHEME);
    g_autofree char *host = url_part(url, CURLUPART_HOST);
    g_autofree char *port = url_part(url, CURLUPART_PORT);
    g_autofree char *path = url_part(url, CURLUPART_PATH);
    g_autofree char *user = url_part(url, CURLUPART_USER);
    g_autofree char *query = url_part(url, CURLUPART_QUERY);
    if (!is_http(scheme) || host == NULL || user != NULL || query != NULL)
        return false;
    target->address = g_strdup_printf("%s://%s%s%s", scheme, host, port != NULL ? ":" : "",
                                      port != NULL ? port : "");
    if (path != NULL && strcmp(path, "/") != 0)
        target->root = g_strconcat(path, g_str_has_suffix(path, "/") ? "" : "/", NULL);
    return true;
}

static bool
read_address(const Node *node, RedfishTarget *target, GError **error)
{
    const json_t *value = json_object_get(node->driver_info, "redfish_address");
    if (json_is_nothing(value))
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "driver_info has no redfish_address, the address of the BMC; set it "
                          "with: steel node set %s --driver-info redfish_address=<address>",
                          node->name != NULL ? node->name : node->uuid);
    g_autofree char *text = json_is_string(value) ? address_url(json_string_value(value)) : NULL;
    CURLU *url = curl_url();
    bool good = text != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                split_address(url, target);
    curl_url_cleanup(url);
    return good || driver_info_invalid("redfish_address",
                                       "a host, host:port or an http or https URL, without user "
                                       "and query: https://bmc.example",
                                       error);
}

/* ---- the other keys ---- */

/* Ironic quotes it: operators write "/redfish/v1/Systems/Rack 1". */
static bool
read_system_id(const Node *node, RedfishNode *redfish, GError **error)
{
    const json_t *value = json_object_get(node->driver_info, "redfish_system_id");
    if (value == NULL || json_is_null(value))
        return true;
    if (json_is_string(value) && *json_string_value(value) == '\0')
        return true;
    g_autofree char *quoted =
        json_is_string(value) ? g_uri_escape_string(json_string_value(value), "/", FALSE) : NULL;
    redfish->system_id = redfish_path(quoted);
    return redfish->system_id != NULL ||
           driver_info_invalid("redfish_system_id",
                               "the path of a system, for example /redfish/v1/Systems/1", error);
}

static bool
read_trust(const Node *node, RedfishTarget *target, GError **error)
{
    json_auto_t *standard = json_string(config_string(config_current(), OPT_REDFISH_VERIFY_CA));
    const json_t *own = json_object_get(node->driver_info, "redfish_verify_ca");
    const json_t *value = own != NULL && !json_is_null(own) ? own : standard;
    const char *path = json_string_value(value);
    bool verify = true;
    if (path != NULL && g_file_test(path, G_FILE_TEST_IS_DIR | G_FILE_TEST_IS_REGULAR)) {
        target->ca_path = g_strdup(path);
        return true;
    }
    bool word = json_is_string(value) || json_is_boolean(value);
    if (value != NULL && !json_is_null(value) && (!word || !json_read_boolean(value, &verify)))
        return driver_info_invalid("redfish_verify_ca",
                                   "true, false, or the path of a file or folder of certificates "
                                   "on this conductor",
                                   error);
    target->insecure = !verify;
    return true;
}

static bool
read_auth(const Node *node, RedfishTarget *target, GError **error)
{
    static const char *const names[] = {[REDFISH_AUTH_AUTO] = "auto",
                                        [REDFISH_AUTH_SESSION] = "session",
                                        [REDFISH_AUTH_BASIC] = "basic"};
    const json_t *value = json_object_get(node->driver_info, "redfish_auth_type");
    const char *name = value != NULL && !json_is_null(value)
                           ? json_string_value(value)
                           : config_string(config_current(), OPT_REDFISH_AUTH_TYPE);
    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(names); i++)
        if (strcmp(name, names[i]) == 0) {
            target->auth = (RedfishAuth)i;
            return true;
        }
    return driver_info_invalid("redfish_auth_type", "auto, session or basic", error);
}

static bool
read_login(const Node *node, RedfishTarget *target, GError **error)
{
    g_autofree char *username = NULL;
    char *password = NULL;
    if (!driver_info_text(node, "redfish_username", &username, error) ||
        !driver_info_text(node, "redfish_password", &password, error))
        return false;
    target->username = g_steal_pointer(&username);
    target->password = password;
    return true;
}

static unsigned
seconds_in_ms(ConfigOption option)
{
    return (unsigned)CLAMP(config_integer(config_current(), option), 1, LONGEST_REQUEST_S) * 1000;
}

bool
redfish_node_read(const Node *node, RedfishNode *out, GError **error)
{
    g_auto(RedfishNode) redfish = {0};
    redfish.target.timeout_ms = seconds_in_ms(OPT_REDFISH_READ_TIMEOUT);
    redfish.target.connect_ms = seconds_in_ms(OPT_REDFISH_CONNECT_TIMEOUT);
    if (!read_address(node, &redfish.target, error) || !read_system_id(node, &redfish, error) ||
        !read_trust(node, &redfish.target, error) || !read_auth(node, &redfish.target, error) ||
        !read_login(node, &redfish.target, error))
        return false;
    *out = redfish;
    redfish = (RedfishNode){0};
    return true;
}

bool
redfish_node_validate(Task *task, GError **error)
{
    g_auto(RedfishNode) redfish = {0};
    return redfish_node_read(task->node, &redfish, error);
}

/* ---- the system ---- */

void
redfish_visit_clear(RedfishVisit *visit)
{
    redfish_system_clear(&visit->system);
    redfish_node_clear(&visit->node);
    *visit = (RedfishVisit){0};
}

static Backoff
visit_backoff(const Task *task)
{
    int64_t attempts = config_integer(config_current(), OPT_REDFISH_CONNECTION_ATTEMPTS);
    int64_t pause_s = config_integer(config_current(), OPT_REDFISH_CONNECTION_RETRY_INTERVAL);
    int64_t patience_ms = MIN((attempts - 1) * pause_s * 1000, (int64_t)G_MAXINT32);
    unsigned pause_ms = (unsigned)MIN(pause_s * 1000, (int64_t)G_MAXINT32);
    return (Backoff){.pause_ms = pause_ms,
                     .longest_ms = pause_ms,
                     .limit_ms = time_monotonic_ms() +
                                 task_time_left_ms(task, (unsigned)MAX(patience_ms, 1))};
}

static bool
visit_read(RedfishVisit *visit, Backoff *backoff, GError **error)
{
    for (unsigned tries = 1;; tries++) {
        g_autoptr(GError) cause = NULL;
        if (redfish_system_read(&visit->bmc, visit->node.system_id, &visit->system, &cause))
            return true;
        log_debug("drivers.redfish", "try %u: %s", tries, cause->message);
        if (steel_error_retryable(cause) && backoff_pause(backoff))
            continue;
        if (tries > 1)
            g_prefix_error(&cause, "after %u tries: ", tries);
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
}

/* While the task waits for the BMC, its lease is renewed, or runs out. */
static bool
may_send(void *task)
{
    return task_may_act(task, NULL);
}

bool
redfish_visit_begin(Task *task, RedfishVisit *visit, GError **error)
{
    Backoff backoff = visit_backoff(task);
    *visit = (RedfishVisit){0};
    if (!task_may_act(task, error) || !redfish_node_read(task->node, &visit->node, error))
        return false;
    visit->node.target.timeout_ms =
        MAX(task_time_left_ms(task, visit->node.target.timeout_ms), SHORTEST_REQUEST_MS);
    visit->node.target.may_send = may_send;
    visit->node.target.may_send_user = task;
    visit->bmc = (RedfishBmc){task->services->bmc.redfish, visit->node.target, task->deadline_ms};
    if (visit_read(visit, &backoff, error))
        return true;
    redfish_visit_clear(visit);
    return false;
}

bool
redfish_visit_again(RedfishVisit *visit, GError **error)
{
    json_t *document = redfish_get(&visit->bmc, visit->system.path, error);
    if (document == NULL)
        return false;
    json_decref(visit->system.document);
    visit->system.document = document;
    return true;
}
