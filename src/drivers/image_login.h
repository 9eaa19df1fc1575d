/* Who Steel is to image servers: [deploy]image_server_user, and which servers may learn it.
 *
 * The URL of an image is what a user of the API wrote. So user and password go to the hosts of
 * [deploy]image_server_auth_hosts alone, unless the operator lets every host have them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "common/error.h"

/* Borrowed from the configuration. */
typedef struct ImageLogin {
    const char *user, *password;
} ImageLogin;

/* True if the server of this URL gets the login. login: out; {NULL, NULL} otherwise. Any thread. */
bool image_login_for(const Config *config, const char *url, ImageLogin *login);

/* A ConfigCheck: a login must be whole. Warns where nobody would get it. Errors: CONFIG */
bool image_login_check(const Config *config, GError **error);
