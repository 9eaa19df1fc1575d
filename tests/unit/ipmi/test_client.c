/* The client's engine against the simulated BMC server over real sockets: every verb, every fault,
 * many at once.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <time.h>

#include "bmc/ipmi/bmc/server.h"
#include "bmc/ipmi/client/client_pace.h"
#include "bmc/ipmi/client/commands.h"
#include "common/due_heap.h"
#include "common/error.h"

static const IpmiBmcUser users[] = {
    {"admin", "secret-admin", IPMI_PRIVILEGE_ADMINISTRATOR},
};

typedef struct Fixture {
    IpmiServer *server;
    IpmiClient *client;
    IpmiBmc *bmc;
    IpmiTarget target;
} Fixture;

static IpmiTarget
target_of(const IpmiBmc *bmc, const char *address)
{
    return (IpmiTarget){.address = address,
                        .port = ipmi_bmc_port(bmc),
                        .username = "admin",
                        .password = "secret-admin",
                        .cipher_suite = -1,
                        .retransmit_ms = 100,
                        .deadline_ms = 30000};
}

static IpmiBmc *
add_bmc(IpmiServer *server, const char *address)
{
    g_autoptr(GError) error = NULL;
    IpmiBmc *bmc = ipmi_server_add(server, address, 0, users, 1, NULL, NULL, &error);
    if (bmc == NULL)
        fail_msg("%s", error->message);
    return bmc;
}

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->server = ipmi_server_new(NULL);
    fixture->client = ipmi_client_new(NULL, NULL);
    assert_non_null(fixture->server);
    assert_non_null(fixture->client);
    fixture->bmc = add_bmc(fixture->server, "127.0.0.1");
    fixture->target = target_of(fixture->bmc, "127.0.0.1");
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    ipmi_client_free(fixture->client);
    ipmi_server_free(fixture->server);
    g_free(fixture);
    return 0;
}

static void
assert_ok(bool ok, GError **error)
{
    if (!ok)
        fail_msg("%s", (*error)->message);
}

static void
power(Fixture *fixture, IpmiChassisControl control)
{
    g_autoptr(GError) error = NULL;
    assert_ok(ipmi_chassis_control(fixture->client, &fixture->target, control, &error), &error);
}

static bool
is_on(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    bool on = false;
    assert_ok(ipmi_get_power(fixture->client, &fixture->target, &on, &error), &error);
    return on;
}

static void
every_verb_works_with_both_suites(void **state)
{
    static const int suites[] = {3, 17};
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        fixture->target.cipher_suite = suites[i];
        assert_false(is_on(fixture));
        power(fixture, IPMI_CHASSIS_ON);
        assert_true(is_on(fixture));
        power(fixture, IPMI_CHASSIS_CYCLE);
        power(fixture, IPMI_CHASSIS_RESET);
        power(fixture, IPMI_CHASSIS_DIAG);
        assert_true(is_on(fixture));
        power(fixture, IPMI_CHASSIS_SOFT);
        assert_false(is_on(fixture));
        power(fixture, IPMI_CHASSIS_ON);
        power(fixture, IPMI_CHASSIS_OFF);
        assert_false(is_on(fixture));

        const IpmiBootRequest boot = {
            .device = IPMI_BOOT_PXE, .persistent = i == 0, .efi = true, .disable_timeout = true};
        IpmiBootFlags flags;
        IpmiDeviceId id;
        assert_ok(ipmi_set_boot_device(fixture->client, &fixture->target, &boot, &error), &error);
        assert_ok(ipmi_get_boot_device(fixture->client, &fixture->target, &flags, &error), &error);
        assert_true(flags.valid && flags.efi);
        assert_int_equal(flags.persistent, i == 0);
        assert_int_equal(flags.device, IPMI_BOOT_PXE);

        ipmi_bmc_set_identity(fixture->bmc, 10876, 0x96f);
        assert_ok(ipmi_get_device_id(fixture->client, &fixture->target, &id, &error), &error);
        assert_int_equal(id.manufacturer, 10876);
        assert_int_equal(id.product, 0x96f);

        IpmiRequest raw;
        IpmiResponse response;
        assert_true(ipmi_parse_raw("0x06 0x04", &raw, &error));
        assert_ok(ipmi_raw(fixture->client, &fixture->target, &raw, &response, &error), &error);
        assert_int_equal(response.data[0], 0x55);

        assert_ok(ipmi_bmc_warm_reset(fixture->client, &fixture->target, &error), &error);
        assert_ok(ipmi_bmc_cold_reset(fixture->client, &fixture->target, &error), &error);
    }
}

static void
ipv6_and_names_work(void **state)
{
    static const char *const ways[] = {"::1", "[::1]"};
    Fixture *fixture = *state;
    IpmiBmc *bmc = add_bmc(fixture->server, "::1");
    ipmi_bmc_set_power(bmc, true);
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        fixture->target = target_of(bmc, ways[i]);
        assert_true(is_on(fixture));
    }
    /* The BMC listens on one of the addresses of "localhost"; whichever comes first, it is
     * found. */
    fixture->target = target_of(fixture->bmc, "localhost");
    ipmi_bmc_set_power(fixture->bmc, true);
    assert_true(is_on(fixture));
}

