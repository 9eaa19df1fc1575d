/* A login at Keystone (Identity API v3), as a section of the configuration says: by password or
 * application credential, for a project, a domain or the whole system. The token is renewed before
 * it ends; a failure is answered again for a moment, without asking.
 *
 * Any thread; one of them logs in, the others wait for it. Blocks up to some seconds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "common/error.h"
#include "common/http_client.h"

#include <jansson.h>

typedef struct Login Login;

/* Where the services are: immutable, and shared by the grants of many threads, which jansson's own
 * count of references is not made for. */
typedef struct Catalog Catalog;

/* What a login gives. All owned. */
typedef struct Grant {
    char *token;      /* a secret */
    Catalog *catalog; /* a reference; NULL: Keystone sent none */
    char *project;    /* ID; NULL: the token is for no project */
} Grant;

/* "catalog" of Keystone's answer, borrowed from the grant; NULL: there is none. */
const json_t *grant_catalog(const Grant *grant);

void grant_clear(Grant *grant);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Grant, grant_clear)

/* Reads the section; asks nothing yet. Free when nobody uses it.
 * Errors: CONFIG naming the option that is missing, or an auth_type that is none of password,
 * v3password and v3applicationcredential */
Login *login_new(const Config *config, const char *section,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
void login_free(Login *login);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Login, login_free)

/* The token to use now.
 *
 * refused  a token that a service has refused, so that another one is needed; NULL: none
 * grant    out, in {0}
 * Errors   HTTP (Keystone is away or answers what nobody understands), TIMEOUT, UNAUTHORIZED (it
 *          refuses the user: answered for five seconds, since more tries would lock the user
 *          out) */
bool login_get(Login *login, const char *refused, Grant *grant,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "user steel", "application credential 5e..."; of Keystone's API: "http://host:5000/v3". Borrowed
 * from the login. */
const char *login_user(const Login *login);
const char *login_base(const Login *login);

/* A request to Keystone with the login's certificates and limits. */
HttpRequest login_request(const Login *login, const char *url);
/* How often one is tried. */
int login_tries(const Login *login);

/* ---- for tests ---- */

/* The body of POST /v3/auth/tokens; the caller frees with secret_free. Errors: CONFIG. Pure.
 * user  out, optional, owned by the caller */
char *login_body(const Config *config, const char *section, char **user, GError **error);
