/* Credentials in a request: kept in its Identity, read back as policy checks need them. Private to access*.c.
 *
 * Identity has members for what everybody needs. The rest stands in `roles`, behind the names of roles, as entries that no
 * role can be called: a unit separator, the attribute's name, "=", its value.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/auth/credentials.h"
#include "api/request.h"

/* Fills the request's identity; takes nothing over. */
void identity_set(Identity *identity, const Credentials *credentials);

enum { IDENTITY_SERVICE_ROLES = 32 };

/* What an identity knows, in the form of credentials. Everything is borrowed from the identity: never cleared. */
typedef struct IdentityView {
    Credentials credentials;
    char *service_roles[IDENTITY_SERVICE_ROLES + 1];
} IdentityView;

void identity_view(const Identity *identity, IdentityView *view);