static void
assert_fails(Fixture *fixture, SteelErrorCode code, const char *words)
{
    g_autoptr(GError) error = NULL;
    bool on;
    assert_false(ipmi_get_power(fixture->client, &fixture->target, &on, &error));
    if (!steel_error_is(error, code) || strstr(error->message, words) == NULL)
        fail_msg("unexpected error %d: %s", error->code, error->message);
}

static void
what_is_wrong_is_said(void **state)
{
    Fixture *fixture = *state;
    const IpmiTarget good = fixture->target;
    fixture->target.password = "wrong";
    assert_fails(fixture, STEEL_ERROR_BMC_AUTH, "check user name and password");
    fixture->target = good;
    fixture->target.username = "root";
    assert_fails(fixture, STEEL_ERROR_BMC_AUTH, "check the user name");
    fixture->target = good;
    fixture->target.address = "no-such-host.invalid";
    assert_fails(fixture, STEEL_ERROR_BMC_UNREACHABLE, "no-such-host.invalid does not resolve");
    fixture->target.address = NULL;
    assert_fails(fixture, STEEL_ERROR_INVALID, "no address");
    fixture->target = good;
    fixture->target.cipher_suite = 17;
    const IpmiBmcFaults old = {.only_suite = 3};
    ipmi_bmc_set_faults(fixture->bmc, &old);
    assert_fails(fixture, STEEL_ERROR_UNSUPPORTED, "refuses cipher suite 17");
    fixture->target = good;
    assert_false(is_on(fixture));
    fixture->target.deadline_ms = 700;
    const IpmiBmcFaults dead = {.dead = true};
    ipmi_bmc_set_faults(fixture->bmc, &dead);
    assert_fails(fixture, STEEL_ERROR_BMC_UNREACHABLE, "within 0.7 s");
    fixture->target.deadline_ms = 3000; /* these answer, be it late */
    const IpmiBmcFaults garbage = {.garbage = true};
    ipmi_bmc_set_faults(fixture->bmc, &garbage);
    assert_fails(fixture, STEEL_ERROR_BMC_PROTOCOL, "none is IPMI");
    const IpmiBmcFaults busy = {.busy = true};
    ipmi_bmc_set_faults(fixture->bmc, &busy);
    assert_fails(fixture, STEEL_ERROR_BMC_BUSY, "still busy");
}

