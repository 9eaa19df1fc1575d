/* The stages of a request; the contract is in pipeline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/pipeline.h"

#include "api/access.h"
#include "api/browser_guard.h"
#include "api/collection.h"
#include "api/faults.h"
#include "api/internal.h"
#include "api/node_brief.h"
#include "api/router.h"
#include "auth/policy_remote.h"
#include "common/metrics.h"
#include "common/uuid.h"

#include <string.h>

enum {
    /* Larger bodies are parsed on the pool, not on an HTTP thread. */
    QUICK_BODY_SIZE = 256 * 1024,
    /* Before a larger body is taken, the policy judges the target in the path. */
    ADMITTED_BODY_SIZE = 16 * 1024,
    /* Bytes of a body on a route that needs no login. */
    PUBLIC_BODY_LIMIT = 64 * 1024,
};

/* Ironic's routing errors carry no API version, so this answer has none either. Always false. */
static bool
answer_routing(Request *request, unsigned status, const char *description)
{
    request->version_known = false;
    request_answer_text(request, status, fault_from_routing(status, description));
    return false;
}

/* No row matched. */
static bool
answer_unrouted(Request *request, unsigned status)
{
    if (status == 405 && request->method == HTTP_OPTIONS) {
        request_answer_empty(request, 200);
        return false;
    }
    g_autofree char *description =
        status == 405 ? g_strdup_printf("/%.200s allows %s", request->original, request->allow)
                      : g_strdup_printf("There is no /%.200s; GET /v1 lists what there is.",
                                        request->original);
    return answer_routing(request, status, description);
}

/* To older versions a newer route must look as if it did not exist. Always false. */
static bool
answer_too_old(Request *request)
{
    const Route *route = request->route;
    g_autofree char *description = g_strdup_printf(
        "%s /v1/%s exists from API version 1.%u, the request asks for 1.%u",
        http_method_name(route->method), route->pattern, route->since, request->version);
    if (route->below == 406 || route->flags & ROUTE_HIDDEN_FAULT) {
        g_autoptr(GError) error = NULL;
        steel_fail(&error, route->below == 406 ? STEEL_ERROR_NOT_ACCEPTABLE : STEEL_ERROR_NOT_FOUND,
                   "%s", description);
        return request_answer_error(request, error);
    }
    return answer_routing(request, route->below, description);
}

static bool
is_too_old(const Request *request)
{
    return !(request->route->flags & ROUTE_UNVERSIONED) && request->version < request->route->since;
}

/* Newer versions take ".json" for a part of the name; no word of a route has it there. */
static bool
keep_suffix(Request *request)
{
    if (request->version < VERSION_NO_SUFFIX)
        return true;
    if (request->capture_suffix != NULL) {
        request->suffixed[strlen(request->suffixed)] = *request->capture_suffix;
        request->capture_suffix = NULL;
        return true;
    }
    size_t length = strcspn(request->original, "?");
    while (length > 0 && request->original[length - 1] == '/')
        length--;
    bool suffixed = length > 5 && strncmp(request->original + length - 5, ".json", 5) == 0;
    return !suffixed || g_str_has_suffix(request->route->pattern, ".json") ||
           answer_unrouted(request, 404);
}

/* [healthcheck]path is another path of the health check. */
static bool
is_health_path(const Request *request)
{
    const char *path = config_string(config_current(), OPT_HEALTHCHECK_PATH);
    return (request->method == HTTP_GET || request->method == HTTP_HEAD) && path != NULL &&
           *path == '/' && strcmp(path + 1, request->original) == 0;
}

static bool
announces_body(const Request *request)
{
    const char *length = request_header(request, "Content-Length");
    return request_header(request, "Transfer-Encoding") != NULL ||
           (length != NULL && strspn(length, "0") != strlen(length));
}

/* A repeated argument is refused: it would be unclear which value counts. */
static const char *
argument_given_twice(const Request *request)
{
    for (size_t i = 1; i < request->argument_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(request->arguments[i].name, request->arguments[j].name) == 0)
                return request->arguments[i].name;
    return NULL;
}

