/* Reports of machines wait for the node's lock without polling it, and their number is bounded by
 * nodes and phases.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/boot_reports.h"
#include "conductor/transition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The conductor: jobs are kept until the test runs them; a locked node takes nothing. */
typedef struct Fixture {
    BootReports *reports;
    void (*job)(void *data);
    GQueue jobs;
    bool no_thread, locked, lock_is_given_back;
    unsigned offers;
    GString *taken;
} Fixture;

static void
take(void *user, const char *node_uuid, GQueue *reports)
{
    Fixture *fixture = user;
    fixture->offers++;
    if (fixture->lock_is_given_back) /* as a thread does that has only read the node */
        boot_reports_lock_released(fixture->reports, node_uuid);
    if (fixture->locked)
        return;
    for (PendingReport *report; (report = g_queue_pop_head(reports)) != NULL;) {
        g_string_append_printf(fixture->taken, "%s:%s:%s:%u ", node_uuid,
                               boot_phase_info(report->phase)->word,
                               report->detail != NULL ? report->detail : "", report->count);
        pending_report_free(report);
    }
}

static bool
keep_job(void *user, void (*job)(void *data), void *data)
{
    Fixture *fixture = user;
    fixture->job = job;
    if (!fixture->no_thread)
        g_queue_push_tail(&fixture->jobs, data);
    return !fixture->no_thread;
}

/* Returns how many there were. */
static unsigned
run_jobs(Fixture *fixture)
{
    unsigned count = 0;
    for (void *data; (data = g_queue_pop_head(&fixture->jobs)) != NULL; count++) {
        assert_true(count < 100); /* it polls */
        fixture->job(data);
    }
    return count;
}

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    g_queue_init(&fixture->jobs);
    fixture->taken = g_string_new(NULL);
    fixture->reports = boot_reports_new(take, keep_job, fixture);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    assert_int_equal(fixture->jobs.length, 0);
    boot_reports_free(fixture->reports);
    g_string_free(fixture->taken, TRUE);
    g_free(fixture);
    return 0;
}

static void
add(Fixture *fixture, const char *node, BootPhase phase, const char *detail, bool repeated)
{
    g_autoptr(GError) error = NULL;
    const BootReport report = {node, phase, detail, repeated};
    if (!boot_reports_add(fixture->reports, &report, &error))
        fail_msg("%s", error->message);
}

static void
a_report_is_written_down_at_once(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "a", BOOT_PHASE_SAN_HOOKED, "well", false);
    assert_int_equal(run_jobs(fixture), 1);
    assert_string_equal(fixture->taken->str, "a:san_hooked:well:1 ");
    assert_int_equal(boot_reports_count(fixture->reports), 0);
}

static void
many_requests_become_one_job_and_one_entry(void **state)
{
    Fixture *fixture = *state;
    for (int i = 0; i < 3000; i++)
        add(fixture, "a", BOOT_PHASE_SCRIPT_SERVED, NULL, false);
    assert_int_equal(fixture->jobs.length, 1);
    assert_int_equal(boot_reports_count(fixture->reports), 1);
    run_jobs(fixture);
    assert_string_equal(fixture->taken->str, "a:script_served::3000 ");
}

static void
the_newest_words_of_a_phase_win_and_phases_keep_their_order(void **state)
{
    Fixture *fixture = *state;
    fixture->locked = true;
    add(fixture, "a", BOOT_PHASE_SAN_FAILED, "first", false);
    run_jobs(fixture);
    add(fixture, "a", BOOT_PHASE_SCRIPT_SERVED, NULL, false);
    add(fixture, "a", BOOT_PHASE_SAN_FAILED, "second", false);
    fixture->locked = false;
    boot_reports_lock_released(fixture->reports, "a");
    run_jobs(fixture);
    assert_string_equal(fixture->taken->str, "a:script_served::1 a:san_failed:second:2 ");
}

