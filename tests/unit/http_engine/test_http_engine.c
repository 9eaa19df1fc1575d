/* The engine against servers that answer, are slow, break off, redirect, or are not who they say.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/guard.h"
#include "bmc/http_rests.h"
#include "common/lock.h"
#include "http_engine/engine.h"
#include "http_engine/redirect.h"
#include "scripted_bmc.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct World {
    HttpEngine *engine;
    ScriptedBmc *bmc;
} World;

static World
begin(BmcPair pair, BmcScript script, void *user_data, const HttpEngineOptions *options)
{
    g_autoptr(GError) error = NULL;
    World world = {http_engine_new(options, &error), scripted_bmc_start(pair, script, user_data)};
    assert_non_null(world.engine);
    return world;
}

static void
end(World *world)
{
    http_engine_free(world->engine);
    if (world->bmc != NULL)
        scripted_bmc_stop(world->bmc);
}

static bool
ask(World *world, HttpRequest request, const char *path, HttpResponse *response, GError **error)
{
    g_autofree char *url = g_strconcat(scripted_bmc_url(world->bmc), path, NULL);
    request.url = url;
    return http_engine_call(world->engine, &request, response, error);
}

static HttpRequest
trusting(const World *world)
{
    return (HttpRequest){.ca_file = scripted_bmc_ca(world->bmc), .timeout_ms = 30000};
}

static void
echo(void *user_data, const BmcAsked *asked, BmcTold *told)
{
    (void)user_data;
    static char text[256];
    g_snprintf(text, sizeof text, "%s %s %s", asked->method, asked->path, asked->body);
    told->body = text;
}

static void
method_body_and_answer_pass(void **state)
{
    (void)state;
    World world = begin(BMC_TRUSTED, echo, NULL, NULL);
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) error = NULL;
    HttpRequest request = trusting(&world);
    request.method = "PATCH";
    request.body = "{\"a\":1}";
    request.body_size = 7;
    assert_true(ask(&world, request, "/x", &response, &error));
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, "PATCH /x {\"a\":1}");
    assert_string_equal(http_response_header(&response, "content-type"), "application/json");
    end(&world);
}

static void
connections_are_used_again(void **state)
{
    (void)state;
    World world = begin(BMC_TRUSTED, echo, NULL, NULL);
    HttpEngineStats stats;
    for (int i = 0; i < 5; i++) {
        g_auto(HttpResponse) response = {0};
        assert_true(ask(&world, trusting(&world), "/x", &response, NULL));
    }
    http_engine_stats(world.engine, &stats);
    assert_int_equal(stats.calls, 5);
    assert_int_equal(stats.connections, 1);
    end(&world);
}

/* More of them than the engine has parts. */
static void
many_servers_keep_a_connection_each(void **state)
{
    (void)state;
    enum { SERVERS = 40, ROUNDS = 3 };
    HttpEngineStats stats;
    World worlds[SERVERS] = {begin(BMC_TRUSTED, echo, NULL, NULL)};
    for (size_t i = 1; i < SERVERS; i++)
        worlds[i] = (World){worlds[0].engine, scripted_bmc_start(BMC_TRUSTED, echo, NULL)};
    for (size_t i = 0; i < (size_t)SERVERS * ROUNDS; i++) {
        World *world = &worlds[i % SERVERS];
        g_auto(HttpResponse) response = {0};
        assert_true(ask(world, trusting(world), "/x", &response, NULL));
    }
    http_engine_stats(worlds[0].engine, &stats);
    assert_int_equal(stats.connections, SERVERS);
    end(&worlds[0]);
    for (size_t i = 1; i < SERVERS; i++)
        scripted_bmc_stop(worlds[i].bmc);
}

static bool
allowed_if_set(void *user)
{
    return *(const bool *)user;
}

/* Over a new connection as over one that is used again. */
static void
what_may_not_be_sent_any_more_stays_here(void **state)
{
    (void)state;
    static const bool turns[] = {false, true, false};
    World world = begin(BMC_TRUSTED, echo, NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(turns); i++) {
        bool allowed = turns[i];
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) error = NULL;
        HttpRequest request = trusting(&world);
        request.may_send = allowed_if_set;
        request.may_send_user = &allowed;
        assert_int_equal(ask(&world, request, "/x", &response, &error), allowed);
        assert_int_equal(steel_error_is(error, STEEL_ERROR_LEASE_LOST), !allowed);
        assert_int_equal(scripted_bmc_count(world.bmc), i > 0 ? 1 : 0);
    }
    end(&world);
}

