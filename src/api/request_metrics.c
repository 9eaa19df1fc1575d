/* Counters of requests; the contract is in request_metrics.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/request_metrics.h"

#include "api/router.h"
#include "common/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The statuses of answers; one more row counts all others. */
static const unsigned statuses[] = {200, 201, 202, 204, 400, 401, 403, 404, 405,
                                    406, 409, 413, 500, 501, 502, 503, 504, 0};
/* Upper bounds in microseconds; one more place counts longer ones. */
static const uint32_t bounds[] = {250,     500,     1000,     2500,     5000,    10000,
                                  25000,   50000,   100000,   250000,   500000,  1000000,
                                  2500000, 5000000, 10000000, 30000000, 60000000};

typedef struct RouteCounts {
    _Atomic uint64_t by_status[G_N_ELEMENTS(statuses)];
    _Atomic uint64_t by_duration[G_N_ELEMENTS(bounds) + 1];
    _Atomic uint64_t duration; /* microseconds */
} RouteCounts;

struct RequestMetrics {
    size_t route_count;                 /* one more counts requests without a route */
    RouteCounts *shards[METRIC_SHARDS]; /* each route_count + 1, on pages of its own */
};

RequestMetrics *
request_metrics_new(void)
{
    RequestMetrics *metrics = g_new0(RequestMetrics, 1);
    route_table(&metrics->route_count);
    for (size_t i = 0; i < METRIC_SHARDS; i++)
        metrics->shards[i] = g_new0(RouteCounts, metrics->route_count + 1);
    return metrics;
}

void
request_metrics_free(RequestMetrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < METRIC_SHARDS; i++)
        g_free(metrics->shards[i]);
    g_free(metrics);
}

int64_t
request_metrics_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static size_t
status_place(unsigned status)
{
    size_t place = 0;
    while (place < G_N_ELEMENTS(statuses) - 1 && statuses[place] != status)
        place++;
    return place;
}

static size_t
duration_place(uint64_t microseconds)
{
    size_t place = 0;
    while (place < G_N_ELEMENTS(bounds) && microseconds > bounds[place])
        place++;
    return place;
}

static void
add(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

void
request_metrics_count(RequestMetrics *metrics, const Route *route, unsigned status,
                      int64_t duration)
{
    size_t count;
    size_t row = route != NULL ? (size_t)(route - route_table(&count)) : metrics->route_count;
    RouteCounts *counts = &metrics->shards[metrics_shard()][row];
    uint64_t microseconds = (uint64_t)duration / 1000;
    add(&counts->by_status[status_place(status)], 1);
    add(&counts->by_duration[duration_place(microseconds)], 1);
    add(&counts->duration, microseconds);
}

/* The sum of one counter over all shards; `offset` is that of the member in RouteCounts. */
static uint64_t
sum(const RequestMetrics *metrics, size_t row, size_t offset)
{
    uint64_t total = 0;
    for (size_t i = 0; i < METRIC_SHARDS; i++) {
        char *counts = (char *)&metrics->shards[i][row];
        total += atomic_load_explicit((_Atomic uint64_t *)(void *)(counts + offset),
                                      memory_order_relaxed);
    }
    return total;
}

/* The labels of a row. Paths without a route and unknown methods share one label each, since their
 * number has no limit. */
typedef struct RowName {
    char path[REQUEST_PATH_SIZE];
    const char *method;
} RowName;

static void
name_row(const RequestMetrics *metrics, size_t row, RowName *name)
{
    size_t count;
    const Route *route = row < metrics->route_count ? &route_table(&count)[row] : NULL;
    name->method = route != NULL ? http_method_name(route->method) : "(any)";
    if (route == NULL)
        g_strlcpy(name->path, "(none)", sizeof name->path);
    else if (route->flags & ROUTE_UNVERSIONED || strcmp(route->pattern, "v1") == 0)
        snprintf(name->path, sizeof name->path, "/%s", route->pattern);
    else
        snprintf(name->path, sizeof name->path, "/v1/%s", route->pattern);
}

static void
write_statuses(GString *out, const RequestMetrics *metrics, size_t row)
{
    RowName name;
    name_row(metrics, row, &name);
    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
        uint64_t total = sum(metrics, row, offsetof(RouteCounts, by_status) + i * sizeof(uint64_t));
        if (total == 0)
            continue;
        char status[16];
        snprintf(status, sizeof status, "%u", statuses[i]);
        const char *const labels[] = {"method",  name.method, "route",
                                      name.path, "status",    statuses[i] != 0 ? status : "other",
                                      NULL};
        metrics_write_value(out, "steel_api_requests_total", labels, (double)total);
    }
}

static void
write_durations(GString *out, const RequestMetrics *metrics, size_t row)
{
    RowName name;
    uint64_t below = 0, within[G_N_ELEMENTS(bounds) + 1];
    name_row(metrics, row, &name);
    for (size_t i = 0; i <= G_N_ELEMENTS(bounds); i++) {
        within[i] = sum(metrics, row, offsetof(RouteCounts, by_duration) + i * sizeof(uint64_t));
        below += within[i];
    }
    if (below == 0)
        return;
    below = 0;
    for (size_t i = 0; i <= G_N_ELEMENTS(bounds); i++) {
        char bound[G_ASCII_DTOSTR_BUF_SIZE] = "+Inf";
        if (i < G_N_ELEMENTS(bounds))
            g_ascii_formatd(bound, sizeof bound, "%g", bounds[i] / 1e6);
        const char *const labels[] = {"method", name.method, "route", name.path, "le", bound, NULL};
        below += within[i];
        metrics_write_value(out, "steel_api_request_duration_seconds_bucket", labels,
                            (double)below);
    }
    const char *const labels[] = {"method", name.method, "route", name.path, NULL};
    metrics_write_value(out, "steel_api_request_duration_seconds_sum", labels,
                        (double)sum(metrics, row, offsetof(RouteCounts, duration)) / 1e6);
    metrics_write_value(out, "steel_api_request_duration_seconds_count", labels, (double)below);
}

void
request_metrics_write(GString *out, void *data)
{
    const RequestMetrics *metrics = data;
    metrics_write_family(out, "steel_api_requests_total", "counter",
                         "Requests answered, by method, route and status.");
    for (size_t row = 0; row <= metrics->route_count; row++)
        write_statuses(out, metrics, row);
    metrics_write_family(out, "steel_api_request_duration_seconds", "histogram",
                         "From the request's first line to its answer's being ready.");
    for (size_t row = 0; row <= metrics->route_count; row++)
        write_durations(out, metrics, row);
}
