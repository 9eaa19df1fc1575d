/* Requests to the services of an OpenStack cloud: each with a token of Steel's, to the endpoint
 * that the catalog or the configuration names, tried again as the section says.
 *
 * A section ([swift], [cinder], ...) has keystoneauth's options. Its login is its own if it has an
 * auth_type, what its auth_section names, or that of [keystone_authtoken]; those with the same one
 * share the token. auth_type none (no login) and http_basic need an endpoint_override.
 *
 * Requests block: from workers, never on a thread of the API. Any number of threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "common/http_client.h"

typedef enum OpenstackService {
#define SERVICE(suffix, ...) OPENSTACK_##suffix,
#include "openstack/services.def"
#undef SERVICE
    OPENSTACK_SERVICE_COUNT
} OpenstackService;

/* What the process needs for all services; immutable but for the tokens in it. */
typedef struct Openstack Openstack;
/* One service. Borrowed from its Openstack. */
typedef struct OpenstackSession OpenstackSession;

/* Reads the configuration, and asks nothing. What is missing fails when a service is wanted, so
 * that a process without OpenStack needs none of it. Free when nobody uses it. */
Openstack *openstack_new(const Config *config);
void openstack_free(Openstack *openstack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Openstack, openstack_free)

/* A service; NULL with CONFIG, which names what is missing. openstack: NULL: nothing is there. */
OpenstackSession *openstack_service(const Openstack *openstack, OpenstackService service,
                                    GError **error);

/* What to ask. Zero is the default everywhere; all borrowed. */
typedef struct OpenstackCall {
    const char *what;           /* for errors: "the upload of boot.iso" */
    const char *method;         /* NULL: GET */
    const char *path;           /* after the endpoint: "/container/object?x=y", encoded */
    const char *const *headers; /* NULL-ended "Name: value" */
    const char *body;           /* JSON text, or other bytes with their number */
    size_t body_size;           /* 0: the body is text */
    const char *body_file;      /* or a file, which is sent piece by piece */
    const char *content_type;   /* of the body; NULL: JSON */
    const char *request_id;     /* of the client, passed on; NULL: that of the thread's log */
    bool repeatable;            /* doing it twice is doing it once, although it is a POST */
    const int *expected;        /* 0-ended: statuses that are no failure, besides 200 to 299 */
    /* Takes the body of a success, as HttpRequest.sink does: what it has had of an answer that
     * broke is not asked for again. NULL: the body is in the response */
    bool (*sink)(void *user, const void *bytes, size_t size);
    void *sink_user;
    int timeout_ms;      /* of one try; 0: the section's, or a minute */
    int stall_s;         /* for long bodies: as in HttpRequest */
    int64_t deadline_ms; /* monotonic: no try begins after it, and none goes beyond; 0: none */
} OpenstackCall;

/* Asks. A request that may have reached the service is repeated only if doing it twice is doing it
 * once (GET, HEAD, PUT, DELETE, call->repeatable), or if the service was too busy to begin (429). A
 * token that the service refuses, or whose catalog lacks the service, is replaced, one time.
 *
 * response  out: a status of 200 to 299, or one of call->expected
 * Errors    NOT_FOUND (404), CONFLICT (409), FORBIDDEN (401, 403), INVALID (other 4xx), HTTP (5xx,
 *           429; not reachable), TIMEOUT, CONFIG (no endpoint), UNAUTHORIZED (Keystone), IO. Each
 *           names service and call, and gives the service's words */
bool openstack_ask(OpenstackSession *session, const OpenstackCall *call, HttpResponse *response,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The endpoint, without slashes at its end; the caller frees. May log in.
 * Errors: CONFIG, HTTP, TIMEOUT, UNAUTHORIZED */
char *openstack_endpoint(OpenstackSession *session, GError **error);

/* The ID of the project that the token is for; the caller frees. NULL without an error: none. May
 * log in. Errors: HTTP, TIMEOUT, UNAUTHORIZED */
char *openstack_project(OpenstackSession *session, GError **error);
