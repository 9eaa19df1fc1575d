/* The reports of a booting machine move the deploy that waits for them, also while the node is
 * locked.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/periodic.h"
#include "conductor_fixture.h"

#include "db/sql.h"

static Node *
waiting_node(ConductorFixture *fixture)
{
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available", "{\"fake\": {\"deploy.deploy\": {\"wait\": true}}}");
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"active\"}");
    return conductor_fixture_await(fixture, node->uuid, "wait call-back");
}

static void
report(ConductorFixture *fixture, const char *uuid, BootPhase phase, const char *detail,
       bool repeated)
{
    g_autoptr(GError) error = NULL;
    const BootReport report = {uuid, phase, detail, repeated};
    if (!conductor_boot_report(fixture->conductor, &report, &error))
        fail_msg("%s", error->message);
}

static void
the_deploy_goes_on_when_the_volumes_are_attached(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting_node(fixture);
    report(fixture, node->uuid, BOOT_PHASE_SCRIPT_SERVED, NULL, false);
    report(fixture, node->uuid, BOOT_PHASE_SAN_HOOKED, "attempt 1", false);
    g_autoptr(Node) active = conductor_fixture_await(fixture, node->uuid, "active");
    assert_null(active->last_error);
}

static void
a_report_waits_for_the_lock_and_gets_it_when_it_is_given_back(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting_node(fixture);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    report(fixture, node->uuid, BOOT_PHASE_SAN_HOOKED, NULL, false);
    task_release(task);
    g_autoptr(Node) active = conductor_fixture_await(fixture, node->uuid, "active");
}

static void
a_machine_that_gives_up_fails_the_deploy_in_its_own_words(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting_node(fixture);
    report(fixture, node->uuid, BOOT_PHASE_GIVEN_UP, "the target refused", false);
    g_autoptr(Node) failed = conductor_fixture_await(fixture, node->uuid, "deploy failed");
    assert_non_null(strstr(failed->last_error, "gave up: the target refused"));
}

/* The phase decides, not the words of a detail. */
static void
volumes_that_cannot_be_used_fail_the_deploy_whatever_the_words_are(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting_node(fixture);
    report(fixture, node->uuid, BOOT_PHASE_SAN_FAILED, "unusable: says the machine", false);
    conductor_fixture_await_that(fixture,
                                 "EXISTS (SELECT 1 FROM timeline WHERE detail LIKE '%unusable%')");
    report(fixture, node->uuid, BOOT_PHASE_UNUSABLE, "target_iqn is missing", false);
    g_autoptr(Node) failed = conductor_fixture_await(fixture, node->uuid, "deploy failed");
    assert_non_null(strstr(failed->last_error, "target_iqn is missing"));
}

static void
repeated_requests_are_counted_in_one_row_of_the_timeline(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting_node(fixture);
    for (int i = 0; i < 50; i++) {
        report(fixture, node->uuid, BOOT_PHASE_SCRIPT_SERVED, NULL, i > 0);
        report(fixture, node->uuid, BOOT_PHASE_SCRIPT_REFUSED, "another machine", true);
    }
    conductor_fixture_await_that(fixture, "EXISTS (SELECT 1 FROM timeline WHERE phase = "
                                          "'iscsi_login' AND detail LIKE '%script 50 times; the "
                                          "script was refused 50 times: another machine')");
    conductor_fixture_await_that(fixture,
                                 "(SELECT COUNT(*) FROM timeline WHERE phase = 'iscsi_login') = 1");
}

/* The report of a ramdisk's boot script had to wait for the node's lock; meanwhile the agent called
 * and got its command. */
static void
a_report_that_comes_after_the_agent_ends_no_phase(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting_node(fixture);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    info_set_json(task->node, INFO_BOOT, json_pack("{s:s, s:s}", "mode", "ramdisk", "token", "t"));
    info_set_text(task->node, INFO_AGENT_URL, "https://192.0.2.7:9999");
    task_phase_begin(task, "deploy.write_image", NULL);
    assert_true(task_save(task, NULL));
    report(fixture, node->uuid, BOOT_PHASE_SCRIPT_SERVED, NULL, false);
    task_release(task);
    conductor_fixture_await_that(fixture, "driver_internal_info LIKE '%script_served%'");
    conductor_fixture_await_that(fixture, "EXISTS (SELECT 1 FROM timeline WHERE phase = "
                                          "'deploy.write_image' AND finished_at IS NULL)");
    conductor_fixture_await_that(
        fixture, "(SELECT COUNT(*) FROM timeline WHERE phase = 'load_ramdisk') = 0");
}

