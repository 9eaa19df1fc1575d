/* One request in the API, as handlers see it. Its carrier makes it with pipeline.h: http.c from a
 * connection, tests from text.
 *
 * A request belongs to one thread at a time: the HTTP thread, then perhaps the thread that
 * completes its rpc call, then the HTTP thread again. The transport's `resume` hands it over.
 *
 * A handler that runs on an HTTP thread holds up others: it asks the database and must not wait for
 * another server; what does is moved to a pool first (pipeline.c). Texts that functions return are
 * borrowed from the request unless they say otherwise, and those given are borrowed for the call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/api.h"
#include "api/versions.h"
#include "common/config.h"
#include "common/json_text.h"
#include "http/address.h"
#include "http/query.h"

typedef struct Request Request;
typedef struct Route Route;

typedef enum HttpMethod {
    HTTP_GET = 1 << 0,
    HTTP_POST = 1 << 1,
    HTTP_PUT = 1 << 2,
    HTTP_PATCH = 1 << 3,
    HTTP_DELETE = 1 << 4,
    HTTP_HEAD = 1 << 5,
    HTTP_OPTIONS = 1 << 6,
    HTTP_OTHER = 1 << 7,
} HttpMethod;

/* The result of a handler: the answer is in the request, the error is set, or a call is running and
 * `after` will make the answer. */
typedef enum Answer { ANSWER_NOW, ANSWER_FAILED, ANSWER_LATER } Answer;

typedef Answer (*RequestHandler)(Request *request, GError **error);

/* Makes the answer from what the conductor returned; on the HTTP thread, or where waiting is
 * allowed. False with the error set. */
typedef bool (*RequestAfter)(Request *request, json_t *result, GError **error);

/* The caller. Filled by access_identify. */
typedef struct Identity {
    struct Credentials *credentials;  /* owned; NULL: nobody */
    const char *user_id, *project_id; /* of the credentials; NULL: unknown */
    bool is_public;                   /* the route needs no login and none was given */
} Identity;

/* The carrier's functions. */
typedef struct RequestTransport {
    const char *(*header)(void *carrier, const char *name); /* NULL if absent */
    void (*resume)(void *carrier);   /* the answer may continue; any thread */
    bool (*is_local)(void *carrier); /* the client is on this machine; NULL: it always is */
    /* The client's address, also behind proxies. False if a proxy does not name it, or if several
     * clients share it. NULL if the carrier does not know. */
    bool (*source)(void *carrier, HttpAddress *address);
} RequestTransport;

/* The body of an answer without a known end: it is made while it is sent, and holds no thread while
 * there is nothing to send. One thread at a time calls the functions. */
typedef struct RequestStream RequestStream;
struct RequestStream {
    /* Begins. From now on any thread may call `wake` when there is something to read. */
    void (*open)(RequestStream *stream, void (*wake)(void *carrier), void *carrier);
    /* Fills at most `size` bytes; *filled 0: nothing now. False at the end. Must not block.
     * silent  nothing was sent for silence_ms: some bytes are due, so that a lost client is
     *         noticed */
    bool (*read)(RequestStream *stream, char *buffer, size_t size, bool silent, size_t *filled);
    /* Frees it. `wake` is not called after this returns. */
    void (*free)(RequestStream *stream);
    unsigned silence_ms;
};

enum {
    REQUEST_CAPTURES = 3,
    REQUEST_ARGUMENTS = 32,
    REQUEST_PATH_SIZE = 1024,
    REQUEST_ID_SIZE = 41
};

struct Request {
    Api *api; /* borrowed */
    const RequestTransport *transport;
    void *carrier;
    HttpMethod method;

    /* Filled by request_begin. */
    const Route *route;
    unsigned version;                       /* minor, 82 for 1.82 */
    bool version_known;                     /* false: no version has the resource */
    char id[REQUEST_ID_SIZE];               /* "req-<uuid>" */
    const char *captures[REQUEST_CAPTURES]; /* of {name} in the route's pattern, in `path` */
    const char *capture_suffix;             /* ".json" that was cut off the last capture, or NULL */
    char *suffixed;                         /* that capture, in `path` */
    Identity identity;
    bool identified;                   /* `identity` is filled */
    GError *identity_failure;          /* owned: why there is no identity, until that is answered */
    struct PolicyQuestions *questions; /* owned; NULL unless the policy asks other servers */

