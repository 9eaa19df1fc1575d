/* The way of a request, for what carries it (http.c, tests): route and version, who asks, whether
 * the body may come, the handler, the answer. In this order, so that strangers cost little:
 * nobody's body is taken before it is known whose it is.
 *
 *     request_new → request_begin → request_identify → request_admit → request_take_body →
 *     request_run → request_finish
 *
 * Each step may have the answer already; then the others are left out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"

typedef enum PipelineStep {
    PIPELINE_GO_ON,
    PIPELINE_ANSWERED, /* the answer is in the request */
    PIPELINE_LATER, /* transport->resume will be called; then the same step is to be called again */
} PipelineStep;

/* Makes a request for a method and a decoded path ("/v1/nodes"). Free with request_free. */
Request *request_new(Api *api, const RequestTransport *transport, void *carrier, const char *method,
                     const char *path);
void request_free(Request *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_free)

/* Takes the query apart, in place; it must outlive the request. NULL: there is none. Beyond
 * REQUEST_ARGUMENTS the request will be answered 400. */
void request_take_query(Request *request, char *query);

/* Finds route and version. False: the answer (a fault, or the answer to OPTIONS) is ready. */
bool request_begin(Request *request);

/* Finds out who asks. Never blocks: what must be asked elsewhere is, and LATER said. */
PipelineStep request_identify(Request *request);

/* Asks the policy about the thing in the path before a body is taken that is worth it. GO_ON or
 * ANSWERED.
 *
 * size  what is announced; UINT64_MAX: nobody knows */
PipelineStep request_admit(Request *request, uint64_t size);

/* The greatest body this request may have, in bytes. After request_begin. */
size_t request_body_limit(const Request *request);

typedef enum BodyFault { BODY_FINE, BODY_TOO_LARGE, BODY_NO_ROOM } BodyFault;

/* Makes the answer to a request whose body is not taken. */
void request_refuse_body(Request *request, BodyFault fault);

/* Takes the body over (g_malloc'ed; NULL without one). */
void request_take_body(Request *request, char *body, size_t size);

/* Runs the handler. True: the answer is ready. False: transport->resume will be called when
 * request_finish may be. */
bool request_run(Request *request);

/* Makes the answer after a call; to be called once, after transport->resume. */
void request_finish(Request *request);

/* Tells the client when to come again. */
void request_add_retry_after(Request *request);

/* Sets the answer; takes the text. NULL: it is empty. */
void request_answer_text(Request *request, unsigned status, GString *text);
