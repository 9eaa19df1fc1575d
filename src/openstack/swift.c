/* Objects; the contract is in swift.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/swift.h"

#include "common/secret.h"
#include "common/time_text.h"
#include "openstack/swift_url.h"

#include <string.h>

enum {
    PUT_TIMEOUT_MS = 60 * 60 * 1000, /* of a whole image */
    PUT_BYTES_LIMIT_MS = 2 * 60 * 1000,
    PUT_STALL_S = 60, /* without a byte */
};

/* "/container/object", encoded; NULL on an error. The endpoint does not matter here. */
static char *
path_of(const SwiftObject *object, GError **error)
{
    static const char nowhere[] = "http://swift/a";
    const SwiftUrl url = {
        .endpoint = nowhere, .container = object->container, .object = object->name};
    g_autofree char *whole = swift_object_url(&url, error);
    return whole != NULL ? g_strdup(whole + strlen(nowhere)) : NULL;
}

static char *
what_of(const char *verb, const SwiftObject *object)
{
    return g_strdup_printf("%s of %.100s/%.100s", verb, object->container, object->name);
}

/* Asks about one object; call->what is the verb. */
static bool
ask(OpenstackSession *session, const SwiftObject *object, OpenstackCall call,
    HttpResponse *response, GError **error)
{
    g_autofree char *path = path_of(object, error), *what = what_of(call.what, object);
    if (path == NULL)
        return false;
    call.path = path;
    call.what = what;
    return openstack_ask(session, &call, response, error);
}

/* ---- put and remove ---- */

static bool
make_container(OpenstackSession *session, const char *container, GError **error)
{
    g_auto(HttpResponse) response = {0};
    g_autofree char *name = http_escape(container), *path = g_strconcat("/", name, NULL),
                    *what = g_strdup_printf("the making of container %.100s", container);
    const OpenstackCall call = {.what = what, .method = "PUT", .path = path};
    return openstack_ask(session, &call, &response, error);
}

static bool
put_once(OpenstackSession *session, const SwiftObject *object, const OpenstackCall *call,
         bool *no_container, GError **error)
{
    static const int expected[] = {404, 0};
    g_auto(HttpResponse) response = {0};
    OpenstackCall own = *call;
    own.expected = *no_container ? NULL : expected;
    if (!ask(session, object, own, &response, error))
        return false;
    *no_container = response.status == 404;
    return true;
}

/* call: what is put, and until when */
static bool
put(OpenstackSession *session, const SwiftObject *object, OpenstackCall call,
    int64_t delete_after_s, GError **error)
{
    g_autofree char *after = g_strdup_printf("X-Delete-After: %" G_GINT64_FORMAT, delete_after_s);
    const char *const headers[] = {delete_after_s > 0 ? after : NULL, NULL};
    bool no_container = false;
    call.what = "the upload";
    call.method = "PUT";
    call.headers = headers;
    call.content_type = "application/octet-stream";
    call.stall_s = PUT_STALL_S;
    if (!put_once(session, object, &call, &no_container, error))
        return false;
    return !no_container || (make_container(session, object->container, error) &&
                             put_once(session, object, &call, &no_container, error));
}

bool
swift_put(OpenstackSession *session, const SwiftObject *object, const char *path,
          int64_t delete_after_s, GError **error)
{
    const OpenstackCall call = {.body_file = path, .timeout_ms = PUT_TIMEOUT_MS};
    return put(session, object, call, delete_after_s, error);
}

bool
swift_put_bytes(OpenstackSession *session, const SwiftObject *object, const void *bytes,
                size_t size, int64_t delete_after_s, GError **error)
{
    const OpenstackCall call = {.body = bytes,
                                .body_size = size,
                                .timeout_ms = PUT_BYTES_LIMIT_MS,
                                .deadline_ms = time_monotonic_ms() + PUT_BYTES_LIMIT_MS};
    return put(session, object, call, delete_after_s, error);
}

