/* Identity API v3: a token and the catalog.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/keystone.h"
#include "cli/fault.h"
#include "common/json_text.h"
#include <string.h>

/* {"id": …} or {"name": …}; NULL when neither is set. */
static json_t *
by_id_or_name(const char *id, const char *name)
{
    if (id != NULL)
        return json_pack("{s:s}", "id", id);
    return name != NULL ? json_pack("{s:s}", "name", name) : NULL;
}

/* The domain of a user or project; "default", as in most installations, if none is set. */
static json_t *
domain_of(const Settings *settings, SettingId id, SettingId name)
{
    json_t *domain = by_id_or_name(settings_text(settings, id), settings_text(settings, name));
    return domain != NULL ? domain : json_pack("{s:s}", "id", "default");
}

/* NULL: none is set. */
static json_t *
user_of(const Settings *settings)
{
    const char *id = settings_text(settings, SETTING_USER_ID);
    json_t *user = by_id_or_name(id, settings_text(settings, SETTING_USERNAME));
    if (user != NULL && id == NULL)
        json_object_set_new(user, "domain",
                            domain_of(settings, SETTING_USER_DOMAIN_ID, SETTING_USER_DOMAIN_NAME));
    return user;
}

static json_t *
password_method(const Settings *settings, GError **error)
{
    const char *password = settings_text(settings, SETTING_PASSWORD);
    json_t *user = user_of(settings);
    if (user == NULL || password == NULL) {
        json_decref(user);
        steel_fail(error, STEEL_ERROR_CONFIG,
                   "keystone needs a user name and a password: OS_USERNAME and OS_PASSWORD, or "
                   "clouds.yaml");
        return NULL;
    }
    json_object_set_new(user, "password", json_string(password));
    return json_pack("{s:[s], s:{s:o}}", "methods", "password", "password", "user", user);
}

/* Names of application credentials are a user's own. */
static json_t *
credential_method(const Settings *settings, GError **error)
{
    const char *id = settings_text(settings, SETTING_APPLICATION_CREDENTIAL_ID),
               *secret = settings_text(settings, SETTING_APPLICATION_CREDENTIAL_SECRET);
    json_t *user = id == NULL ? user_of(settings) : NULL;
    json_t *credential =
        by_id_or_name(id, settings_text(settings, SETTING_APPLICATION_CREDENTIAL_NAME));
    if (credential == NULL || secret == NULL || (id == NULL && user == NULL)) {
        json_decref(user);
        json_decref(credential);
        steel_fail(error, STEEL_ERROR_CONFIG,
                   "auth type v3applicationcredential needs OS_APPLICATION_CREDENTIAL_SECRET, and "
                   "OS_APPLICATION_CREDENTIAL_ID, or OS_APPLICATION_CREDENTIAL_NAME and the user");
        return NULL;
    }
    json_object_set_new(credential, "secret", json_string(secret));
    if (user != NULL)
        json_object_set_new(credential, "user", user);
    return json_pack("{s:[s], s:o}", "methods", "application_credential", "application_credential",
                     credential);
}

static json_t *
token_method(const Settings *settings, GError **error)
{
    const char *token = settings_text(settings, SETTING_TOKEN);
    if (token != NULL)
        return json_pack("{s:[s], s:{s:s}}", "methods", "token", "token", "id", token);
    steel_fail(error, STEEL_ERROR_CONFIG, "auth type token needs OS_TOKEN");
    return NULL;
}

static bool
is_credential(const Settings *settings)
{
    return strcmp(keystone_auth_type(settings), "v3applicationcredential") == 0;
}

const char *
keystone_auth_type(const Settings *settings)
{
    const char *type = settings_text(settings, SETTING_AUTH_TYPE);
    if (type != NULL)
        return type;
    if (settings_text(settings, SETTING_APPLICATION_CREDENTIAL_SECRET) != NULL)
        return "v3applicationcredential";
    return settings_text(settings, SETTING_TOKEN) != NULL ? "token" : "password";
}

static json_t *
identity_of(const Settings *settings, GError **error)
{
    const char *type = keystone_auth_type(settings);
    if (is_credential(settings))
        return credential_method(settings, error);
    return strcmp(type, "token") == 0 || strcmp(type, "v3token") == 0
               ? token_method(settings, error)
               : password_method(settings, error);
}

/* The scope; NULL for none. An application credential has its own. */
static json_t *
scope_of(const Settings *settings)
{
    const char *id = settings_text(settings, SETTING_PROJECT_ID);
    const char *name = settings_text(settings, SETTING_PROJECT_NAME);
    if (is_credential(settings))
        return NULL;
    if (settings_text(settings, SETTING_SYSTEM_SCOPE) != NULL)
        return json_pack("{s:{s:b}}", "system", "all", 1);
    json_t *project = by_id_or_name(id, name);
    if (project != NULL) {
        if (id == NULL)
            json_object_set_new(
                project, "domain",
                domain_of(settings, SETTING_PROJECT_DOMAIN_ID, SETTING_PROJECT_DOMAIN_NAME));
        return json_pack("{s:o}", "project", project);
    }
    json_t *domain = by_id_or_name(settings_text(settings, SETTING_DOMAIN_ID),
                                   settings_text(settings, SETTING_DOMAIN_NAME));
    return domain != NULL ? json_pack("{s:o}", "domain", domain) : NULL;
}