/* Who is trusted, and how: by file, by the system, not at all. */
static void
certificates_are_checked(void **state)
{
    (void)state;
    static const struct {
        BmcPair pair;
        bool own_file, insecure, works;
    } rows[] = {
        {BMC_TRUSTED,    true,  false, true},
        {BMC_TRUSTED,    false, false, false},
        {BMC_TRUSTED,    false, true,  true},
        {BMC_OTHER_NAME, true,  false, false},
        {BMC_OTHER_NAME, false, true,  true},
        {BMC_EXPIRED,    true,  false, false},
        {BMC_EXPIRED,    false, true,  true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        World world = begin(rows[i].pair, echo, NULL, NULL);
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) error = NULL;
        HttpRequest request = {.timeout_ms = 30000, .insecure = rows[i].insecure};
        if (rows[i].own_file)
            request.ca_file = scripted_bmc_ca(world.bmc);
        assert_int_equal(ask(&world, request, "/x", &response, &error), rows[i].works);
        if (!rows[i].works)
            assert_true(steel_error_is(error, STEEL_ERROR_BMC_AUTH));
        end(&world);
    }
}

static void
broken(void *user_data, const BmcAsked *asked, BmcTold *told)
{
    (void)asked;
    *told = *(const BmcTold *)user_data;
}

static void
broken_answers_are_errors_by_kind(void **state)
{
    (void)state;
    static const struct {
        BmcTold told;
        size_t body_limit;
        SteelErrorCode code;
        const char *words;
    } rows[] = {
        {{.body = "{\"half\":", .cut = true}, 0, STEEL_ERROR_BMC_PROTOCOL, "/x: "},
        {{.body = "0123456789", .repeat = 100}, 999, STEEL_ERROR_BMC_PROTOCOL, "larger than 999"},
        {{.silent = true}, 0, STEEL_ERROR_BMC_UNREACHABLE, "/x: "},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        BmcTold told = rows[i].told;
        World world = begin(BMC_TRUSTED, broken, &told, NULL);
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) error = NULL;
        HttpRequest request = trusting(&world);
        request.body_limit = rows[i].body_limit;
        request.timeout_ms = told.silent ? 300 : 30000;
        assert_false(ask(&world, request, "/x?secret=1", &response, &error));
        assert_true(steel_error_is(error, rows[i].code));
        assert_non_null(strstr(error->message, rows[i].words));
        assert_null(strstr(error->message, "secret"));
        end(&world);
    }
}

/* ---- redirects ---- */

static void
redirecting(void *user_data, const BmcAsked *asked, BmcTold *told)
{
    const BmcTold *first = user_data;
    if (strcmp(asked->path, "/from") == 0)
        *told = *first;
    else
        echo(NULL, asked, told);
}

static void
redirects_stay_on_the_host(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *method, *location, *body; /* body NULL: an error */
        int answered;
    } rows[] = {
        {308, "POST",  "/to",                    "POST /to b",  200},
        {307, "PATCH", "/to",                    "PATCH /to b", 200},
        {301, "GET",   "to",                     "GET /to b",   200},
        {302, "GET",   "/to",                    "GET /to b",   200},
        {302, "POST",  "/to",                    "",            302},
        {303, "POST",  "/to",                    "",            303},
        {308, "GET",   "/from",                  NULL,          0},
        {308, "GET",   "https://192.0.2.1/to",   NULL,          0},
        {308, "GET",   "file:///etc/passwd",     NULL,          0},
        {308, "GET",   "//192.0.2.1:99/to",      NULL,          0},
        {308, "GET",   "https://127.0.0.1:1/to", NULL,          0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        BmcTold first = {.status = rows[i].status, .headers = {"Location", rows[i].location}};
        World world = begin(BMC_TRUSTED, redirecting, &first, NULL);
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) error = NULL;
        HttpRequest request = trusting(&world);
        request.method = rows[i].method;
        request.body = "b";
        request.body_size = 1;
        request.redirect_limit = 4;
        bool answered = ask(&world, request, "/from", &response, &error);
        assert_int_equal(answered, rows[i].body != NULL);
        if (answered) {
            assert_int_equal(response.status, rows[i].answered);
            assert_string_equal(response.body, rows[i].body);
        } else {
            assert_true(steel_error_is(error, STEEL_ERROR_BMC_PROTOCOL));
        }
        end(&world);
    }
}