static void
a_bad_wire_is_only_slower(void **state)
{
    /* A latency of 250 ms is longer than the client waits before it repeats. */
    static const struct {
        unsigned loss_per_mille, duplicate_per_mille, latency_ms;
        bool noise;
    } cases[] = {
        {100, 0,   0,   false},
        {0,   500, 0,   false},
        {0,   0,   0,   true},
        {0,   0,   250, false},
        {100, 100, 30,  true},
    };
    Fixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        IpmiBmcStats before, after;
        const IpmiBmcFaults faults = {
            .loss_per_mille = cases[i].loss_per_mille,
            .duplicate_per_mille = cases[i].duplicate_per_mille,
            .latency_ms = cases[i].latency_ms,
            .noise = cases[i].noise,
        };
        ipmi_bmc_set_faults(fixture->bmc, &faults);
        ipmi_bmc_stats(fixture->bmc, &before);
        power(fixture, IPMI_CHASSIS_ON);
        assert_true(is_on(fixture));
        power(fixture, IPMI_CHASSIS_OFF);
        assert_false(is_on(fixture));
        ipmi_bmc_stats(fixture->bmc, &after);
        /* Four times privilege, verb and close, each done once; a close may be lost, or come
         * late. */
        assert_in_range(after.commands - before.commands, 8, 13);
    }
}

/* ---- many at once ---- */

typedef struct Count {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned ok, cancelled, failed;
    unsigned order[64];
    unsigned order_count;
} Count;

typedef struct Ticket {
    Count *count;
    unsigned number;
} Ticket;

static Count *
count_new(void)
{
    Count *count = g_new0(Count, 1);
    pthread_mutex_init(&count->lock, NULL);
    pthread_cond_init(&count->changed, NULL);
    return count;
}

static void
count_free(Count *count)
{
    pthread_cond_destroy(&count->changed);
    pthread_mutex_destroy(&count->lock);
    g_free(count);
}

static void
count_one(void *user_data, bool on, const GError *error)
{
    g_autofree Ticket *ticket = user_data;
    Count *count = ticket->count;
    (void)on;
    pthread_mutex_lock(&count->lock);
    if (error == NULL)
        count->ok++;
    else if (steel_error_is(error, STEEL_ERROR_CANCELLED))
        count->cancelled++;
    else
        count->failed++;
    if (count->order_count < G_N_ELEMENTS(count->order))
        count->order[count->order_count++] = ticket->number;
    pthread_cond_signal(&count->changed);
    pthread_mutex_unlock(&count->lock);
}

static void
ask_async(Fixture *fixture, const IpmiTarget *target, Count *count, unsigned number)
{
    Ticket *ticket = g_new0(Ticket, 1);
    *ticket = (Ticket){count, number};
    ipmi_get_power_async(fixture->client, target, count_one, ticket);
}

/* Waits, a minute at most, until so many are done. */
static void
wait_for(Count *count, unsigned done)
{
    struct timespec limit;
    int status = 0;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 60;
    pthread_mutex_lock(&count->lock);
    while (count->ok + count->failed + count->cancelled < done && status == 0)
        status = pthread_cond_timedwait(&count->changed, &count->lock, &limit);
    pthread_mutex_unlock(&count->lock);
    assert_int_equal(status, 0);
}

static void
the_dead_do_not_delay_the_living(void **state)
{
    enum { BMCS = 60, DEAD = 20 };
    Fixture *fixture = *state;
    Count *count = count_new();
    const IpmiBmcFaults dead = {.dead = true};
    for (unsigned i = 0; i < BMCS; i++) {
        IpmiBmc *bmc = add_bmc(fixture->server, "127.0.0.1");
        IpmiTarget target = target_of(bmc, "127.0.0.1");
        if (i % 3 == 0)
            ipmi_bmc_set_faults(bmc, &dead);
        target.deadline_ms = 600000; /* the dead stay to the end of the test */
        target.retransmit_ms = 1000;
        ask_async(fixture, &target, count, i);
    }
    wait_for(count, BMCS - DEAD);
    assert_int_equal(count->ok, BMCS - DEAD);
    /* Freeing cancels what is left, each exactly once, before it returns. */
    ipmi_client_free(fixture->client);
    fixture->client = NULL;
    assert_int_equal(count->cancelled, DEAD);
    assert_int_equal(count->ok + count->failed, BMCS - DEAD);
    count_free(count);
}

