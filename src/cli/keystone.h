/* Gets a token from keystone (Identity API v3), and the service's URL from its catalog.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/settings.h"
#include "common/error.h"
#include "common/http_client.h"
#include <jansson.h>

/* The settings' auth type, or the one that they mean: "v3applicationcredential" with the secret of
 * one, "token" with a token, else "password". Borrowed or static. Pure. */
const char *keystone_auth_type(const Settings *settings);

/* The body of POST /v3/auth/tokens for the settings: method password, token or
 * application_credential, and the scope (project, domain, system or none). A new object; CONFIG
 * names what is missing. Pure. */
json_t *keystone_auth_body(const Settings *settings, GError **error);

/* The URL of a service in the catalog of a token answer ({"token": {"catalog": […]}}).
 *
 * type, interface  "baremetal", "public"; region NULL: the first
 * Returns          a copy, or NULL with CONFIG listing the types of the catalog. Pure. */
char *keystone_find_endpoint(json_t *answer, const char *type, const char *interface,
                             const char *region, GError **error);

/* Asks keystone.
 *
 * transport  its timeouts and TLS settings are used
 * token      out, owned by the caller, as endpoint
 * endpoint   out, NULL: not wanted
 * Errors     CONFIG, HTTP, TIMEOUT, and UNAUTHORIZED and others as keystone answers. */
bool keystone_authenticate(const Settings *settings, const HttpRequest *transport, char **token,
                           char **endpoint, GError **error);
