/* The stages of a request, for its carriers (http.c, tests): route and version, the caller, the
 * admission of the body, the handler, the answer. The order keeps strangers cheap: a body is taken
 * only after its sender is identified.
 *
 *     request_new → request_begin → request_identify → request_admit → request_take_body →
 *     request_run → request_finish
 *
 * Each stage may make the answer; then the others are skipped.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"

typedef enum PipelineStep {
    PIPELINE_NOT_ANSWERED, /* the next stage follows */
    PIPELINE_ANSWERED,     /* the answer is in the request */
    PIPELINE_LATER,        /* transport->resume will be called; then call the same stage again */
} PipelineStep;

/* Makes a request for a method and a decoded path ("/v1/nodes"). Free with request_free. */
Request *request_new(Api *api, const RequestTransport *transport, void *carrier, const char *method,
                     const char *path);
void request_free(Request *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_free)

/* Splits the query, in place; it must outlive the request. NULL if there is none. More than
 * REQUEST_ARGUMENTS arguments are answered with 400. */
void request_take_query(Request *request, char *query);

/* Finds route and version. False: the answer (a fault, or the answer to OPTIONS) is ready. */
bool request_begin(Request *request);

/* Identifies the caller. Never blocks: LATER if another service must be asked. */
PipelineStep request_identify(Request *request);

/* Asks the policy about the target in the path before a large body is taken. NOT_ANSWERED or
 * ANSWERED.
 *
 * size  the announced size; UINT64_MAX if unknown */
PipelineStep request_admit(Request *request, uint64_t size);

/* The greatest body this request may have, in bytes. After request_begin. */
size_t request_body_limit(const Request *request);

typedef enum BodyFault { BODY_FINE, BODY_TOO_LARGE, BODY_NO_ROOM } BodyFault;

/* Makes the answer that refuses a body. */
void request_refuse_body(Request *request, BodyFault fault);

/* Takes the body over (g_malloc'ed; NULL without one). */
void request_take_body(Request *request, char *body, size_t size);

/* Runs the handler. True: the answer is ready. False: transport->resume will be called when
 * request_finish may be. */
bool request_run(Request *request);

/* Makes the answer after a call. Call it once, after transport->resume. */
void request_finish(Request *request);

/* Sets the answer; takes the text. NULL: it is empty. */
void request_answer_text(Request *request, unsigned status, GString *text);

/* Answers with the fault of an error, which is logged here: as a warning if it is ours (500 and
 * above). A location set before is dropped. error: borrowed. Always false. */
bool request_answer_error(Request *request, const GError *error);