bool
swift_keep(OpenstackSession *session, const SwiftObject *object, int64_t delete_after_s,
           GError **error)
{
    g_auto(HttpResponse) response = {0};
    g_autofree char *after = g_strdup_printf("X-Delete-After: %" G_GINT64_FORMAT, delete_after_s);
    const char *const headers[] = {after, NULL};
    const OpenstackCall call = {
        .what = "a change of the end", .method = "POST", .headers = headers};
    return ask(session, object, call, &response, error);
}

bool
swift_remove(OpenstackSession *session, const SwiftObject *object, GError **error)
{
    static const int expected[] = {404, 0};
    g_auto(HttpResponse) response = {0};
    const OpenstackCall call = {.what = "the removal", .method = "DELETE", .expected = expected};
    return ask(session, object, call, &response, error);
}

/* ---- metadata ---- */

bool
swift_set_word(OpenstackSession *session, const SwiftObject *object, const char *name,
               const char *value, GError **error)
{
    g_auto(HttpResponse) response = {0};
    g_autofree char *header = g_strdup_printf("X-Object-Meta-%s: %s", name, value);
    const char *const headers[] = {header, NULL};
    const OpenstackCall call = {
        .what = "a change of the metadata", .method = "POST", .headers = headers};
    return ask(session, object, call, &response, error);
}

char *
swift_word(OpenstackSession *session, const SwiftObject *object, const char *name, GError **error)
{
    g_auto(HttpResponse) response = {0};
    g_autofree char *header = g_strdup_printf("X-Object-Meta-%s", name);
    const OpenstackCall call = {.what = "a look at the metadata", .method = "HEAD"};
    if (!ask(session, object, call, &response, error))
        return NULL;
    return g_strdup(http_response_header(&response, header));
}

/* ---- temporary URLs ---- */

/* The key in the headers of a container or of the account; NULL without an error: none. */
static char *
key_of(OpenstackSession *session, const char *path, const char *const names[2], const int *expected,
       GError **error)
{
    g_auto(HttpResponse) response = {0};
    const OpenstackCall call = {.what = "a look at the key of temporary URLs",
                                .method = "HEAD",
                                .path = path,
                                .expected = expected};
    if (!openstack_ask(session, &call, &response, error))
        return NULL;
    const char *key = http_response_header(&response, names[0]);
    return g_strdup(key != NULL ? key : http_response_header(&response, names[1]));
}

char *
swift_key(OpenstackSession *session, const char *container, GError **error)
{
    static const char *const of_container[] = {"X-Container-Meta-Temp-Url-Key",
                                               "X-Container-Meta-Temp-Url-Key-2"};
    static const char *const of_account[] = {"X-Account-Meta-Temp-Url-Key",
                                             "X-Account-Meta-Temp-Url-Key-2"};
    /* Who may use a container, but does not own the account, is not told the account's. */
    static const int no_container[] = {404, 0}, not_told[] = {403, 404, 0};
    g_autoptr(GError) cause = NULL;
    g_autofree char *name = http_escape(container), *path = g_strconcat("/", name, NULL);
    char *key = key_of(session, "", of_account, not_told, &cause);
    if (key == NULL && cause == NULL)
        key = key_of(session, path, of_container, no_container, &cause);
    if (cause != NULL)
        g_propagate_error(error, g_steal_pointer(&cause));
    return key;
}

char *
swift_lend(OpenstackSession *session, const SwiftObject *object, int64_t seconds,
           const char *filename, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *endpoint = openstack_endpoint(session, error);
    if (endpoint == NULL)
        return NULL;
    char *key = swift_key(session, object->container, &cause);
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    const SwiftUrl wanted = {.endpoint = endpoint,
                             .container = object->container,
                             .object = object->name,
                             .key = key,
                             .until_s = time_now_ms() / 1000 + seconds,
                             .filename = filename};
    char *url = swift_temp_url(&wanted, error);
    secret_free(key);
    return url;
}
