/* Counters and their text for Prometheus; the contract is in metrics.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/metrics.h"

#include "common/lock.h"
#include "common/metrics_process.h"

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

/* Each shard has its own cache line: this makes counting cheap. */
static struct {
    _Alignas(64) _Atomic uint64_t values[METRIC_COUNT];
} shards[METRIC_SHARDS];

static atomic_uint threads_seen;
static _Thread_local unsigned own_shard; /* plus 1; 0: not chosen yet */

typedef struct Collector {
    MetricsCollector collect;
    void *user_data;
} Collector;

enum { COLLECTOR_LIMIT = 32 };

static Lock collectors_lock = LOCK_INITIALIZER(METRICS); /* not held while a collector runs */
static pthread_cond_t collectors_free = PTHREAD_COND_INITIALIZER;
static Collector collectors[COLLECTOR_LIMIT] GUARDED_BY(collectors_lock);
static unsigned collector_count GUARDED_BY(collectors_lock);
static bool scraping GUARDED_BY(collectors_lock);     /* a thread runs them */
static Collector running GUARDED_BY(collectors_lock); /* the running collector; none between two */

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
    lock_acquire(&collectors_lock);
    g_assert(collector_count < COLLECTOR_LIMIT);
    collectors[collector_count++] = (Collector){collector, user_data};
    lock_release(&collectors_lock);
}

static bool
is_same(const Collector *left, const Collector *right)
{
    return left->collect == right->collect && left->user_data == right->user_data;
}

static unsigned collector_index(const Collector *collector) REQUIRES(&collectors_lock);

/* Its index in the list; collector_count if absent. */
static unsigned
collector_index(const Collector *collector)
{
    unsigned place = 0;
    while (place < collector_count && !is_same(&collectors[place], collector))
        place++;
    return place;
}

void
metrics_unregister(MetricsCollector collector, void *user_data)
{
    const Collector gone = {collector, user_data};
    lock_acquire(&collectors_lock);
    unsigned place = collector_index(&gone);
    if (place < collector_count) {
        collector_count--;
        memmove(&collectors[place], &collectors[place + 1],
                (collector_count - place) * sizeof collectors[0]);
    }
    while (is_same(&running, &gone))
        lock_wait(&collectors_lock, &collectors_free);
    lock_release(&collectors_lock);
}

/* Waits for its turn, then lists the collectors. */
static unsigned
begin_scrape(Collector list[COLLECTOR_LIMIT])
{
    lock_acquire(&collectors_lock);
    while (scraping)
        lock_wait(&collectors_lock, &collectors_free);
    scraping = true;
    unsigned count = collector_count;
    memcpy(list, collectors, count * sizeof list[0]);
    lock_release(&collectors_lock);
    return count;
}

/* Notes which collector runs now; NULL: none. False: it has been unregistered meanwhile. */
static bool
set_running(const Collector *collector, bool still_scraping)
{
    static const Collector none = {NULL, NULL};
    lock_acquire(&collectors_lock);
    bool registered = collector != NULL && collector_index(collector) < collector_count;
    running = registered ? *collector : none;
    scraping = still_scraping;
    pthread_cond_broadcast(&collectors_free);
    lock_release(&collectors_lock);
    return registered;
}

static void
run_collectors(GString *out)
{
    Collector list[COLLECTOR_LIMIT];
    unsigned count = begin_scrape(list);
    for (unsigned i = 0; i < count; i++)
        if (set_running(&list[i], true))
            list[i].collect(out, list[i].user_data);
    set_running(NULL, false);
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
    run_collectors(out);
}