/* Two paced submissions for one place: the first to a BMC that is dead, the second to another. */
static void
ask_paced(Fixture *fixture, Count *count, unsigned retransmit_ms, const IpmiBmc *living)
{
    const IpmiBmcFaults dead = {.dead = true};
    IpmiTarget second = target_of(living, "127.0.0.1");
    ipmi_bmc_set_faults(fixture->bmc, &dead);
    ipmi_client_pace(fixture->client, 1);
    fixture->target.paced = second.paced = true;
    fixture->target.deadline_ms = 600000;
    fixture->target.retransmit_ms = retransmit_ms;
    ask_async(fixture, &fixture->target, count, 0);
    ask_async(fixture, &second, count, 1);
}

static void
paced_submissions_wait_for_a_place_and_others_do_not(void **state)
{
    Fixture *fixture = *state;
    Count *count = count_new();
    IpmiBmcStats stats;
    IpmiBmc *held = add_bmc(fixture->server, "127.0.0.1"), *other;
    other = add_bmc(fixture->server, "127.0.0.1");
    ask_paced(fixture, count, 300000, held); /* it is not repeated in this test */
    fixture->target = target_of(other, "127.0.0.1");
    assert_false(is_on(fixture));
    ipmi_bmc_stats(held, &stats);
    assert_int_equal(stats.datagrams_received, 0);
    ipmi_client_free(g_steal_pointer(&fixture->client));
    assert_int_equal(count->cancelled, 2);
    count_free(count);
}

static void
a_silent_bmc_gives_its_place_up(void **state)
{
    Fixture *fixture = *state;
    Count *count = count_new();
    ask_paced(fixture, count, 50, add_bmc(fixture->server, "127.0.0.1"));
    wait_for(count, 1);
    assert_int_equal(count->order[0], 1);
    assert_int_equal(count->ok, 1);
    ipmi_client_free(g_steal_pointer(&fixture->client));
    assert_int_equal(count->cancelled, 1);
    count_free(count);
}

/* Asks so many BMCs once, as the power sync does; a third of the datagrams that go to and fro get
 * lost. */
static void
ask_many_paced(Fixture *fixture, unsigned bmcs)
{
    Count *count = count_new();
    g_autoptr(GPtrArray) asked = g_ptr_array_new();
    const IpmiBmcFaults lossy = {.loss_per_mille = 200};
    for (unsigned i = 0; i < bmcs; i++) {
        IpmiBmc *bmc = add_bmc(fixture->server, "127.0.0.1");
        IpmiTarget target = target_of(bmc, "127.0.0.1");
        ipmi_bmc_set_faults(bmc, &lossy);
        target.paced = true;
        g_ptr_array_add(asked, bmc);
        ask_async(fixture, &target, count, i);
    }
    wait_for(count, bmcs);
    for (guint i = 0; i < asked->len; i++)
        ipmi_server_remove(fixture->server, asked->pdata[i]);
    count_free(count);
}

static unsigned
places_of(Fixture *fixture)
{
    IpmiClientStats stats;
    ipmi_client_stats(fixture->client, &stats);
    return stats.places;
}

static void
a_wire_that_loses_much_is_asked_more_slowly(void **state)
{
    Fixture *fixture = *state;
    uint64_t limit_ms = due_now_ms() + 60000;
    assert_int_equal(places_of(fixture), 2048);
    while (places_of(fixture) == 2048 && due_now_ms() < limit_ms)
        ask_many_paced(fixture, 100);
    assert_true(places_of(fixture) < 2048);
}