static void
redirects_upgrade_to_https_only(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        const char *target; /* NULL: refused */
    } rows[] = {
        {"http://bmc/redfish",  "https://bmc/redfish/v1/",    "https://bmc/redfish/v1/"},
        {"http://bmc:80/a",     "https://BMC:443/b",          "https://BMC:443/b"},
        {"https://bmc/a",       "http://bmc/b",               NULL},
        {"http://bmc:8000/a",   "https://bmc/b",              NULL},
        {"https://bmc/a",       "https://bmc.evil.example/b", NULL},
        {"https://bmc/a",       "https://user:word@bmc/b",    "https://bmc/b"},
        {"https://bmc/a",       "https://bmc@evil.example/b", NULL},
        {"https://bmc/a/b",     "../c?d#e",                   "https://bmc/c?d"},
        {"https://[fe80::1]/a", "/b",                         "https://[fe80::1]/b"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *target = http_redirect_target(rows[i].from, rows[i].to, &error);
        if (rows[i].target == NULL)
            assert_true(steel_error_is(error, STEEL_ERROR_BMC_PROTOCOL));
        else
            assert_string_equal(target, rows[i].target);
    }
}

/* ---- turns and rests ---- */

typedef struct Count {
    Lock lock;
    pthread_cond_t changed;
    unsigned good, bad;
} Count;

static void
counted(void *user_data, HttpResponse *response, const GError *error)
{
    (void)error;
    Count *count = user_data;
    lock_acquire(&count->lock);
    if (response != NULL)
        count->good++;
    else
        count->bad++;
    pthread_cond_broadcast(&count->changed);
    lock_release(&count->lock);
}

static void
count_init(Count *count)
{
    *count = (Count){.good = 0};
    lock_init(&count->lock, LOCK_RANK_HTTP_CALL);
    pthread_cond_init(&count->changed, NULL);
}

static void
wait_for(Count *count, unsigned good, unsigned bad)
{
    lock_acquire(&count->lock);
    while (count->good < good || count->bad < bad)
        lock_wait(&count->lock, &count->changed);
    lock_release(&count->lock);
}

/* Silent BMCs hold all the places that they may have, and the others are answered nevertheless. */
static void
a_silent_bmc_delays_no_other(void **state)
{
    (void)state;
    BmcTold silent = {.silent = true};
    World slow = begin(BMC_TRUSTED, broken, &silent, NULL);
    ScriptedBmc *quick = scripted_bmc_start(BMC_TRUSTED, echo, NULL);
    Count slow_ones, quick_ones;
    count_init(&slow_ones);
    count_init(&quick_ones);
    const HttpRequest to_slow = {.url = scripted_bmc_url(slow.bmc), .insecure = true};
    const HttpRequest to_quick = {.url = scripted_bmc_url(quick), .insecure = true};
    for (int i = 0; i < 20; i++)
        http_engine_submit(slow.engine, &to_slow, counted, &slow_ones);
    for (int i = 0; i < 20; i++)
        http_engine_submit(slow.engine, &to_quick, counted, &quick_ones);
    wait_for(&quick_ones, 20, 0);
    assert_int_equal(slow_ones.good, 0);
    assert_true(scripted_bmc_count(slow.bmc) <= 2);
    http_engine_free(slow.engine);
    assert_int_equal(slow_ones.bad, 20); /* cancelled */
    scripted_bmc_stop(slow.bmc);
    scripted_bmc_stop(quick);
}

