/* Talking to the bare metal service: authentication, API version, retries, errors in plain words.
 *
 * A session belongs to one thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/settings.h"
#include "common/error.h"
#include "common/http_client.h"
#include <glib.h>
#include <jansson.h>

/* The highest API version whose answers this client knows. */
enum { SESSION_KNOWN_MINOR = 82 };

typedef struct Session Session;

/* Prepares; nothing is sent yet.
 *
 * settings  borrowed for the session's life
 * Errors    CONFIG (auth type unknown, user name missing), INVALID (API version). */
Session *session_new(const Settings *settings, GError **error);
void session_free(Session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/* One request and its answer.
 *
 * path     "/v1/nodes?limit=1", with its parts percent-encoded
 * body     JSON or NULL: none
 * Returns  the JSON of the answer, null when it has none; a new reference. NULL on error:
 *          from the service as "TEXT (HTTP 409)" with the code that fits the status; HTTP or TIMEOUT when it does not
 *          answer, with advice; UNAUTHORIZED, CONFIG from keystone.
 *
 * Version  Unless one was asked for, the first request goes out with the highest version known here; a service that
 *          knows less answers 406 and the highest of its own, which is then used.
 * Retries  A locked node (409) and 503 are tried again, five times two seconds apart by default, as ironicclient
 *          does. Other conflicts will not go away and are errors at once. An expired token is replaced once. */
json_t *session_call(Session *session, const char *method, const char *path, const json_t *body,
                     GError **error);

/* The same without tries: for those who ask again anyway. */
json_t *session_try(Session *session, const char *method, const char *path, const json_t *body,
                    GError **error);

/* A request as the session would send it, for those who send it themselves. Its texts are its own, what comes from the
 * settings is borrowed from them. It must stay where it is: it points into itself. */
typedef struct SessionRequest {
    HttpRequest http;
    char *url, *version, *token;
    const char *headers[4];
} SessionRequest;

/* Fills `prepared`, which session_request_clear empties; logs in to keystone first if need be, with its errors. */
bool session_prepare(Session *session, const char *method, const char *path,
                     SessionRequest *prepared, GError **error);
void session_request_clear(SessionRequest *prepared);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SessionRequest, session_request_clear)

/* Fails with INVALID when a version was asked for that is below `version` ("1.37"); `words` names the command. */
bool session_require(const Session *session, const char *version, const char *words,
                     GError **error);

/* "next" of a list as a path for session_call: without scheme and host, and without the endpoint's own path. NULL when
 * it is not below the endpoint. The caller frees. */
char *session_local_path(const Session *session, const char *url);

/* An endpoint without slashes and "/v1" at its end. The caller frees. Pure. */
char *endpoint_trimmed(const char *url);