bool
request_begin(Request *request)
{
    unsigned status = 404;
    g_autoptr(GError) error = NULL;
    request->route = route_find(request, &status, &request->allow);
    if (request->route == NULL && status == 404 && is_health_path(request))
        request->route = route_named(HTTP_GET, "healthcheck");
    if (request->route == NULL)
        return answer_unrouted(request, status);
    if (!(request->route->flags & ROUTE_UNVERSIONED)) {
        const char *legacy = request_header(request, API_HEADER_VERSION);
        const char *standard = request_header(request, "OpenStack-API-Version");
        if (!api_version_negotiate(request_newest_version(request), legacy, standard,
                                   &request->version, &error))
            return answer_routing(request, 406, error->message);
        request->version_known = true;
        if (!keep_suffix(request))
            return false;
        if (is_too_old(request) && !(request->route->flags & ROUTE_POLICY_FIRST))
            return answer_too_old(request);
    }
    if (!browser_guard_admits(request, announces_body(request), &error))
        return request_answer_error(request, error);
    const char *twice = argument_given_twice(request);
    if (twice != NULL) {
        steel_fail(&error, STEEL_ERROR_INVALID, "the query has the argument %.80s twice", twice);
        return request_answer_error(request, error);
    }
    if (request->too_many_arguments) {
        steel_fail(&error, STEEL_ERROR_INVALID, "a query may have at most %d arguments",
                   REQUEST_ARGUMENTS);
        return request_answer_error(request, error);
    }
    return true;
}

/* ---- bodies ---- */

size_t
request_body_limit(const Request *request)
{
    const Route *route = request->route;
    const bool large = route != NULL && route->flags & ROUTE_BODY_LARGE;
    const bool public = route == NULL || route->flags & ROUTE_PUBLIC;
    if (route != NULL && route->flags & ROUTE_BODY_INVENTORY)
        return (size_t)config_integer(config_current(), OPT_API_MAX_JSON_BODY_SIZE_INSPECTION) *
               1024;
    ConfigOption option = large ? OPT_API_MAX_JSON_BODY_SIZE_PROVISION : OPT_API_MAX_JSON_BODY_SIZE;
    size_t limit = (size_t)config_integer(config_current(), option) * 1024;
    return public ? MIN(limit, PUBLIC_BODY_LIMIT) : limit;
}

/* Judges the target in the path, as far as that is possible without the body. */
static bool
check_target(Request *request, GError **error)
{
    const Route *route = request->route;
    if (route->policy == NULL)
        return true;
    if (!(route->flags & ROUTE_TARGETED))
        return policy_check(request, route->policy, NULL, error);
    if (request->captures[0] == NULL)
        return true;
    if (route->handler == collection_patch) {
        g_auto(ItemBrief) item = {0};
        return collection_find(request, route->subject, request->captures[0], &item, error);
    }
    g_auto(NodeBrief) node = {0};
    return !g_str_has_prefix(route->pattern, "nodes/{") || node_captured(request, &node, error);
}

static bool
admit(Request *request, GError **error)
{
    request->body_pending = true;
    bool admitted = check_target(request, error);
    request->body_pending = false;
    return admitted;
}

/* A handler that may wait, for a server that the policy asks or for the database, runs on a thread
 * that serves no other request. */
static bool
may_wait(const Request *request)
{
    return db_may_block(request->api->services.db) || policy_may_wait(request);
}

PipelineStep
request_admit(Request *request, uint64_t size)
{
    g_autoptr(GError) error = NULL;
    if (size <= ADMITTED_BODY_SIZE || may_wait(request) || admit(request, &error))
        return PIPELINE_NOT_ANSWERED;
    request_answer_error(request, error);
    return PIPELINE_ANSWERED;
}

void
request_refuse_body(Request *request, BodyFault fault)
{
    g_autoptr(GError) error = NULL;
    if (fault == BODY_TOO_LARGE) {
        steel_fail(&error, STEEL_ERROR_TOO_LARGE,
                   "The body is larger than the %zu bytes allowed here.",
                   request_body_limit(request));
    } else {
        metrics_add(METRIC_API_BODIES_REFUSED, 1);
        steel_fail(&error, STEEL_ERROR_NO_WORKER,
                   "The memory for bodies of requests is used up; try again in a few seconds.");
    }
    request_answer_error(request, error);
}

/* ---- the handler ---- */

/* Who may not do it is told so, whatever the version. */
static void
judge_too_old(Request *request)
{
    g_autoptr(GError) error = NULL;
    g_auto(NodeBrief) node = {0};
    if (node_captured(request, &node, &error))
        answer_too_old(request);
    else
        request_answer_error(request, error);
}

/* Runs the handler, and makes a fault of its failure. True if the answer is ready. */
static bool
run_handler(Request *request)
{
    g_autoptr(GError) error = NULL;
    const Route *route = request->route;
    if (is_too_old(request)) {
        judge_too_old(request);
        return true;
    }
    if (route->policy != NULL && !(route->flags & ROUTE_TARGETED) &&
        !policy_check(request, route->policy, NULL, &error)) {
        request_answer_error(request, error);
        return true;
    }
    Answer answer = route->handler(request, &error);
    if (answer == ANSWER_FAILED)
        request_answer_error(request, error);
    return answer != ANSWER_LATER;
}