/* A BMC that is asked as the power sync does, and repeats of it after so long. */
static IpmiTarget
paced_target(Fixture *fixture, const IpmiBmcFaults *faults, unsigned retransmit_ms)
{
    IpmiBmc *bmc = add_bmc(fixture->server, "127.0.0.1");
    IpmiTarget target = target_of(bmc, "127.0.0.1");
    ipmi_bmc_set_faults(bmc, faults);
    target.paced = true;
    target.deadline_ms = 600000;
    target.retransmit_ms = retransmit_ms;
    return target;
}

/* The dead are repeated again and again, those that answer never are. */
static void
the_dead_are_no_loss(void **state)
{
    enum { DEAD = 100, LIVING = 4, WINDOWS = 2 };
    Fixture *fixture = *state;
    Count *count = count_new();
    const IpmiBmcFaults dead = {.dead = true}, slow = {.latency_ms = 10};
    IpmiTarget living[LIVING];
    unsigned asked = 0;
    for (unsigned i = 0; i < LIVING; i++)
        living[i] = paced_target(fixture, &slow, 300000);
    for (unsigned i = 0; i < DEAD; i++) {
        const IpmiTarget target = paced_target(fixture, &dead, 1);
        ask_async(fixture, &target, count, i);
    }
    uint64_t end_ms = due_now_ms() + (uint64_t)WINDOWS * IPMI_PACE_WINDOW_MS;
    while (due_now_ms() < end_ms) {
        for (unsigned i = 0; i < LIVING; i++)
            ask_async(fixture, &living[i], count, i);
        wait_for(count, asked += LIVING);
    }
    assert_int_equal(count->ok, asked);
    assert_int_equal(places_of(fixture), 2048);
    ipmi_client_free(g_steal_pointer(&fixture->client));
    count_free(count);
}

static void
one_bmc_is_asked_in_order_through_one_session_at_a_time(void **state)
{
    enum { ASKED = 20 };
    Fixture *fixture = *state;
    Count *count = count_new();
    ipmi_bmc_set_session_limits(fixture->bmc, 60000, 1); /* a second session would be refused */
    for (unsigned i = 0; i < ASKED; i++)
        ask_async(fixture, &fixture->target, count, i);
    wait_for(count, ASKED);
    assert_int_equal(count->ok, ASKED);
    for (unsigned i = 0; i < ASKED; i++)
        assert_int_equal(count->order[i], i);
    count_free(count);
}

static void
submissions_to_one_bmc_keep_their_distance(void **state)
{
    Fixture *fixture = *state;
    Count *count = count_new();
    fixture->target.min_command_interval_ms = 300;
    uint64_t start_ms = due_now_ms();
    for (unsigned i = 0; i < 3; i++)
        ask_async(fixture, &fixture->target, count, i);
    wait_for(count, 3);
    assert_true(due_now_ms() - start_ms >= 600);
    assert_int_equal(count->ok, 3);
    count_free(count);
}

static void
waiting_submissions_are_cancelled_too(void **state)
{
    Fixture *fixture = *state;
    Count *count = count_new();
    const IpmiBmcFaults dead = {.dead = true};
    IpmiTarget unresolved = fixture->target;
    unresolved.address = "still-no-such-host.invalid";
    ipmi_bmc_set_faults(fixture->bmc, &dead);
    for (unsigned i = 0; i < 5; i++)
        ask_async(fixture, &fixture->target, count, i);
    ask_async(fixture, &unresolved, count, 5);
    ipmi_client_free(fixture->client);
    fixture->client = NULL;
    assert_int_equal(count->ok, 0);
    assert_int_equal(count->cancelled + count->failed, 6);
    assert_true(count->cancelled >= 5);
    count_free(count);
}

static void *
call_many_times(void *data)
{
    Fixture *fixture = data;
    for (int i = 0; i < 30; i++)
        is_on(fixture);
    return NULL;
}

