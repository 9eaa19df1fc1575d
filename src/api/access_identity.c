/* Identity and credentials; the contract is in access_identity.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access_identity.h"

#include <string.h>

#define MARK '\x1f'

/* Attributes that Identity has no member for. */
static const char *const others[] = {
    "user_name",
    "user_domain_id",
    "project_name",
    "project_domain_id",
    "domain_id",
    "is_admin_project",
    "service_user_id",
    "service_user_domain_id",
    "service_roles",
    "service_project_id",
    "service_project_domain_id",
};

static void
add_entry(GPtrArray *entries, const char *name, const char *value)
{
    if (value != NULL)
        g_ptr_array_add(entries, g_strdup_printf("%c%s=%s", MARK, name, value));
}

static void
add_attribute(GPtrArray *entries, const Credentials *credentials, const char *name)
{
    const CredentialAttribute *attribute = credential_attribute(name);
    if (attribute->type != CREDENTIAL_LIST) {
        add_entry(entries, name, credential_text(credentials, attribute));
        return;
    }
    char *const *item = credential_list(credentials, attribute);
    for (; item != NULL && *item != NULL; item++)
        add_entry(entries, name, *item);
}

void
identity_set(Identity *identity, const Credentials *credentials)
{
    identity->user_id = g_strdup(credentials->user_id);
    identity->project_id = g_strdup(credentials->project_id);
    identity->system_scope = g_strcmp0(credentials->system_scope, "all") == 0;
    GPtrArray *entries = g_ptr_array_new();
    char *const *role = credentials->roles;
    for (; role != NULL && *role != NULL; role++)
        if (**role != MARK)
            g_ptr_array_add(entries, g_strdup(*role));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        add_attribute(entries, credentials, others[i]);
    g_ptr_array_add(entries, NULL);
    identity->roles = (char **)g_ptr_array_free(entries, FALSE);
}

static void
read_entry(IdentityView *view, size_t *service_roles, char *entry)
{
    char *value = strchr(entry, '=');
    char name[32];
    if (value == NULL || (size_t)(value - entry) >= sizeof name)
        return;
    memcpy(name, entry, (size_t)(value - entry));
    name[value - entry] = '\0';
    value++;
    const CredentialAttribute *attribute = credential_attribute(name);
    if (attribute == NULL)
        return;
    void *member = (char *)&view->credentials + attribute->offset;
    if (attribute->type == CREDENTIAL_TEXT)
        *(char **)member = value;
    else if (attribute->type == CREDENTIAL_BOOLEAN)
        *(bool *)member = strcmp(value, "True") == 0;
    else if (*service_roles < IDENTITY_SERVICE_ROLES)
        view->service_roles[(*service_roles)++] = value;
}

void
identity_view(const Identity *identity, IdentityView *view)
{
    static char all[] = "all";
    *view = (IdentityView){0};
    view->credentials.user_id = identity->user_id;
    view->credentials.project_id = identity->project_id;
    view->credentials.system_scope = identity->system_scope ? all : NULL;
    view->credentials.is_public = identity->is_public;
    view->credentials.roles = identity->roles;
    view->credentials.service_roles = view->service_roles;
    size_t service_roles = 0;
    for (char **entry = identity->roles; entry != NULL && *entry != NULL; entry++)
        if (**entry == MARK)
            read_entry(view, &service_roles, *entry + 1);
}