static void
a_failure_of_a_deployed_machine_is_told_in_last_error(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "active", NULL);
    report(fixture, node->uuid, BOOT_PHASE_SCRIPT_SERVED, NULL, false);
    report(fixture, node->uuid, BOOT_PHASE_SAN_FAILED, "no route", false);
    conductor_fixture_await_that(fixture, "last_error LIKE '%(san_failed): no route'");
}

/* Anybody can cause refusals. */
static void
refusals_of_a_deployed_node_are_told_once_in_a_while(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "active", NULL);
    for (int i = 0; i < 5; i++) {
        report(fixture, node->uuid, BOOT_PHASE_SCRIPT_REFUSED, "192.0.2.9: another's", true);
        boot_reports_run(fixture->conductor);
        /* A later failure is stored after it, in the next round. */
        g_autofree char *detail = g_strdup_printf("round %d", i);
        report(fixture, node->uuid, BOOT_PHASE_SAN_FAILED, detail, false);
        g_autofree char *condition = g_strdup_printf("last_error LIKE '%%%s'", detail);
        conductor_fixture_await_that(fixture, condition);
    }
    conductor_fixture_await_that(fixture, "EXISTS (SELECT 1 FROM timeline WHERE phase = "
                                          "'script_refused' AND detail LIKE '%another''s')");
    conductor_fixture_await_that(
        fixture, "(SELECT COUNT(*) FROM timeline WHERE phase = 'script_refused') = 1");
}

static void
reports_of_nodes_that_are_not_there_are_forgotten(void **state)
{
    ConductorFixture *fixture = *state;
    report(fixture, "1be26c0b-03f2-4d2e-ae87-c02d7f33c781", BOOT_PHASE_SAN_HOOKED, NULL, false);
    g_autoptr(Node) node = waiting_node(fixture);
    report(fixture, node->uuid, BOOT_PHASE_SAN_HOOKED, NULL, false);
    g_autoptr(Node) active = conductor_fixture_await(fixture, node->uuid, "active");
    assert_int_equal(boot_reports_count(fixture->conductor->reports), 0);
}

static bool
was_booted_again(ConductorFixture *fixture, const Node *node)
{
    g_autoptr(GError) error = NULL;
    const DbValue uuid = db_text(node->uuid);
    g_autoptr(GPtrArray) phases =
        db_records_where(fixture->db, &timeline_phase_resource,
                         "node_uuid = ?1 AND phase = 'boot_again'", &uuid, 1, &error);
    assert_non_null(phases);
    return phases->len > 0;
}

/* One thread handles both in their order, and locks each node that it takes. */
static void
a_new_start_boots_the_machines_that_are_waited_for_but_for_those_in_maintenance(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) left = waiting_node(fixture);
    conductor_fixture_do(fixture, RPC_SET_MAINTENANCE, left->uuid, "{\"maintenance\": true}");
    g_autoptr(Node) node = waiting_node(fixture);
    conductor_fixture_stop(fixture);
    conductor_fixture_write(fixture, "driver_internal_info", "{\"boot\": {\"token\": \"t\"}}");
    conductor_fixture_start(fixture);
    conductor_fixture_await_that(
        fixture, "EXISTS (SELECT 1 FROM timeline t WHERE t.phase = 'boot_again' AND t.node_uuid = "
                 "nodes.uuid AND nodes.maintenance = 0) AND reservation IS NULL");
    conductor_fixture_await_that(fixture, "maintenance = 1 AND reservation IS NULL");
    assert_true(was_booted_again(fixture, node));
    assert_false(was_booted_again(fixture, left));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(the_deploy_goes_on_when_the_volumes_are_attached),
        fixture_test(a_report_waits_for_the_lock_and_gets_it_when_it_is_given_back),
        fixture_test(a_machine_that_gives_up_fails_the_deploy_in_its_own_words),
        fixture_test(volumes_that_cannot_be_used_fail_the_deploy_whatever_the_words_are),
        fixture_test(repeated_requests_are_counted_in_one_row_of_the_timeline),
        fixture_test(a_report_that_comes_after_the_agent_ends_no_phase),
        fixture_test(a_failure_of_a_deployed_machine_is_told_in_last_error),
        fixture_test(refusals_of_a_deployed_node_are_told_once_in_a_while),
        fixture_test(
            a_new_start_boots_the_machines_that_are_waited_for_but_for_those_in_maintenance),
        fixture_test(reports_of_nodes_that_are_not_there_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
