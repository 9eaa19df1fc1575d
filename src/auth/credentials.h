/* The identity of a token or a login, in the words of policy rules.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* All members are owned; NULL: not known, or does not apply. */
typedef struct Credentials {
    char *user_id, *user_name, *user_domain_id;
    char *project_id, *project_name, *project_domain_id; /* of a token for a project */
    char *domain_id;                                     /* of a token for a domain */
    char *system_scope;                                  /* "all": a token for the whole system */
    char **roles;                                        /* NULL-terminated, or NULL */
    bool is_admin_project;
    bool is_public; /* the request needs no login */

    /* Of the service that passes the request on (X-Service-Token). */
    char *service_user_id, *service_user_domain_id, *service_project_id, *service_project_domain_id;
    char **service_roles;
} Credentials;

/* Frees what the members hold and empties them. */
void credentials_clear(Credentials *credentials);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Credentials, credentials_clear)

/* Copies everything; `to` must be empty. */
void credentials_copy(Credentials *to, const Credentials *from);

/* True when the list has the role; upper and lower case are the same. The list may be NULL. */
bool credentials_list_has(char *const *roles, const char *role);

/* What kind of value an attribute has. */
typedef enum CredentialType {
    CREDENTIAL_NONE, /* no such attribute */
    CREDENTIAL_TEXT,
    CREDENTIAL_LIST,
    CREDENTIAL_BOOLEAN,
} CredentialType;

/* One attribute of credentials by the name that check strings use ("project_id",
 * "is_public_api"). */
typedef struct CredentialAttribute {
    const char *name;
    CredentialType type;
    size_t offset; /* in Credentials */
} CredentialAttribute;

/* The row of an attribute, or NULL. Also knows the older names user and tenant. */
const CredentialAttribute *credential_attribute(const char *name);

/* The value of a TEXT or BOOLEAN attribute as text, "True" or "False" for the latter; NULL when it
 * has none. */
const char *credential_text(const Credentials *credentials, const CredentialAttribute *attribute);

/* The value of a LIST attribute, or NULL. */
char *const *credential_list(const Credentials *credentials, const CredentialAttribute *attribute);

/* All attributes by their names in check strings, for another server that judges them: {"user_id":
 * str or null, "roles": [str], "is_admin_project": bool, ...}, without tokens and passwords. A new
 * reference. */
json_t *credentials_to_json(const Credentials *credentials);