json_t *
keystone_auth_body(const Settings *settings, GError **error)
{
    json_t *identity = identity_of(settings, error);
    if (identity == NULL)
        return NULL;
    json_t *auth = json_pack("{s:o}", "identity", identity);
    json_t *scope = scope_of(settings);
    if (scope != NULL)
        json_object_set_new(auth, "scope", scope);
    return json_pack("{s:o}", "auth", auth);
}

/* The URL of one catalog entry, or NULL. "publicURL" and "public" are the same interface. */
static const char *
entry_url(const json_t *entry, const char *interface, const char *region)
{
    const json_t *endpoints = json_object_get(entry, "endpoints");
    size_t i;
    json_t *endpoint;
    json_array_foreach(endpoints, i, endpoint)
    {
        const char *its_interface = json_string_member(endpoint, "interface");
        const char *its_region = json_string_member(endpoint, "region");
        if (its_region == NULL)
            its_region = json_string_member(endpoint, "region_id");
        if (its_interface == NULL || !g_str_has_prefix(interface, its_interface))
            continue;
        if (region == NULL || g_strcmp0(region, its_region) == 0)
            return json_string_member(endpoint, "url");
    }
    return NULL;
}

char *
keystone_find_endpoint(json_t *answer, const char *type, const char *interface, const char *region,
                       GError **error)
{
    const json_t *catalog = json_object_get(json_object_get(answer, "token"), "catalog");
    g_autoptr(GString) known = g_string_new(NULL);
    size_t i;
    json_t *entry;
    json_array_foreach(catalog, i, entry)
    {
        const char *its_type = json_string_member(entry, "type");
        if (its_type == NULL)
            continue;
        const char *url = strcmp(its_type, type) == 0 ? entry_url(entry, interface, region) : NULL;
        if (url != NULL)
            return g_strdup(url);
        g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", its_type);
    }
    steel_fail(error, STEEL_ERROR_CONFIG,
               "keystone's catalog has no %s endpoint of type %s%s%s; it has: %s", interface, type,
               region != NULL ? " in region " : "", region != NULL ? region : "",
               known->len > 0 ? known->str : "nothing");
    return NULL;
}

/* AUTH_URL with or without /v3 and slashes at its end. */
static char *
tokens_url(const char *auth_url)
{
    g_autofree char *base = g_strdup(auth_url);
    while (g_str_has_suffix(base, "/"))
        base[strlen(base) - 1] = '\0';
    return g_strconcat(base, g_str_has_suffix(base, "/v3") ? "" : "/v3", "/auth/tokens", NULL);
}

static bool
take_answer(const Settings *settings, const HttpResponse *response, char **token, char **endpoint,
            GError **error)
{
    const char *value = http_response_header(response, "X-Subject-Token");
    if (response->status != 201 && response->status != 200) {
        fault_set(response->body, response->body_size, response->status, error);
        g_prefix_error(error, "keystone: ");
        return false;
    }
    json_auto_t *answer = json_text_parse(response->body, response->body_size, 0, error);
    if (answer == NULL || value == NULL) {
        if (answer != NULL)
            steel_fail(error, STEEL_ERROR_HTTP, "keystone gave no token");
        return false;
    }
    if (endpoint != NULL) {
        const char *type = settings_text(settings, SETTING_SERVICE_TYPE);
        const char *interface = settings_text(settings, SETTING_INTERFACE);
        *endpoint = keystone_find_endpoint(answer, type != NULL ? type : "baremetal",
                                           interface != NULL ? interface : "public",
                                           settings_text(settings, SETTING_REGION), error);
        if (*endpoint == NULL)
            return false;
    }
    *token = g_strdup(value);
    return true;
}

bool
keystone_authenticate(const Settings *settings, const HttpRequest *transport, char **token,
                      char **endpoint, GError **error)
{
    const char *auth_url = settings_text(settings, SETTING_AUTH_URL);
    if (auth_url == NULL)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "keystone's URL is missing: OS_AUTH_URL, or auth_url in clouds.yaml");
    json_auto_t *body = keystone_auth_body(settings, error);
    if (body == NULL)
        return false;
    g_autofree char *text = json_text_dump(body);
    g_autofree char *url = tokens_url(auth_url);
    static const char *const headers[] = {"Accept: application/json", NULL};
    HttpRequest request = *transport;
    request.method = "POST";
    request.url = url;
    request.headers = headers;
    request.body = text;
    request.body_size = strlen(text);
    g_auto(HttpResponse) response = {0};
    if (!http_request(&request, &response, error)) {
        g_prefix_error(error, "keystone: ");
        return false;
    }
    return take_answer(settings, &response, token, endpoint, error);
}