/* From now on the policy may ask other servers, or may not. */
static void
allow_questions(Request *request, bool may_wait)
{
    if (request->questions != NULL)
        policy_questions_allow(request->questions, may_wait);
}

/* Runs the handler on a pool, where it may wait. */
static void
run_waiting(void *data)
{
    Request *request = data;
    allow_questions(request, true);
    if (!run_handler(request))
        return; /* the call resumes the request */
    allow_questions(request, false);
    request->transport->resume(request->carrier);
}

/* Moves the request to a pool; `job` resumes it. False with the answer made if the pool is full. */
static bool
hand_over(Request *request, Pool *pool, PoolJob job)
{
    g_autoptr(GError) error = NULL;
    if (pool_submit(pool, job, request, &error))
        return true;
    request_answer_error(request, error);
    return false;
}

static bool
has_large_body(const Request *request)
{
    return request->body_size > QUICK_BODY_SIZE;
}

/* The policy judges the target before a large body is parsed, and before one whose size nobody has
 * announced. */
static bool
body_is_judged_first(const Request *request)
{
    return request->body_size > ADMITTED_BODY_SIZE ||
           request_header(request, "Transfer-Encoding") != NULL;
}

/* Runs on the pool. The policy asks other servers before the body is parsed, and keeps their
 * answers. */
static void
ask_then_run(void *data)
{
    Request *request = data;
    g_autoptr(GError) error = NULL;
    request->questions = policy_questions_new();
    allow_questions(request, true);
    if (body_is_judged_first(request) && !admit(request, &error))
        request_answer_error(request, error);
    else if (!has_large_body(request))
        return run_waiting(request);
    else if (hand_over(request, request->api->bodies, run_waiting))
        return;
    allow_questions(request, false);
    request->transport->resume(request->carrier);
}

bool
request_run(Request *request)
{
    if (may_wait(request))
        return !hand_over(request, request->api->pool, ask_then_run);
    return has_large_body(request) ? !hand_over(request, request->api->bodies, run_waiting)
                                   : run_handler(request);
}

void
request_finish(Request *request)
{
    g_autoptr(GError) error = NULL;
    if (request->status != 0)
        return;
    if (request->failure != NULL)
        request_answer_error(request, request->failure);
    else if (!request->after(request, request->result, &error))
        request_answer_error(request, error);
}

/* ---- calls ---- */

/* Runs on the pool: makes the answer where the policy may ask other servers. */
static void
finish_waiting(void *data)
{
    Request *request = data;
    allow_questions(request, true);
    request_finish(request);
    allow_questions(request, false);
    request->transport->resume(request->carrier);
}

/* Takes the conductor's answer, on its thread. */
static void
call_done(json_t *result, const GError *error, void *user_data)
{
    Request *request = user_data;
    /* A copy, since the two threads must not share a JSON value. */
    request->result = json_deep_copy(result);
    if (error != NULL)
        request->failure = g_error_copy(error);
    else if (request->questions != NULL &&
             pool_submit(request->api->pool, finish_waiting, request, &request->failure))
        return; /* finish_waiting resumes the request */
    request->transport->resume(request->carrier);
}

/* "req-<uuid>" as oslo.middleware takes it; NULL: the client has sent none, or something else. */
static const char *
global_request_id(const Request *request)
{
    static const char start[] = "req-";
    const char *said = request_header(request, "X-OpenStack-Request-ID");
    bool good = said != NULL && g_str_has_prefix(said, start) && uuid_valid(said + strlen(start));
    return good ? said : NULL;
}

Answer
request_call(Request *request, RpcMethod method, const char *node_uuid, json_t *arguments,
             RequestAfter after)
{
    request->after = after;
    allow_questions(request, false);          /* other threads have the request now */
    json_t *copy = json_deep_copy(arguments); /* it may share parts of the request's body */
    json_decref(arguments);
    const RpcCall call = {
        .method = method,
        .node_uuid = node_uuid,
        .arguments = copy,
        .judged = request->judged_by_owner ? request->judged : NULL,
        .context = {.request_id = request->id,
                    .user_id = request->identity.user_id,
                    .project_id = request->identity.project_id,
                    .global_request_id = global_request_id(request)},
    };
    rpc_call(request->api->services.rpc, &call, call_done, request);
    return ANSWER_LATER;
}
