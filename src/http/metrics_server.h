/* A listener that serves GET /metrics (common/metrics.h) and nothing else, for a process without
 * the API, whose port has it otherwise. Nobody logs in: it answers clients on the same machine, and
 * others if [metrics]allow_remote is set at that moment.
 *
 * A scrape suspends its connection and holds no HTTP thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

typedef struct MetricsServer MetricsServer;

/* Starts to listen, and logs where.
 *
 * host    an address or a name
 * port    0: any free one
 * Errors  CONFIG (no such address), IO (the address is taken); each names [metrics] */
MetricsServer *metrics_server_start(const char *host, unsigned port,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Answers the scrapes under way, then closes and frees: before what the collectors look at is
 * freed. Blocks some seconds at most. False: a collector is stuck, and the process must end. NULL
 * is fine. */
bool metrics_server_stop(MetricsServer *server) G_GNUC_WARN_UNUSED_RESULT;
