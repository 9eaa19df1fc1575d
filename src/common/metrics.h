/* What the program counts about itself, as Prometheus reads it. Counting is one relaxed atomic
 * addition to memory that few other threads touch: any code may count, even where every nanosecond
 * matters. Only a scrape takes a lock.
 *
 * metrics.def lists what is counted. Code with other metrics (labels, values that are read at a
 * scrape) registers a collector. All functions may be called from any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdint.h>

typedef enum Metric {
#define METRIC(code, name, type, divisor, help) METRIC_##code,
#include "common/metrics.def"
#undef METRIC
    METRIC_COUNT
} Metric;

/* Counters are kept in this many places, so that threads rarely meet; readers add them up. */
enum { METRIC_SHARDS = 8 };

/* The shard of the calling thread, from 0; for code that keeps its own counters. */
unsigned metrics_shard(void);

/* Adds to a COUNTER. */
void metrics_add(Metric metric, uint64_t amount);

/* Sets a GAUGE. */
void metrics_set(Metric metric, uint64_t value);

/* The sum of a COUNTER, or the value of a GAUGE. */
uint64_t metrics_value(Metric metric);

/* Writes more metrics, by the functions below. Called during a scrape, never twice at the same
 * time; must not block for long and must not register or unregister. */
typedef void (*MetricsCollector)(GString *out, void *user_data);

/* Collectors write in the order of their registration. After metrics_unregister has returned the
 * collector is not running and will not run again; a pair that is not registered is fine. */
void metrics_register(MetricsCollector collector, void *user_data);
void metrics_unregister(MetricsCollector collector, void *user_data);

/* Appends everything in the text format of Prometheus, version 0.0.4: the rows of metrics.def, the
 * process, the build, the collectors. */
void metrics_write(GString *out);

/* ---- for collectors ---- */

/* Begins a family. type: "counter", "gauge", "histogram". */
void metrics_write_family(GString *out, const char *name, const char *type, const char *help);

/* Writes one line of a family.
 *
 * labels  name, value, name, value, ..., NULL; values are escaped here; NULL: none */
void metrics_write_value(GString *out, const char *name, const char *const *labels, double value);

/* A family of one line without labels. */
void metrics_write_single(GString *out, const char *name, const char *type, const char *help,
                          double value);
