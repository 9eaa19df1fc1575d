/* The stage of a request that finds out who the caller is: at once, or in the lane of a login that
 * has to be checked; logins that fail are counted. The contract is in pipeline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/internal.h"
#include "api/pipeline.h"
#include "auth/login_failures.h"
#include "common/time_text.h"

static void
identify_log_failures(void *data)
{
    Api *api = data;
    bool closing = __atomic_load_n(&api->closing, __ATOMIC_ACQUIRE);
    bool more = login_failures_flush(closing ? INT64_MAX : time_monotonic_ms());
    __atomic_store_n(&api->login_log_scheduled, more && !closing, __ATOMIC_RELEASE);
    if (more && !closing)
        pool_submit_later(api->pool, LOGIN_FAILURES_WINDOW_MS, identify_log_failures, api);
}

static HttpAddress
source_of(const Request *request, bool *own)
{
    HttpAddress source = {0};
    *own =
        request->transport->source != NULL && request->transport->source(request->carrier, &source);
    return source;
}

/* Counts a login that failed. A request without a login does not count. */
static void
note_failure(Request *request)
{
    bool own, none = false;
    g_autofree char *who = access_login_name(request);
    if (!access_tries_login(request))
        return;
    const HttpAddress source = source_of(request, &own);
    login_failures_note(&source, who, time_monotonic_ms());
    if (__atomic_compare_exchange_n(&request->api->login_log_scheduled, &none, true, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        pool_submit_later(request->api->pool, LOGIN_FAILURES_WINDOW_MS, identify_log_failures,
                          request->api);
}

/* The lane of a login. A login by name has one for each address and name. Tokens have no name, so
 * they share one for each address, unless a proxy stands for several clients. */
static LoginLane
lane_of(const Request *request)
{
    bool own;
    const HttpAddress source = source_of(request, &own);
    g_autofree char *name = access_login_name(request);
    const char *token = request_header(request, "X-Auth-Token");
    const char *word = name != NULL ? name : own ? NULL : token;
    return (LoginLane){http_address_group(&source),
                       word != NULL ? g_str_hash(word) % LOGIN_PARTS : 0};
}

/* Runs on a thread of the login queue. */
static void
identify_waiting(void *data)
{
    Request *request = data;
    g_autoptr(GError) error = NULL;
    const LoginLane lane = lane_of(request);
    bool granted = access_identify(request, true, &error) == ACCESS_GRANTED;
    /* A check without a result counts as wrong too: a caller whose tokens Keystone cannot handle
     * delays all others. */
    login_queue_judge(request->api->logins, &lane,
                      granted && request->identity.credentials != NULL);
    request->identified = granted;
    request->identity_failure = g_steal_pointer(&error);
    request->transport->resume(request->carrier);
}

static PipelineStep
refuse_identity(Request *request, const GError *error)
{
    if (steel_error_is(error, STEEL_ERROR_UNAUTHORIZED))
        note_failure(request);
    request_answer_error(request, error);
    return PIPELINE_ANSWERED;
}

PipelineStep
request_identify(Request *request)
{
    g_autoptr(GError) error = g_steal_pointer(&request->identity_failure);
    if (error != NULL)
        return refuse_identity(request, error);
    if (request->identified)
        return PIPELINE_NOT_ANSWERED;
    AccessOutcome outcome = access_identify(request, false, &error);
    request->identified = outcome == ACCESS_GRANTED;
    if (outcome == ACCESS_GRANTED)
        return PIPELINE_NOT_ANSWERED;
    const LoginLane lane = lane_of(request);
    if (outcome == ACCESS_REFUSED ||
        !login_queue_submit(request->api->logins, &lane, identify_waiting, request, &error))
        return refuse_identity(request, error);
    return PIPELINE_LATER;
}
