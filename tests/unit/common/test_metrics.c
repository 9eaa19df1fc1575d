/* Metrics: threads lose nothing, and the output is Prometheus' text format.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/metrics.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 12, ADDITIONS = 20000 };

static void *
add_many(void *data)
{
    (void)data;
    for (int i = 0; i < ADDITIONS; i++)
        metrics_add(METRIC_DB_STATEMENTS, 2);
    return NULL;
}

static void
additions_of_more_threads_than_shards_all_count(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    uint64_t before = metrics_value(METRIC_DB_STATEMENTS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metrics_value(METRIC_DB_STATEMENTS) - before, 2 * THREADS * ADDITIONS);
}

static void *
shard_of_thread(void *data)
{
    *(unsigned *)data = metrics_shard();
    assert_int_equal(metrics_shard(), *(unsigned *)data);
    return NULL;
}

static void
a_thread_keeps_its_shard(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        unsigned shard = 99;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, shard_of_thread, &shard), 0);
        pthread_join(thread, NULL);
        assert_in_range(shard, 0, METRIC_SHARDS - 1);
    }
}

static char *
scrape(void)
{
    GString *out = g_string_new(NULL);
    metrics_write(out);
    return g_string_free(out, FALSE);
}

static void
a_gauge_shows_what_was_set_last_in_its_unit(void **state)
{
    (void)state;
    metrics_set(METRIC_POWER_SYNC_DURATION, 99999);
    metrics_set(METRIC_POWER_SYNC_DURATION, 1250);
    assert_int_equal(metrics_value(METRIC_POWER_SYNC_DURATION), 1250);
    g_autofree char *text = scrape();
    assert_non_null(strstr(text, "\nsteel_power_sync_last_sweep_duration_seconds 1.25\n"));
    assert_non_null(strstr(text, "# TYPE steel_power_sync_last_sweep_duration_seconds gauge\n"));
}

static void
values_are_written_whole_where_they_are_and_labels_escaped(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0,      "0"},
        {3,      "3"},
        {1e12,   "1000000000000"},
        {0.0005, "0.0005"},
        {-2.5,   "-2.5"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autofree char *wanted = g_strdup_printf("name %s\n", rows[i].text);
        metrics_write_value(out, "name", NULL, rows[i].value);
        assert_string_equal(out->str, wanted);
    }
    g_autoptr(GString) out = g_string_new(NULL);
    const char *const labels[] = {"route", "nodes/{node}", "odd", "a\"b\\c\nd", NULL};
    metrics_write_value(out, "name", labels, 1);
    assert_string_equal(out->str, "name{route=\"nodes/{node}\",odd=\"a\\\"b\\\\c\\nd\"} 1\n");
}

static void
collect(GString *out, void *user_data)
{
    metrics_write_single(out, user_data, "gauge", "A test's own.", 7);
}

static void
collectors_write_until_they_are_unregistered(void **state)
{
    (void)state;
    static char first[] = "test_first", second[] = "test_second";
    metrics_register(collect, first);
    metrics_register(collect, second);
    g_autofree char *both = scrape();
    assert_non_null(strstr(both, "# HELP test_first A test's own.\n# TYPE test_first gauge\n"
                                 "test_first 7\n"));
    assert_true(strstr(both, "test_second 7") > strstr(both, "test_first 7"));
    metrics_unregister(collect, first);
    metrics_unregister(collect, first); /* a second time does no harm */
    g_autofree char *one = scrape();
    assert_null(strstr(one, "test_first"));
    assert_non_null(strstr(one, "test_second"));
    metrics_unregister(collect, second);
}

/* A collector that runs until it is released. */
typedef struct Slow {
    sem_t entered, go;
    atomic_bool left;
} Slow;

static void
collect_slowly(GString *out, void *user_data)
{
    Slow *slow = user_data;
    (void)out;
    sem_post(&slow->entered);
    while (sem_wait(&slow->go) != 0)
        continue;
    atomic_store(&slow->left, true);
}

static void *
scrape_once(void *unused)
{
    g_autofree char *text = scrape();
    return unused;
}

