/* One blocking HTTP request: to a BMC, to another OpenStack service or to Steel itself.
 *
 * Each thread keeps one libcurl handle of its own, so that connections to the same server are used
 * again; it is freed when the thread ends. HTTP and HTTPS only. The environment's http_proxy,
 * https_proxy and no_proxy are honoured.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* What to ask. Zero means the default everywhere; all pointers are borrowed for the call. */
typedef struct HttpRequest {
    const char *method; /* "GET" when NULL; sent as it is */
    const char *url;    /* http:// or https://; a user name in it is used, but never shown */
    const char *const *headers; /* NULL-ended "Name: value" */
    const void *body;
    size_t body_size;
    const char *content_type; /* of the body; NULL: application/json */
    /* A file that is sent as the body, piece by piece, instead of body; the method is PUT. Its size
     * is that at the beginning. Without a stall_s the whole of it must fit into timeout_ms */
    const char *body_file;

    const char *proxy; /* a URL, in place of those of the environment; NULL: those */

    const char *username; /* basic authentication; NULL: none */
    const char *password;

    int connect_timeout_ms; /* 0: 10,000; name resolution and TLS included */
    int timeout_ms;         /* of the whole exchange; 0: 60,000 */
    int stall_s;            /* without a byte, this ends it; 0: only timeout_ms does */
    size_t body_limit;      /* bytes of answer accepted; 0: 16 MiB */
    int redirect_limit;     /* how many redirects are followed; 0: none, the 3xx is the answer */

    const char *ca_file; /* PEM bundle; NULL: the system's */
    const char *client_certificate;
    const char *client_key;
    bool insecure; /* accept any certificate and name */
    /* "sha256//<base64>": the server's public key; a server with it is trusted. NULL: none */
    const char *pinned_key;

    /* It must not be done twice: it gets a connection of its own, since libcurl sends a request
     * again when an open connection ends without an answer */
    bool once;

    /* out, on failure: nothing of the request has reached the server, so that it may be asked again
     * whatever the method is. NULL: not wanted */
    bool *unsent;

    /* For http_engine alone: other calls go first, and timeout_ms begins with its turn. */
    bool background;

    /* Takes the bytes of a good answer (status 200 to 299) instead of the response's body, as they
     * come; body_limit does not hold. False ends the request with an error. NULL: they are
     * collected. */
    bool (*sink)(void *user, const void *bytes, size_t size);
    void *sink_user;

    /* For http_engine alone: asked on its thread when the connection stands and nothing of the
     * request is sent yet; false ends it with LEASE_LOST. It must not block. NULL: always */
    bool (*may_send)(void *user);
    void *may_send_user; /* lives until the request has ended */
} HttpRequest;

/* The answer. Everything is owned by it. */
typedef struct HttpResponse {
    int status; /* 100..599 */
    char *body; /* with a NUL after body_size bytes; never NULL after success */
    size_t body_size;
    /* name, value, name, value …, of the last answer when redirects were followed */
    GPtrArray *headers;
} HttpResponse;

/* Frees what the response holds and empties it; NULL and an empty response are fine. */
void http_response_clear(HttpResponse *response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpResponse, http_response_clear)

/* The first header of that name (any case), or NULL. Borrowed from the response. */
const char *http_response_header(const HttpResponse *response, const char *name);

/* Asks and waits for the whole answer. Any HTTP status is a success here.
 *
 * response  out; untouched on failure.
 * Errors    HTTP (unreachable, refused, name unknown, TLS not trusted, broken or too large an
 *           answer), TIMEOUT, IO (body_file). The text names the URL without user name, password
 *           and query.
 * Threads   any; blocks up to timeout_ms.
 */
bool http_request(const HttpRequest *request, HttpResponse *response,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A URL fit to be shown: without user name, password, query and fragment. The caller frees. */
char *http_url_for_display(const char *url);

/* The host that a request for this URL goes to, in lower case, without a port and brackets, as
 * libcurl reads it. NULL if it is no http or https URL, or has a user of its own. The caller
 * frees. */
char *http_url_host(const char *url);

/* Percent-encodes one path segment or query value (RFC 3986 unreserved characters stay). The caller
 * frees. */
char *http_escape(const char *text);
