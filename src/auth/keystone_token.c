/* Keystone's token documents.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/keystone.h"

#include "common/json_text.h"
#include "common/time_text.h"

enum { DEPTH_LIMIT = 16, ROLE_LIMIT = 200 };

/* The text at a path of up to two names; NULL if absent or not a text. Caller frees. */
static char *
text_at(const json_t *object, const char *first, const char *second)
{
    const json_t *value = json_object_get(object, first);
    if (second != NULL)
        value = json_object_get(value, second);
    return g_strdup(json_string_value(value));
}

static char **
read_roles(const json_t *token)
{
    const json_t *roles = json_object_get(token, "roles");
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < MIN(json_array_size(roles), ROLE_LIMIT); i++) {
        char *name = text_at(json_array_get(roles, i), "name", NULL);
        if (name != NULL)
            g_ptr_array_add(names, name);
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_steal(names, NULL);
}

static void
read_credentials(const json_t *token, Credentials *credentials)
{
    const json_t *user = json_object_get(token, "user");
    const json_t *project = json_object_get(token, "project");
    credentials->user_id = text_at(user, "id", NULL);
    credentials->user_name = text_at(user, "name", NULL);
    credentials->user_domain_id = text_at(user, "domain", "id");
    credentials->project_id = text_at(project, "id", NULL);
    credentials->project_name = text_at(project, "name", NULL);
    credentials->project_domain_id = text_at(project, "domain", "id");
    credentials->domain_id = text_at(token, "domain", "id");
    if (json_is_true(json_object_get(json_object_get(token, "system"), "all")))
        credentials->system_scope = g_strdup("all");
    const json_t *admin = json_object_get(token, "is_admin_project");
    credentials->is_admin_project = admin == NULL || json_is_true(admin);
    credentials->roles = read_roles(token);
}

Bearer *
keystone_parse_token(const char *text, size_t size, GError **error)
{
    json_auto_t *document = json_text_parse(text, size, DEPTH_LIMIT, error);
    if (document == NULL)
        return NULL;
    const json_t *token = json_object_get(document, "token");
    g_auto(Credentials) credentials = {0};
    read_credentials(token, &credentials);
    g_autofree char *expires = text_at(token, "expires_at", NULL);
    int64_t expires_ms = 0;
    if (credentials.user_id == NULL || *credentials.user_id == '\0') {
        steel_fail(error, STEEL_ERROR_INVALID, "the token names no user");
        return NULL;
    }
    if (expires == NULL || !time_parse_ms(expires, &expires_ms)) {
        steel_fail(error, STEEL_ERROR_INVALID, "the token does not say when it expires");
        return NULL;
    }
    return bearer_new(&credentials, expires_ms);
}
