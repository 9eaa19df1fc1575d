/* Credentials and their names; the contract is in credentials.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/credentials.h"

#include <string.h>

#define ROW(name, type, member) {name, CREDENTIAL_##type, G_STRUCT_OFFSET(Credentials, member)}

static const CredentialAttribute attributes[] = {
    ROW("user_id", TEXT, user_id),
    ROW("user", TEXT, user_id),
    ROW("user_name", TEXT, user_name),
    ROW("user_domain_id", TEXT, user_domain_id),
    ROW("project_id", TEXT, project_id),
    ROW("tenant", TEXT, project_id),
    ROW("project_name", TEXT, project_name),
    ROW("project_domain_id", TEXT, project_domain_id),
    ROW("domain_id", TEXT, domain_id),
    ROW("system_scope", TEXT, system_scope),
    ROW("roles", LIST, roles),
    ROW("is_admin_project", BOOLEAN, is_admin_project),
    ROW("is_public_api", BOOLEAN, is_public),
    ROW("service_user_id", TEXT, service_user_id),
    ROW("service_user_domain_id", TEXT, service_user_domain_id),
    ROW("service_project_id", TEXT, service_project_id),
    ROW("service_project_domain_id", TEXT, service_project_domain_id),
    ROW("service_roles", LIST, service_roles),
};

static void *
member(const Credentials *credentials, const CredentialAttribute *attribute)
{
    return (char *)(uintptr_t)credentials + attribute->offset;
}

void
credentials_clear(Credentials *credentials)
{
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++) {
        void *value = member(credentials, &attributes[i]);
        if (attributes[i].type == CREDENTIAL_TEXT)
            g_clear_pointer((char **)value, g_free);
        else if (attributes[i].type == CREDENTIAL_LIST)
            g_clear_pointer((char ***)value, g_strfreev);
    }
    credentials->is_admin_project = false;
    credentials->is_public = false;
}

void
credentials_copy(Credentials *to, const Credentials *from)
{
    *to = (Credentials){.is_admin_project = from->is_admin_project, .is_public = from->is_public};
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++) {
        void *target = member(to, &attributes[i]);
        if (attributes[i].type == CREDENTIAL_TEXT && *(char **)target == NULL)
            *(char **)target = g_strdup(credential_text(from, &attributes[i]));
        else if (attributes[i].type == CREDENTIAL_LIST && *(char ***)target == NULL)
            *(char ***)target =
                g_strdupv((char **)(uintptr_t)credential_list(from, &attributes[i]));
    }
}

bool
credentials_list_has(char *const *roles, const char *role)
{
    for (; roles != NULL && *roles != NULL; roles++)
        if (g_ascii_strcasecmp(*roles, role) == 0)
            return true;
    return false;
}

const CredentialAttribute *
credential_attribute(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++)
        if (strcmp(attributes[i].name, name) == 0)
            return &attributes[i];
    return NULL;
}

const char *
credential_text(const Credentials *credentials, const CredentialAttribute *attribute)
{
    if (attribute->type == CREDENTIAL_BOOLEAN)
        return *(bool *)member(credentials, attribute) ? "True" : "False";
    if (attribute->type == CREDENTIAL_TEXT)
        return *(char **)member(credentials, attribute);
    return NULL;
}

char *const *
credential_list(const Credentials *credentials, const CredentialAttribute *attribute)
{
    return attribute->type == CREDENTIAL_LIST ? *(char ***)member(credentials, attribute) : NULL;
}

static json_t *
json_of(const Credentials *credentials, const CredentialAttribute *attribute)
{
    if (attribute->type == CREDENTIAL_BOOLEAN)
        return json_boolean(*(bool *)member(credentials, attribute));
    if (attribute->type == CREDENTIAL_TEXT) {
        const char *text = credential_text(credentials, attribute);
        return text != NULL ? json_string(text) : json_null();
    }
    json_t *list = json_array();
    char *const *texts = credential_list(credentials, attribute);
    for (; texts != NULL && *texts != NULL; texts++)
        json_array_append_new(list, json_string(*texts));
    return list;
}

json_t *
credentials_to_json(const Credentials *credentials)
{
    json_t *object = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++)
        json_object_set_new(object, attributes[i].name, json_of(credentials, &attributes[i]));
    return object;
}