/* The engine's one place is taken by a silent BMC: that says nothing of the other one. */
static void
a_bmc_that_was_not_asked_is_not_blamed(void **state)
{
    (void)state;
    BmcTold silent = {.silent = true};
    const HttpEngineOptions options = {.total = 1};
    World world = begin(BMC_TRUSTED, broken, &silent, &options);
    ScriptedBmc *other = scripted_bmc_start(BMC_TRUSTED, echo, NULL);
    Count count;
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) error = NULL;
    count_init(&count);
    const HttpRequest first = {.url = scripted_bmc_url(world.bmc), .insecure = true};
    const HttpRequest second = {.url = scripted_bmc_url(other), .insecure = true, .timeout_ms = 50};
    http_engine_submit(world.engine, &first, counted, &count);
    assert_false(http_engine_call(world.engine, &second, &response, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NO_WORKER));
    assert_int_equal(scripted_bmc_count(other), 0);
    end(&world);
    assert_int_equal(count.bad, 1);
    scripted_bmc_stop(other);
}

static void
wait_for_running(HttpEngine *engine, uint64_t count)
{
    HttpEngineStats stats = {0};
    while (stats.running < count) {
        sched_yield();
        http_engine_stats(engine, &stats);
    }
}

/* It has three of the four places, the others go first, and its deadline does not run yet. */
static void
the_background_waits_for_the_others(void **state)
{
    (void)state;
    BmcTold silent = {.silent = true};
    const HttpEngineOptions options = {.total = 4, .per_host = 4};
    World world = begin(BMC_TRUSTED, broken, &silent, &options);
    ScriptedBmc *other = scripted_bmc_start(BMC_TRUSTED, echo, NULL);
    Count held, later;
    g_autoptr(GError) error = NULL;
    count_init(&held);
    count_init(&later);
    HttpRequest endless = {.url = scripted_bmc_url(world.bmc), .insecure = true};
    HttpRequest brief = {.url = scripted_bmc_url(other), .insecure = true};
    endless.background = brief.background = true;
    brief.timeout_ms = 1;
    for (int i = 0; i < 3; i++)
        http_engine_submit(world.engine, &endless, counted, &held);
    wait_for_running(world.engine, 3);
    http_engine_submit(world.engine, &brief, counted, &later);
    endless.background = brief.background = false;
    brief.timeout_ms = 0;
    for (int i = 0; i < 3; i++) {
        g_auto(HttpResponse) response = {0};
        assert_true(http_engine_call(world.engine, &brief, &response, NULL));
    }
    http_engine_submit(world.engine, &endless, counted, &held);
    g_auto(HttpResponse) none = {0};
    brief.timeout_ms = 50;
    assert_false(http_engine_call(world.engine, &brief, &none, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NO_WORKER));
    wait_for(&later, 0, 0);
    assert_int_equal(later.good + later.bad, 0);
    assert_int_equal(scripted_bmc_count(other), 3);
    end(&world);
    assert_int_equal(later.bad, 1);
    assert_int_equal(held.bad, 4);
    scripted_bmc_stop(other);
}

static void
too_many_calls_for_one_bmc_are_refused(void **state)
{
    (void)state;
    BmcTold silent = {.silent = true};
    const HttpEngineOptions options = {.host_queue = 3, .per_host = 1};
    World world = begin(BMC_TRUSTED, broken, &silent, &options);
    Count count;
    count_init(&count);
    const HttpRequest request = {.url = scripted_bmc_url(world.bmc), .insecure = true};
    for (int i = 0; i < 10; i++)
        http_engine_submit(world.engine, &request, counted, &count);
    wait_for(&count, 0, 6);
    end(&world);
    assert_int_equal(count.bad, 10);
}

/* Nobody listens on the port of a server that was stopped. */
static void
a_dead_bmc_is_left_alone_and_asked_again(void **state)
{
    (void)state;
    const BmcGuardOptions rests = {.failures = 2, .rest_ms = 60000, .rest_limit_ms = 60000};
    BmcGuard *guard = bmc_guard_new(&rests);
    const HttpEngineOptions options = {.rests = &bmc_http_rests, .rests_self = guard};
    World world = begin(BMC_TRUSTED, echo, NULL, &options);
    g_autofree char *url = g_strdup(scripted_bmc_url(world.bmc));
    scripted_bmc_stop(g_steal_pointer(&world.bmc));
    const HttpRequest request = {.url = url, .insecure = true, .timeout_ms = 30000};
    HttpEngineStats stats;
    for (int i = 0; i < 5; i++) {
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) error = NULL;
        assert_false(http_engine_call(world.engine, &request, &response, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_BMC_UNREACHABLE));
        assert_int_equal(strstr(error->message, "left alone") != NULL, i >= 2);
    }
    http_engine_stats(world.engine, &stats);
    assert_int_equal(stats.refused, 3);
    end(&world);
    bmc_guard_free(guard);
}