/* Many nodes with one BMC address by mistake must not keep a worker each forever. */
static void
who_waits_too_long_behind_others_is_told_so(void **state)
{
    Fixture *fixture = *state;
    Count *count = count_new();
    const IpmiBmcFaults dead = {.dead = true};
    bool on = false;
    g_autoptr(GError) error = NULL;
    ipmi_bmc_set_faults(fixture->bmc, &dead);
    fixture->target.deadline_ms = 600000;
    ask_async(fixture, &fixture->target, count, 0); /* holds the BMC to the end of the test */
    fixture->target.deadline_ms = 50;
    assert_false(ipmi_get_power(fixture->client, &fixture->target, &on, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_BMC_BUSY));
    assert_non_null(strstr(error->message, "same BMC address"));
    ipmi_client_free(fixture->client);
    fixture->client = NULL;
    assert_int_equal(count->cancelled, 1);
    count_free(count);
}

static void
threads_may_share_a_client(void **state)
{
    Fixture *fixture = *state;
    pthread_t threads[4];
    Fixture copies[G_N_ELEMENTS(threads)];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        copies[i] = *fixture;
        copies[i].target = target_of(add_bmc(fixture->server, "127.0.0.1"), "127.0.0.1");
        assert_int_equal(pthread_create(&threads[i], NULL, call_many_times, &copies[i]), 0);
    }
    call_many_times(fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    IpmiClientStats stats;
    ipmi_client_stats(fixture->client, &stats);
    assert_int_equal(stats.submissions, 150);
    assert_int_equal(stats.failures, 0);
}

static void
blocked_call(void *user_data, const IpmiResponse *responses, size_t count, const GError *error)
{
    Fixture *fixture = user_data;
    (void)responses;
    (void)count;
    (void)error;
    g_autoptr(GError) refused = NULL;
    bool on;
    /* Would wait for itself forever. */
    if (!ipmi_get_power(fixture->client, &fixture->target, &on, &refused) &&
        steel_error_is(refused, STEEL_ERROR_INTERNAL))
        fixture->target.port = 1;
}

static void
a_blocking_call_from_a_callback_is_refused(void **state)
{
    Fixture *fixture = *state;
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    ipmi_client_submit(fixture->client, &fixture->target, &request, 1, blocked_call, fixture);
    ipmi_client_free(fixture->client); /* waits for the callback */
    fixture->client = NULL;
    assert_int_equal(fixture->target.port, 1);
}

static void
a_bmc_can_be_removed_while_it_is_asked(void **state)
{
    Fixture *fixture = *state;
    Count *count = count_new();
    const IpmiBmcFaults slow = {.latency_ms = 20};
    for (unsigned i = 0; i < 10; i++) {
        IpmiBmc *bmc = add_bmc(fixture->server, "127.0.0.1");
        IpmiTarget target = target_of(bmc, "127.0.0.1");
        ipmi_bmc_set_faults(bmc, &slow);
        target.deadline_ms = 3000;
        ask_async(fixture, &target, count, i);
        if (i % 2 == 0)
            ipmi_server_remove(fixture->server, bmc);
    }
    wait_for(count, 10);
    assert_int_equal(count->ok, 5);
    assert_int_equal(count->failed, 5);
    count_free(count);
}