static void *
unregister_slow(void *slow)
{
    metrics_unregister(collect_slowly, slow);
    return atomic_load(&((Slow *)slow)->left) ? slow : NULL; /* its data may be freed now */
}

static void
a_slow_collector_delays_only_its_own_removal(void **state)
{
    (void)state;
    static char other[] = "test_other";
    pthread_t scraper, unregisterer;
    Slow slow = {.left = false};
    sem_init(&slow.entered, 0, 0);
    sem_init(&slow.go, 0, 0);
    metrics_register(collect_slowly, &slow);
    assert_int_equal(pthread_create(&scraper, NULL, scrape_once, NULL), 0);
    while (sem_wait(&slow.entered) != 0)
        continue;
    metrics_register(collect, other);
    metrics_unregister(collect, other);
    assert_int_equal(pthread_create(&unregisterer, NULL, unregister_slow, &slow), 0);
    sem_post(&slow.go);
    void *waited = NULL;
    pthread_join(unregisterer, &waited);
    assert_ptr_equal(waited, &slow);
    pthread_join(scraper, NULL);
    g_autofree char *text = scrape(); /* a second reader would wait forever */
    assert_non_null(text);
    sem_destroy(&slow.entered);
    sem_destroy(&slow.go);
}

/* The value behind "\nNAME ". */
static double
value_of(const char *text, const char *name)
{
    g_autofree char *start = g_strdup_printf("\n%s ", name);
    const char *line = strstr(text, start);
    assert_non_null(line);
    return g_ascii_strtod(line + strlen(start), NULL);
}

static void
the_process_is_as_linux_says(void **state)
{
    (void)state;
    g_autofree char *text = scrape();
    double started = value_of(text, "process_start_time_seconds");
    assert_true(started <= (double)time(NULL) + 2 && started > (double)time(NULL) - 3600);
    assert_true(value_of(text, "process_resident_memory_bytes") > 100 * 1024);
    assert_true(value_of(text, "process_heap_bytes") >= 0); /* 0 where a sanitizer allocates */
    assert_true(value_of(text, "process_threads") >= 1);
    double before = value_of(text, "process_open_fds");
    int descriptors[2];
    assert_int_equal(pipe(descriptors), 0);
    g_autofree char *again = scrape();
    assert_true(value_of(again, "process_open_fds") == before + 2);
    close(descriptors[0]);
    close(descriptors[1]);
}

/* Every line is a comment or "name{labels} number", every family has its HELP and TYPE once and
 * before its lines. */
static void
what_is_written_is_the_text_format(void **state)
{
    (void)state;
    g_autofree char *text = scrape();
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    g_autoptr(GHashTable) families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (char **line = lines; *line != NULL; line++) {
        if (**line == '\0') {
            assert_null(line[1]);
            continue;
        }
        g_auto(GStrv) words = g_strsplit(*line, " ", 4);
        if (strcmp(words[0], "#") == 0) {
            assert_true(strcmp(words[1], "HELP") == 0 || strcmp(words[1], "TYPE") == 0);
            if (strcmp(words[1], "TYPE") == 0)
                assert_true(g_hash_table_add(families, g_strdup(words[2])));
            continue;
        }
        char *brace = strchr(words[0], '{'), *end = NULL;
        if (brace != NULL)
            *brace = '\0';
        assert_true(g_hash_table_contains(families, words[0]));
        g_ascii_strtod(words[1], &end);
        assert_true(end != words[1] && *end == '\0');
    }
    assert_true(g_hash_table_size(families) >= METRIC_COUNT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(additions_of_more_threads_than_shards_all_count),
        cmocka_unit_test(a_thread_keeps_its_shard),
        cmocka_unit_test(a_gauge_shows_what_was_set_last_in_its_unit),
        cmocka_unit_test(values_are_written_whole_where_they_are_and_labels_escaped),
        cmocka_unit_test(collectors_write_until_they_are_unregistered),
        cmocka_unit_test(a_slow_collector_delays_only_its_own_removal),
        cmocka_unit_test(the_process_is_as_linux_says),
        cmocka_unit_test(what_is_written_is_the_text_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
