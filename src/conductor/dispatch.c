/* Calls from the API in the same process: each becomes a job on one of the conductor's pools. A
 * call for a locked node is retried later and holds no thread meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/transition.h"
#include "conductor/verbs.h"

/* Limit of callers that wait for a node's lock. */
#define RETRY_LIMIT 1024

typedef struct Job {
    Conductor *conductor;
    const Verb *verb;
    RpcMethod method;
    char *node_uuid, *request_id, *user_id, *project_id, *global_request_id; /* owned */
    json_t *arguments;                                                       /* owned */
    json_t *judged;                                                          /* owned, or NULL */
    RpcDone done;
    void *user_data;
    unsigned attempts_left;
} Job;

static void
job_end(Job *job, json_t *result, GError *error)
{
    metrics_count_call(job->method, error == NULL);
    job->done(result, error, job->user_data);
    json_decref(result);
    g_clear_error(&error);
    json_decref(job->arguments);
    json_decref(job->judged);
    g_free(job->node_uuid);
    g_free(job->request_id);
    g_free(job->user_id);
    g_free(job->project_id);
    g_free(job->global_request_id);
    g_free(job);
}

bool
verb_call_holds(const VerbCall *call, const Node *node, GError **error)
{
    const json_t *judged = json_object_get(call->judged, node->uuid);
    if (call->judged == NULL ||
        (judged != NULL && g_strcmp0(json_string_member(judged, "owner"), node->owner) == 0 &&
         g_strcmp0(json_string_member(judged, "lessee"), node->lessee) == 0))
        return true;
    return steel_fail(error, STEEL_ERROR_CONFLICT,
                      "Node %s has got another owner or lessee while the request was under way; "
                      "ask again.",
                      node->uuid);
}

static bool
load_task(const Job *job, VerbCall *call, GError **error)
{
    if (job->verb->lock == VERB_NO_TASK)
        return true;
    if (job->node_uuid == NULL)
        return steel_fail(error, STEEL_ERROR_MISSING, "%s needs a node",
                          rpc_method_name(job->method));
    TaskLock lock = job->verb->lock == VERB_EXCLUSIVE ? TASK_EXCLUSIVE : TASK_SHARED;
    const char *purpose =
        job->verb->purpose != NULL ? job->verb->purpose : rpc_method_name(job->method);
    call->task = task_acquire(job->conductor, job->node_uuid, lock, purpose, error);
    if (call->task == NULL)
        return false;
    call->task->request_id = g_strdup(job->request_id);
    call->task->user_id = g_strdup(job->user_id);
    call->task->project_id = g_strdup(job->project_id);
    call->task->global_request_id = g_strdup(job->global_request_id);
    return verb_call_holds(call, call->task->node, error);
}

/* Another service is told of an address: those of ports and port groups are at the head of a
 * path. */
static bool
update_may_block(const json_t *arguments)
{
    const char *resource = json_string_member(arguments, "resource");
    size_t index;
    json_t *operation;
    if (g_strcmp0(resource, port_resource.name) != 0 &&
        g_strcmp0(resource, portgroup_resource.name) != 0)
        return false;
    json_array_foreach(json_object_get(arguments, "patch"), index, operation)
    {
        if (g_strcmp0(json_string_member(operation, "path"), "/address") == 0)
            return true;
    }
    return false;
}

/* Most changes of records need only the database. */
static ConductorPool
pool_of(const Job *job)
{
    bool blocks = job->method == RPC_UPDATE && update_may_block(job->arguments);
    return blocks ? CONDUCTOR_WORKERS : job->verb->pool;
}

static void dispatch_run_job(void *data);

/* Takes a worker only if one is free: a call that waits for a lock must not delay others. */
static void
dispatch_retry_job(void *data)
{
    Job *job = data;
    GError *error = NULL;
    atomic_fetch_sub(&job->conductor->retries, 1);
    if (pool_of(job) == CONDUCTOR_QUICK)
        dispatch_run_job(job);
    else if (!conductor_submit(job->conductor, CONDUCTOR_WORKERS, dispatch_run_job, job, &error))
        job_end(job, NULL, error);
}

/* Returns false if too many callers wait for locked nodes: this caller gets LOCKED at once. */
static bool
retry_later(Job *job)
{
    int64_t interval_s = config_integer(config_current(), OPT_CONDUCTOR_NODE_LOCKED_RETRY_INTERVAL);
    if (atomic_fetch_add(&job->conductor->retries, 1) >= RETRY_LIMIT) {
        atomic_fetch_sub(&job->conductor->retries, 1);
        return false;
    }
    job->attempts_left--;
    pool_submit_later(job->conductor->quick, (unsigned)interval_s * 1000, dispatch_retry_job, job);
    return true;
}

static void
dispatch_run_job(void *data)
{
    Job *job = data;
    GError *error = NULL;
    VerbCall call = {.conductor = job->conductor,
                     .arguments = job->arguments,
                     .node_uuid = job->node_uuid,
                     .user_id = job->user_id,
                     .project_id = job->project_id,
                     .judged = job->judged};
    log_context_request(job->request_id, job->global_request_id);
    log_context_node(job->node_uuid);
    json_t *result = load_task(job, &call, &error) ? job->verb->handle(&call, &error) : NULL;
    task_release(call.task);
    log_context_request(NULL, NULL);
    log_context_node(NULL);
    bool again = steel_error_is(error, STEEL_ERROR_LOCKED) && job->attempts_left > 0 &&
                 !job->conductor->stopping;
    if (!again || !retry_later(job))
        job_end(job, result, error);
    else
        g_clear_error(&error);
}

static void
transport_call(void *self, const RpcCall *call, RpcDone done, void *user_data)
{
    Conductor *conductor = self;
    const Verb *verb = verb_row(call->method);
    Job *job = g_new0(Job, 1);
    *job = (Job){
        .conductor = conductor,
        .verb = verb,
        .method = call->method,
        .node_uuid = g_strdup(call->node_uuid),
        .request_id = g_strdup(call->context.request_id),
        .user_id = g_strdup(call->context.user_id),
        .project_id = g_strdup(call->context.project_id),
        .global_request_id = g_strdup(call->context.global_request_id),
        .arguments = call->arguments != NULL ? call->arguments : json_object(),
        .judged = json_deep_copy(call->judged), /* no JSON value is shared between threads */
        .done = done,
        .user_data = user_data,
        .attempts_left =
            (unsigned)config_integer(config_current(), OPT_CONDUCTOR_NODE_LOCKED_RETRY_ATTEMPTS),
    };
    GError *error = NULL;
    if (!conductor_submit(conductor, pool_of(job), dispatch_run_job, job, &error))
        job_end(job, NULL, error);
}

const RpcTransport conductor_transport = {.name = "local", .call = transport_call};