static void
a_locked_node_is_asked_when_its_lock_is_given_back_and_not_before(void **state)
{
    Fixture *fixture = *state;
    fixture->locked = true;
    add(fixture, "a", BOOT_PHASE_SAN_HOOKED, NULL, false);
    run_jobs(fixture);
    assert_int_equal(fixture->offers, 1);
    boot_reports_lock_released(fixture->reports, "b");
    assert_int_equal(run_jobs(fixture), 0);
    fixture->locked = false;
    boot_reports_lock_released(fixture->reports, "a");
    assert_int_equal(run_jobs(fixture), 1);
    assert_string_equal(fixture->taken->str, "a:san_hooked::1 ");
}

static void
a_lock_that_is_given_back_while_a_job_looks_is_not_missed(void **state)
{
    Fixture *fixture = *state;
    fixture->locked = true;
    add(fixture, "a", BOOT_PHASE_SAN_HOOKED, NULL, false);
    boot_reports_lock_released(fixture->reports, "a"); /* between the submission and its end */
    fixture->job(g_queue_pop_head(&fixture->jobs));
    assert_int_equal(fixture->jobs.length, 0); /* the job ran after that */
    fixture->locked = false;
    boot_reports_tick(fixture->reports);
    run_jobs(fixture);
    assert_string_equal(fixture->taken->str, "a:san_hooked::1 ");
}

static void
the_job_s_own_lock_offers_nothing(void **state)
{
    Fixture *fixture = *state;
    fixture->locked = fixture->lock_is_given_back = true;
    add(fixture, "a", BOOT_PHASE_SAN_HOOKED, NULL, false);
    assert_int_equal(run_jobs(fixture), 1);
    fixture->locked = false;
    boot_reports_tick(fixture->reports);
    assert_int_equal(run_jobs(fixture), 1);
}

static void
repetitions_wait_for_the_tick(void **state)
{
    Fixture *fixture = *state;
    for (int i = 0; i < 1000; i++)
        add(fixture, "a", BOOT_PHASE_SCRIPT_SERVED, NULL, true);
    assert_int_equal(run_jobs(fixture), 0);
    boot_reports_tick(fixture->reports);
    assert_int_equal(run_jobs(fixture), 1);
    assert_string_equal(fixture->taken->str, "a:script_served::1000 ");
}

static void
a_report_that_no_thread_takes_waits_for_the_tick(void **state)
{
    Fixture *fixture = *state;
    fixture->no_thread = true;
    add(fixture, "a", BOOT_PHASE_SAN_HOOKED, NULL, false);
    fixture->no_thread = false;
    boot_reports_tick(fixture->reports);
    run_jobs(fixture);
    assert_string_equal(fixture->taken->str, "a:san_hooked::1 ");
}

static void
the_number_of_nodes_that_wait_is_bounded(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    unsigned taken = 0;
    for (; taken < 100000 && error == NULL; taken++) {
        char node[16];
        snprintf(node, sizeof node, "%u", taken);
        const BootReport report = {node, BOOT_PHASE_SCRIPT_SERVED, NULL, true};
        boot_reports_add(fixture->reports, &report, &error);
    }
    assert_true(steel_error_is(error, STEEL_ERROR_NO_WORKER));
    add(fixture, "7", BOOT_PHASE_SCRIPT_SERVED, NULL,
        true); /* a waiting list still takes reports */
    boot_reports_tick(fixture->reports);
    while (!g_queue_is_empty(&fixture->jobs))
        fixture->job(g_queue_pop_head(&fixture->jobs));
    assert_int_equal(boot_reports_count(fixture->reports), 0);
}

#define reports_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        reports_test(a_report_is_written_down_at_once),
        reports_test(many_requests_become_one_job_and_one_entry),
        reports_test(the_newest_words_of_a_phase_win_and_phases_keep_their_order),
        reports_test(a_locked_node_is_asked_when_its_lock_is_given_back_and_not_before),
        reports_test(a_lock_that_is_given_back_while_a_job_looks_is_not_missed),
        reports_test(the_job_s_own_lock_offers_nothing),
        reports_test(repetitions_wait_for_the_tick),
        reports_test(a_report_that_no_thread_takes_waits_for_the_tick),
        reports_test(the_number_of_nodes_that_wait_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
