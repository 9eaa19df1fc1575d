/* Counters and their text for Prometheus; the contract is in metrics.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/metrics.h"

#include "common/metrics_process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef enum MetricType { COUNTER, GAUGE } MetricType;

static const struct {
    const char *name;
    MetricType type;
    double divisor;
    const char *help;
} rows[METRIC_COUNT] = {
#define METRIC(code, name, type, divisor, help) [METRIC_##code] = {name, type, divisor, help},
#include "common/metrics.def"
#undef METRIC
};

/* A cache line of its own for each: that is what makes counting cheap. */
static struct {
    _Alignas(64) _Atomic uint64_t values[METRIC_COUNT];
} shards[METRIC_SHARDS];

static atomic_uint threads_seen;
static _Thread_local unsigned own_shard; /* plus 1; 0: not chosen yet */

typedef struct Collector {
    MetricsCollector collect;
    void *user_data;
} Collector;

static pthread_mutex_t collectors_lock = PTHREAD_MUTEX_INITIALIZER; /* also held while they run */
static Collector collectors[32];                                    /* guarded by collectors_lock */
static unsigned collector_count;                                    /* guarded by collectors_lock */

unsigned
metrics_shard(void)
{
    if (own_shard == 0)
        own_shard =
            atomic_fetch_add_explicit(&threads_seen, 1, memory_order_relaxed) % METRIC_SHARDS + 1;
    return own_shard - 1;
}

void
metrics_add(Metric metric, uint64_t amount)
{
    atomic_fetch_add_explicit(&shards[metrics_shard()].values[metric], amount,
                              memory_order_relaxed);
}

void
metrics_set(Metric metric, uint64_t value)
{
    atomic_store_explicit(&shards[0].values[metric], value, memory_order_relaxed);
}

uint64_t
metrics_value(Metric metric)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < METRIC_SHARDS; i++)
        sum += atomic_load_explicit(&shards[i].values[metric], memory_order_relaxed);
    return sum;
}

void
metrics_register(MetricsCollector collector, void *user_data)
{
    pthread_mutex_lock(&collectors_lock);
    g_assert(collector_count < G_N_ELEMENTS(collectors));
    collectors[collector_count++] = (Collector){collector, user_data};
    pthread_mutex_unlock(&collectors_lock);
}

void
metrics_unregister(MetricsCollector collector, void *user_data)
{
    pthread_mutex_lock(&collectors_lock);
    for (unsigned i = 0; i < collector_count; i++) {
        if (collectors[i].collect != collector || collectors[i].user_data != user_data)
            continue;
        collector_count--;
        memmove(&collectors[i], &collectors[i + 1], (collector_count - i) * sizeof collectors[0]);
        break;
    }
    pthread_mutex_unlock(&collectors_lock);
}

void
metrics_write_family(GString *out, const char *name, const char *type, const char *help)
{
    g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
append_escaped(GString *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            g_string_append_c(out, '\\');
        if (*value == '\n')
            g_string_append(out, "\\n");
        else
            g_string_append_c(out, *value);
    }
}

void
metrics_write_value(GString *out, const char *name, const char *const *labels, double value)
{
    g_string_append(out, name);
    for (size_t i = 0; labels != NULL && labels[i] != NULL; i += 2) {
        g_string_append_printf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i]);
        append_escaped(out, labels[i + 1]);
        g_string_append_c(out, '"');
    }
    if (labels != NULL && labels[0] != NULL)
        g_string_append_c(out, '}');
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    bool whole = value >= 0 && value < 1e15 && (double)(int64_t)value == value;
    if (whole)
        snprintf(text, sizeof text, "%.0f", value);
    else
        g_ascii_formatd(text, sizeof text, "%.15g", value);
    g_string_append_printf(out, " %s\n", text);
}

void
metrics_write_single(GString *out, const char *name, const char *type, const char *help,
                     double value)
{
    metrics_write_family(out, name, type, help);
    metrics_write_value(out, name, NULL, value);
}

static void
write_rows(GString *out)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        metrics_write_single(out, rows[i].name, rows[i].type == COUNTER ? "counter" : "gauge",
                             rows[i].help, (double)metrics_value((Metric)i) / rows[i].divisor);
}

void
metrics_write(GString *out)
{
    const char *const build[] = {"version", STEEL_VERSION, NULL};
    metrics_write_family(out, "steel_build_info", "gauge", "The program that runs; always 1.");
    metrics_write_value(out, "steel_build_info", build, 1);
    metrics_write_process(out);
    write_rows(out);
    pthread_mutex_lock(&collectors_lock);
    for (unsigned i = 0; i < collector_count; i++)
        collectors[i].collect(out, collectors[i].user_data);
    pthread_mutex_unlock(&collectors_lock);
}
