/* Calls to the bare metal service: authentication, API version, retries, errors as sentences.
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

/* The highest minor API version that this client knows. */
enum { SESSION_KNOWN_MINOR = 115 };

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
 *          from the service as "TEXT (HTTP 409)" with the code that fits the status; HTTP or
 *          TIMEOUT, with advice, if it does not answer; UNAUTHORIZED, CONFIG from keystone.
 *
 * Version  Unless the user chose one, the first request has the highest version of this client. An
 *          older service answers 406 with its own highest version, which is then used.
 * Retries  A locked node (409) and 503 are tried again, five times two seconds apart by default, as
 *          ironicclient does. Other conflicts do not pass by waiting and are errors at once. An
 *          expired token is replaced once. */
json_t *session_call(Session *session, const char *method, const char *path, const json_t *body,
                     GError **error);

/* The same without retries, for callers that poll. */
json_t *session_try(Session *session, const char *method, const char *path, const json_t *body,
                    GError **error);

/* A request with the session's URL, version and token, for callers that send it themselves. It owns
 * its texts and borrows the settings'. It must not be moved: it points into itself. */
typedef struct SessionRequest {
    HttpRequest http;
    char *url, *version, *token;
    const char *headers[4];
} SessionRequest;

/* Fills `prepared`, which session_request_clear empties; logs in to keystone first if needed, with
 * its errors. */
bool session_prepare(Session *session, const char *method, const char *path,
                     SessionRequest *prepared, GError **error);
void session_request_clear(SessionRequest *prepared);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SessionRequest, session_request_clear)

/* Fails with INVALID if the user chose a version below `version` ("1.37"); `words` names the
 * command. */
bool session_require(const Session *session, const char *version, const char *words,
                     GError **error);

/* "next" of a list as a path for session_call: without scheme and host, and without the endpoint's
 * own path. NULL if it is not below the endpoint. The caller frees. */
char *session_local_path(const Session *session, const char *url);

/* An endpoint without slashes and "/v1" at its end. The caller frees. Pure. */
char *endpoint_trimmed(const char *url);
