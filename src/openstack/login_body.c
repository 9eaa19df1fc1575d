/* What Keystone is told to log in; the contract is in login.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/login.h"

#include "common/json_text.h"
#include "openstack/section.h"

#include <string.h>

/* A section being read. */
typedef struct Reading {
    const Config *config;
    const char *section;
} Reading;

static const char *
text_of(const Reading *reading, const char *name)
{
    return section_text(reading->config, reading->section, name);
}

static const char *
required(const Reading *reading, const char *name, GError **error)
{
    const char *value = text_of(reading, name);
    if (value == NULL)
        steel_fail(error, STEEL_ERROR_CONFIG, "[%s]%s must be set to log in to Keystone",
                   reading->section, name);
    return value;
}

/* {"id": ...} or {"name": ...}; NULL: neither is set. */
static json_t *
by_id_or_name(const Reading *reading, const char *id_name, const char *name_name)
{
    const char *id = text_of(reading, id_name), *name = text_of(reading, name_name);
    if (id != NULL)
        return json_pack("{s:s}", "id", id);
    return name != NULL ? json_pack("{s:s}", "name", name) : NULL;
}

/* Most installations have one domain, "default". */
static json_t *
domain_of(const Reading *reading, const char *id_name, const char *name_name)
{
    json_t *domain = by_id_or_name(reading, id_name, name_name);
    if (domain == NULL)
        domain = by_id_or_name(reading, "default_domain_id", "default_domain_name");
    return domain != NULL ? domain : json_pack("{s:s}", "id", "default");
}

static json_t *
scope_of(const Reading *reading)
{
    if (text_of(reading, "system_scope") != NULL)
        return json_pack("{s:{s:b}}", "system", "all", 1);
    json_t *project = by_id_or_name(reading, "project_id", "project_name");
    if (project == NULL) {
        json_t *domain = by_id_or_name(reading, "domain_id", "domain_name");
        return domain != NULL ? json_pack("{s:o}", "domain", domain) : NULL;
    }
    if (json_object_get(project, "id") == NULL)
        json_object_set_new(project, "domain",
                            domain_of(reading, "project_domain_id", "project_domain_name"));
    return json_pack("{s:o}", "project", project);
}

static json_t *
password_login(const Reading *reading, char **user, GError **error)
{
    json_t *who = by_id_or_name(reading, "user_id", "username");
    const char *password = NULL;
    if (who != NULL || required(reading, "username", error) != NULL)
        password = required(reading, "password", error);
    if (password == NULL) {
        json_decref(who);
        return NULL;
    }
    const char *id = json_string_member(who, "id");
    *user = g_strdup_printf("user %s", id != NULL ? id : json_string_member(who, "name"));
    json_object_set_new(who, "password", json_string(password));
    if (id == NULL)
        json_object_set_new(who, "domain",
                            domain_of(reading, "user_domain_id", "user_domain_name"));
    json_t *auth = json_pack("{s:{s:[s], s:{s:o}}}", "identity", "methods", "password", "password",
                             "user", who);
    json_t *scope = scope_of(reading);
    if (scope != NULL)
        json_object_set_new(auth, "scope", scope);
    return auth;
}

/* It has a project of its own, and takes no scope. */
static json_t *
credential_login(const Reading *reading, char **user, GError **error)
{
    const char *id = required(reading, "application_credential_id", error), *secret = NULL;
    if (id != NULL)
        secret = required(reading, "application_credential_secret", error);
    if (secret == NULL)
        return NULL;
    *user = g_strdup_printf("application credential %s", id);
    return json_pack("{s:{s:[s], s:{s:s, s:s}}}", "identity", "methods", "application_credential",
                     "application_credential", "id", id, "secret", secret);
}

static const struct {
    const char *word;
    json_t *(*make)(const Reading *reading, char **user, GError **error);
} types[] = {
    {"password",                password_login},
    {"v3password",              password_login},
    {"v3applicationcredential", credential_login},
};

static json_t *
login_of(const Reading *reading, char **user, GError **error)
{
    const char *word = text_of(reading, "auth_type");
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (word == NULL || strcmp(types[i].word, word) == 0)
            return types[i].make(reading, user, error);
    steel_fail(error, STEEL_ERROR_CONFIG,
               "[%s]auth_type must be password or v3applicationcredential, not %s",
               reading->section, word);
    return NULL;
}

char *
login_body(const Config *config, const char *section, char **user, GError **error)
{
    const Reading reading = {config, section};
    g_autofree char *who = NULL;
    json_t *auth = login_of(&reading, &who, error);
    if (auth == NULL)
        return NULL;
    json_auto_t *body = json_pack("{s:o}", "auth", auth);
    if (user != NULL)
        *user = g_steal_pointer(&who);
    return json_text_dump(body);
}
