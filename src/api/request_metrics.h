/* Requests counted by route, method and status, and how long their answers took. Counting costs a
 * few atomic additions. Private to the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"

typedef struct RequestMetrics RequestMetrics;

RequestMetrics *request_metrics_new(void);
void request_metrics_free(RequestMetrics *metrics);

/* The monotonic clock in nanoseconds. */
int64_t request_metrics_now(void);

/* Counts one answer. Any thread.
 *
 * route     NULL when none matched
 * duration  nanoseconds from the request's first line to the answer's being ready */
void request_metrics_count(RequestMetrics *metrics, const Route *route, unsigned status,
                           int64_t duration);

/* Appends steel_api_requests_total and steel_api_request_duration_seconds; a collector of
 * common/metrics.h. */
void request_metrics_write(GString *out, void *metrics);