/* Fails until it has been asked three times. */
static void
coming_back(void *user_data, const BmcAsked *asked, BmcTold *told)
{
    (void)user_data;
    told->silent = asked->count <= 3;
    told->body = "back";
}

static void
a_bmc_that_comes_back_serves_everybody(void **state)
{
    (void)state;
    const BmcGuardOptions rests = {.failures = 1, .rest_ms = 1, .rest_limit_ms = 1};
    BmcGuard *guard = bmc_guard_new(&rests);
    const HttpEngineOptions options = {.rests = &bmc_http_rests, .rests_self = guard};
    World world = begin(BMC_TRUSTED, coming_back, NULL, &options);
    HttpRequest request = trusting(&world);
    bool back = false;
    for (int i = 0; i < 1000 && !back; i++) {
        g_auto(HttpResponse) response = {0};
        request.timeout_ms = scripted_bmc_count(world.bmc) < 3 ? 200 : 30000;
        back = ask(&world, request, "/x", &response, NULL);
    }
    assert_true(back);
    Count count;
    count_init(&count);
    request.url = scripted_bmc_url(world.bmc);
    request.timeout_ms = 30000;
    for (int i = 0; i < 10; i++)
        http_engine_submit(world.engine, &request, counted, &count);
    wait_for(&count, 10, 0);
    end(&world);
    bmc_guard_free(guard);
}

static void
what_is_no_url_is_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "bmc", "ftp://bmc/x", "https://", "file:///etc/passwd"};
    World world = begin(BMC_TRUSTED, echo, NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        const HttpRequest request = {.url = urls[i]};
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) error = NULL;
        assert_false(http_engine_call(world.engine, &request, &response, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    }
    end(&world);
}

/* ---- tasks ---- */

typedef struct Tasks {
    HttpEngine *engine;
    Count count;
} Tasks;

static void
task_ran(void *user_data, bool stopping)
{
    Tasks *tasks = user_data;
    assert_true(http_engine_on_thread(tasks->engine));
    lock_acquire(&tasks->count.lock);
    if (stopping)
        tasks->count.bad++;
    else
        tasks->count.good++;
    pthread_cond_broadcast(&tasks->count.changed);
    lock_release(&tasks->count.lock);
}

static void
tasks_run_on_the_engine_or_learn_of_the_end(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    Tasks tasks = {.engine = http_engine_new(NULL, &error)};
    count_init(&tasks.count);
    http_engine_run(tasks.engine, 0, task_ran, &tasks);
    http_engine_run(tasks.engine, 5, task_ran, &tasks);
    http_engine_run(tasks.engine, 3600 * 1000, task_ran, &tasks);
    wait_for(&tasks.count, 2, 0);
    http_engine_free(tasks.engine);
    assert_int_equal(tasks.count.good, 2);
    assert_int_equal(tasks.count.bad, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(method_body_and_answer_pass),
        cmocka_unit_test(connections_are_used_again),
        cmocka_unit_test(many_servers_keep_a_connection_each),
        cmocka_unit_test(what_may_not_be_sent_any_more_stays_here),
        cmocka_unit_test(certificates_are_checked),
        cmocka_unit_test(broken_answers_are_errors_by_kind),
        cmocka_unit_test(redirects_stay_on_the_host),
        cmocka_unit_test(redirects_upgrade_to_https_only),
        cmocka_unit_test(a_silent_bmc_delays_no_other),
        cmocka_unit_test(a_bmc_that_was_not_asked_is_not_blamed),
        cmocka_unit_test(the_background_waits_for_the_others),
        cmocka_unit_test(too_many_calls_for_one_bmc_are_refused),
        cmocka_unit_test(a_dead_bmc_is_left_alone_and_asked_again),
        cmocka_unit_test(a_bmc_that_comes_back_serves_everybody),
        cmocka_unit_test(what_is_no_url_is_refused),
        cmocka_unit_test(tasks_run_on_the_engine_or_learn_of_the_end),
    };
    return cmocka_run_group_tests_name("http_engine", tests, NULL, NULL);
}