static void
an_address_can_be_taken_once(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    assert_null(ipmi_server_add(fixture->server, "127.0.0.1", ipmi_bmc_port(fixture->bmc), users, 1,
                                NULL, NULL, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
    g_clear_error(&error);
    assert_null(ipmi_server_add(fixture->server, "bmc.example", 0, users, 1, NULL, NULL, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
}

/* A client that minds what is known against BMCs. */
static void
guard_the_client(Fixture *fixture, BmcGuard *guard)
{
    ipmi_client_free(fixture->client);
    fixture->client = ipmi_client_new(guard, NULL);
    assert_non_null(fixture->client);
}

static void
assert_refusal(Fixture *fixture, SteelErrorCode code, const char *words)
{
    g_autoptr(GError) error = NULL;
    bool on;
    assert_false(ipmi_get_power(fixture->client, &fixture->target, &on, &error));
    assert_true(steel_error_is(error, code));
    if (strstr(error->message, words) == NULL)
        fail_msg("%s", error->message);
}

/* How many logins the BMC has refused, and how many were not sent. */
static void
assert_logins(BmcGuard *guard, uint64_t refused, uint64_t held)
{
    BmcGuardStats stats;
    bmc_guard_stats(guard, &stats);
    assert_int_equal(stats.refused, refused);
    assert_int_equal(stats.held, held);
}

static void
a_dead_bmc_is_left_alone_until_it_is_absolved(void **state)
{
    Fixture *fixture = *state;
    const BmcGuardOptions options = {.failures = 1, .rest_ms = 600000, .rest_limit_ms = 600000};
    BmcGuard *guard = bmc_guard_new(&options);
    const IpmiBmcFaults dead = {.dead = true}, none = {0};
    guard_the_client(fixture, guard);
    fixture->target.deadline_ms = 1500;
    ipmi_bmc_set_faults(fixture->bmc, &dead);
    assert_refusal(fixture, STEEL_ERROR_BMC_UNREACHABLE, "no answer");
    ipmi_bmc_set_faults(fixture->bmc, &none);
    assert_refusal(fixture, STEEL_ERROR_BMC_UNREACHABLE, "is left alone for another");
    ipmi_client_absolve(fixture->client, &fixture->target);
    fixture->target.deadline_ms = 30000;
    assert_false(is_on(fixture));
    ipmi_client_free(g_steal_pointer(&fixture->client));
    bmc_guard_free(guard);
}

static void
a_refused_login_is_not_sent_again(void **state)
{
    Fixture *fixture = *state;
    BmcGuard *guard = bmc_guard_new(NULL);
    guard_the_client(fixture, guard);
    fixture->target.password = "wrong-one";
    assert_refusal(fixture, STEEL_ERROR_BMC_AUTH, "password");
    assert_refusal(fixture, STEEL_ERROR_BMC_AUTH, "are not sent again");
    assert_logins(guard, 1, 1);
    fixture->target.password = "secret-admin"; /* other credentials are tried at once */
    assert_false(is_on(fixture));
    fixture->target.password = "wrong-one";
    ipmi_client_absolve(fixture->client, &fixture->target);
    assert_refusal(fixture, STEEL_ERROR_BMC_AUTH, "password");
    assert_logins(guard, 2, 1);
    ipmi_client_free(g_steal_pointer(&fixture->client));
    bmc_guard_free(guard);
}

#define with_bmc(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bmc(every_verb_works_with_both_suites),
        with_bmc(ipv6_and_names_work),
        with_bmc(what_is_wrong_is_said),
        with_bmc(a_bad_wire_is_only_slower),
        with_bmc(the_dead_do_not_delay_the_living),
        with_bmc(paced_submissions_wait_for_a_place_and_others_do_not),
        with_bmc(a_silent_bmc_gives_its_place_up),
        with_bmc(a_wire_that_loses_much_is_asked_more_slowly),
        with_bmc(the_dead_are_no_loss),
        with_bmc(one_bmc_is_asked_in_order_through_one_session_at_a_time),
        with_bmc(submissions_to_one_bmc_keep_their_distance),
        with_bmc(waiting_submissions_are_cancelled_too),
        with_bmc(who_waits_too_long_behind_others_is_told_so),
        with_bmc(threads_may_share_a_client),
        with_bmc(a_blocking_call_from_a_callback_is_refused),
        with_bmc(a_bmc_can_be_removed_while_it_is_asked),
        with_bmc(an_address_can_be_taken_once),
        with_bmc(a_dead_bmc_is_left_alone_until_it_is_absolved),
        with_bmc(a_refused_login_is_not_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