    HttpArgument arguments[REQUEST_ARGUMENTS];
    size_t argument_count;
    bool too_many_arguments;

    char *body; /* owned; NULL without one */
    size_t body_size;
    bool body_pending;  /* the policy is asked before the body has arrived */
    json_t *json;       /* owned; after request_json */
    bool owner_claimed; /* its owner was not given: it is the caller's project */

    /* The answer. */
    unsigned status;
    GString *out;                           /* owned; NULL: empty */
    const char *content_type;               /* static */
    char *location;                         /* owned or NULL */
    const char *allow;                      /* static or NULL: for 405 */
    const char *header_name, *header_value; /* one more header, static or NULL (WWW-Authenticate) */
    /* owned until the transport takes it: replaces `out`; NULL for most */
    RequestStream *stream;
    /* from now on other threads ask the policy for this request, and may not wait */
    bool streaming;

    /* The call under way. */
    RequestAfter after;
    json_t *result;  /* owned */
    GError *failure; /* owned */
    char *subject;   /* owned: what `after` needs, usually the item's uuid */
    /* owned: the owners of nodes by which the policy decided, as RpcCall.judged; NULL */
    json_t *judged;
    bool judged_by_owner; /* it would have decided differently for other owners */

    char path
        [REQUEST_PATH_SIZE]; /* without leading slashes and v1; segments end in NUL after routing */
    char original[REQUEST_PATH_SIZE]; /* the same, uncut, for `next` links */
};

/* The database of the API; any thread. */
Db *request_db(const Request *request);

/* The newest version of the API that is served: API_VERSION_MAXIMUM unless a release is pinned. */
unsigned request_newest_version(const Request *request);

/* A header's value, or NULL if it is absent. The name in any case. */
const char *request_header(const Request *request, const char *name);

/* True if the client is on this machine and no proxy names another client. */
bool request_is_local(const Request *request);

/* The value of a query argument, or NULL. */
const char *request_argument(const Request *request, const char *name);

/* 400 if the query has arguments that are not in the NULL-terminated list, or any at all. */
bool request_only_arguments(const Request *request, const char *const *names, GError **error);
bool request_no_arguments(const Request *request, GError **error);

/* A boolean query argument; INVALID if it is not a boolean. Absent: *value is untouched. */
bool request_boolean_argument(const Request *request, const char *name, bool *value,
                              GError **error);

/* The same for a member of a body. */
bool request_boolean_member(const json_t *body, const char *name, bool *value, GError **error);

/* The body as JSON of a type (JSON_OBJECT, JSON_ARRAY), borrowed from the request; INVALID. An
 * absent body reads as an empty object. */
json_t *request_json(Request *request, json_type type, GError **error);

/* An object body with no members but these; names end with NULL. */
json_t *request_object(Request *request, const char *const *members, GError **error);

/* NOT_ACCEPTABLE unless the request's version is at least `since`; `what` names the thing. */
bool request_needs(const Request *request, unsigned since, const char *what, GError **error);

/* Appends the start of links: "http://host:port". Valid as long as the request. */
void request_append_base(const Request *request, GString *out);

/* Answers, which replace one that was made before. request_out begins a JSON answer and returns its
 * text, borrowed, to be written into; expected_size: bytes to begin with. request_answer_json
 * borrows the value. The other two are ANSWER_NOW. */
GString *request_out(Request *request, unsigned status, size_t expected_size);
Answer request_answer_empty(Request *request, unsigned status);
Answer request_answer_json(Request *request, unsigned status, const json_t *value);

/* Answers 200 with a stream, which is taken. */
Answer request_answer_stream(Request *request, const char *content_type, RequestStream *stream);

/* Sets Location to base + "/v1/" + path. */
void request_set_location(Request *request, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Sends a call to a conductor; takes `arguments`. `after` makes the answer of its result. Always
 * ANSWER_LATER. */
Answer request_call(Request *request, RpcMethod method, const char *node_uuid, json_t *arguments,
                    RequestAfter after);

/* Ready-made `after`s: 204 without body, 202 without body, 200 with the result as it is. */
bool request_after_204(Request *request, json_t *result, GError **error);
bool request_after_202(Request *request, json_t *result, GError **error);
bool request_after_200(Request *request, json_t *result, GError **error);
