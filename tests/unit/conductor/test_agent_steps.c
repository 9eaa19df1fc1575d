/* Steps that an agent drives: its calls move a deploy, a cleaning, a rescue and an inspection in
 * the same way; the agent's own steps run among those of the drivers; each failure of an agent ends
 * in a sentence. The agent is the fake one, which calls whenever the node waits.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/transition.h"
#include "conductor_fixture.h"

#include "common/time_text.h"
#include "db/nodes.h"
#include "db/sql.h"
#include "db/timeline.h"

#include <time.h>

#define HEARTBEAT                                                                                  \
    "{\"callback_url\": \"http://192.0.2.7:9999\", \"agent_version\": \"9\", \"agent_token\": "    \
    "\"%s\"}"
#define ACTIVE "{\"target\": \"active\"}"
#define PROVIDE "{\"target\": \"provide\"}"
#define INSPECT "{\"target\": \"inspect\"}"
#define RESCUE "{\"target\": \"rescue\", \"rescue_password\": \"p\"}"
#define ABORT "{\"target\": \"abort\"}"

enum { LIMIT_MS = 60000 };

static bool
is_waiting(const Node *node)
{
    return node->reservation == NULL &&
           state_info(state_from_wire(node->provision_state))->flags & STATE_IS_WAITING;
}

/* The agent of a node that waits looks itself up if it has no token, and calls. The call may be
 * refused, if the machine has rebooted or the work has moved on since the node was read. */
static void
call_once(ConductorFixture *fixture, const Node *node)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *token = g_strdup(info_text(node, INFO_AGENT_SECRET_TOKEN));
    if (token == NULL) {
        json_t *answer =
            conductor_fixture_call(fixture, RPC_GET_AGENT_TOKEN, node->uuid, "{}", NULL);
        token = g_strdup(json_string_member(answer, "agent_token"));
        json_decref(answer);
    }
    g_autofree char *arguments = g_strdup_printf(HEARTBEAT, token != NULL ? token : "");
    json_decref(conductor_fixture_call(fixture, RPC_HEARTBEAT, node->uuid, arguments, &error));
}

/* The agent calls whenever the node waits, until the node is in this state; the caller frees. */
static Node *
drive(ConductorFixture *fixture, const char *uuid, const char *end)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    int64_t limit = time_monotonic_ms() + LIMIT_MS;
    for (;;) {
        Node *node = conductor_fixture_load(fixture, uuid);
        if (node->reservation == NULL && strcmp(node->provision_state, end) == 0)
            return node;
        if (time_monotonic_ms() > limit)
            fail_msg("the node is in %s, not %s: %s", node->provision_state, end, node->last_error);
        if (is_waiting(node))
            call_once(fixture, node);
        node_free(node);
        nanosleep(&pause, NULL); /* between two looks, not instead of one */
    }
}

/* The phases of the node's timeline, in their order, with spaces. */
static void
phases_are(ConductorFixture *fixture, const char *uuid, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    const DbValue value = db_text(uuid);
    g_autoptr(GPtrArray) phases = db_records_where(fixture->db, &timeline_phase_resource,
                                                   "node_uuid = ?1 ORDER BY id", &value, 1, &error);
    if (phases == NULL)
        fail_msg("%s", error->message);
    for (guint i = 0; i < phases->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
                               ((const TimelinePhase *)phases->pdata[i])->phase);
    assert_string_equal(text->str, expected);
}

static void
begin(ConductorFixture *fixture, const Node *node, const char *verb)
{
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, verb);
}

/* An automated cleaning of a node whose agent has these steps and this version. */
static Node *
cleaned(ConductorFixture *fixture, const char *agent, const char *end)
{
    g_autofree char *info = g_strdup_printf(
        "{\"fake\": {\"deploy.prepare_cleaning\": {\"wait\": true}, \"agent\": %s}}", agent);
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", info);
    begin(fixture, node, PROVIDE);
    return drive(fixture, node->uuid, end);
}

static int
cleaning_setup(void **state)
{
    /* the last call may be worked off, under the node's lock, when a test goes on */
    static const char *const settings[] = {"conductor.automated_clean=true",
                                           "conductor.node_locked_retry_attempts=60", NULL};
    *state = conductor_fixture_new(settings);
    return 0;
}

static void
its_calls_move_every_kind_of_work(void **state)
{
    static const struct {
        const char *from, *orders, *verb, *end;
    } rows[] = {
        {"available",
         "\"deploy.deploy\": {\"wait\": true}, \"deploy.deploy.resume\": {\"wait\": 2}", ACTIVE,
         "active"},
        {"manageable", "\"deploy.erase_devices\": {\"wait\": true}", PROVIDE, "available"},
        {"active",
         "\"rescue.rescue\": {\"wait\": true}, \"rescue.rescue.resume\": {\"wait\": 1, \"again\": "
         "1, \"again_ms\": 1}",
         RESCUE, "rescue"},
        {"manageable",
         "\"inspect.inspect\": {\"wait\": true}, \"inspect.inspect.resume\": {\"wait\": 1}",
         INSPECT, "manageable"},
    };
    ConductorFixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *info = g_strdup_printf("{\"fake\": {%s}}", rows[i].orders);
        g_autoptr(Node) node = conductor_fixture_node(fixture, rows[i].from, info);
        begin(fixture, node, rows[i].verb);
        if (strcmp(rows[i].verb, INSPECT) == 0)
            node_free(drive(fixture, node->uuid, "inspect wait"));
        g_autoptr(Node) after = drive(fixture, node->uuid, rows[i].end);
        assert_null(after->last_error);
    }
}

/* deploy.erase_devices (10) and erase_devices_metadata (99) are the driver's own: they win over the
 * agent's of that name. A step is skipped if its interface does not work with the agent. */
static void
its_steps_stand_among_the_drivers_by_priority_and_interface(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = cleaned(
        fixture,
        "{\"clean\": [{\"interface\": \"deploy\", \"step\": \"burn_in\", \"priority\": 50},"
        " {\"interface\": \"raid\", \"step\": \"scrub\", \"priority\": 50, \"running\": 2},"
        " {\"interface\": \"deploy\", \"step\": \"later\", \"priority\": 5},"
        " {\"interface\": \"deploy\", \"step\": \"never\", \"priority\": 0},"
        " {\"interface\": \"deploy\", \"step\": \"erase_devices\", \"priority\": 77, \"fail\": "
        "\"the agent's own was run\"},"
        " {\"interface\": \"bios\", \"step\": \"shine\", \"priority\": 60, \"fail\": \"not "
        "mine\"}]}",
        "available");
    phases_are(fixture, node->uuid,
               "prepare deploy.erase_devices_metadata deploy.burn_in raid.scrub "
               "deploy.erase_devices deploy.later");
}

static void
a_deploy_takes_its_steps_in_when_it_has_booted(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available",
        "{\"fake\": {\"deploy.deploy\": {\"wait\": true}, \"agent\": {\"deploy\": ["
        "{\"interface\": \"deploy\", \"step\": \"write_image\", \"priority\": 80, \"running\": 1},"
        "{\"interface\": \"deploy\", \"step\": \"too_late\", \"priority\": 120},"
        "{\"interface\": \"raid\", \"step\": \"apply\", \"priority\": 0, \"argsinfo\": {\"level\": "
        "{\"description\": \"d\", \"required\": true}}}]}}}");
    begin(fixture, node,
          "{\"target\": \"active\", \"deploy_steps\": [{\"interface\": \"raid\", \"step\": "
          "\"apply\", \"priority\": 90, \"args\": {\"level\": 1}}]}");
    g_autoptr(Node) after = drive(fixture, node->uuid, "active");
    phases_are(fixture, node->uuid, "prepare deploy.deploy raid.apply deploy.write_image");
}

/* The requested steps are checked once the agent has listed its own. */
static void
a_requested_step_that_it_does_not_have_ends_the_work(void **state)
{
    static const struct {
        const char *request, *part;
    } rows[] = {
        {"{\"interface\": \"deploy\", \"step\": \"unheard_of\", \"priority\": 10}",
         "has no deploy step deploy.unheard_of"},
        {"{\"interface\": \"deploy\", \"step\": \"write\", \"priority\": 10, \"args\": {\"x\": 1}}",
         "no argument x"},
    };
    ConductorFixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Node) node = conductor_fixture_node(
            fixture, "available",
            "{\"fake\": {\"deploy.deploy\": {\"wait\": true}, \"agent\": {\"deploy\": ["
            "{\"interface\": \"deploy\", \"step\": \"write\", \"priority\": 80}]}}}");
        g_autofree char *verb =
            g_strdup_printf("{\"target\": \"active\", \"deploy_steps\": [%s]}", rows[i].request);
        begin(fixture, node, verb);
        g_autoptr(Node) after = drive(fixture, node->uuid, "deploy failed");
        assert_non_null(strstr(after->last_error, rows[i].part));
    }
}

/* A plan whose steps all ran without an agent lacks the steps that only an agent has. */
static void
a_requested_step_that_no_agent_came_for_ends_the_work(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node =
        conductor_fixture_node(fixture, "available", "{\"fake\": {\"agent\": {\"deploy\": []}}}");
    begin(fixture, node,
          "{\"target\": \"active\", \"deploy_steps\": [{\"interface\": \"deploy\", \"step\": "
          "\"write\", \"priority\": 10}]}");
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "deploy failed");
    assert_non_null(strstr(after->last_error, "no agent has called"));
    assert_non_null(strstr(after->last_error, "no deploy step deploy.write"));
}

static void
a_cleaning_without_ramdisk_asks_no_agent(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "manageable",
        "{\"fake\": {\"agent\": {\"clean\": [{\"interface\": \"deploy\", \"step\": \"burn_in\", "
        "\"priority\": 50}]}}}");
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid,
                              "{\"target\": \"clean\", \"disable_ramdisk\": true, \"clean_steps\": "
                              "[{\"interface\": \"deploy\", \"step\": \"burn_in\"}]}",
                              STEEL_ERROR_INVALID, "no clean step deploy.burn_in");
}

static void
it_is_rebooted_for_a_step_that_asks_for_it(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node =
        cleaned(fixture,
                "{\"clean\": [{\"interface\": \"deploy\", \"step\": \"update\", \"priority\": 50, "
                "\"reboot_requested\": true},"
                " {\"interface\": \"deploy\", \"step\": \"after\", \"priority\": 40}]}",
                "available");
    phases_are(fixture, node->uuid,
               "prepare deploy.erase_devices_metadata deploy.update deploy.after "
               "deploy.erase_devices");
    json_t *event = NULL;
    unsigned reboots = 0;
    while ((event = conductor_fixture_event(fixture, "baremetal.node.power_set.end")) != NULL) {
        reboots++;
        json_decref(event);
    }
    assert_int_equal(reboots, 1);
}

static void
what_goes_wrong_ends_in_a_sentence(void **state)
{
    static const struct {
        const char *step, *part;
    } rows[] = {
        {"\"fail\": \"no disk to erase\"",
         "clean step deploy.burn_in: the agent reports: no disk to erase"},
        {"\"vanish\": true",
         "clean step deploy.burn_in: the agent was started again in the middle"},
    };
    ConductorFixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *agent = g_strdup_printf("{\"clean\": [{\"interface\": \"deploy\", "
                                                 "\"step\": \"burn_in\", \"priority\": 50, %s}]}",
                                                 rows[i].step);
        g_autoptr(Node) node = cleaned(fixture, agent, "clean failed");
        if (strstr(node->last_error, rows[i].part) == NULL)
            fail_msg("'%s' does not say '%s'", node->last_error, rows[i].part);
        assert_true(node->maintenance);
        assert_false(info_has(node, INFO_CLEAN_STEPS));
    }
}

/* An answer that is no list of steps ends the work before a step runs. */
static void
a_list_that_is_none_is_refused(void **state)
{
    static const char *const lists[] = {
        "[{\"step\": \"x\", \"priority\": 1}]", "[{\"interface\": \"deploy\", \"priority\": 1}]",
        "[{\"interface\": \"deploy\", \"step\": \"x\"}]",
        "[{\"interface\": \"deploy\", \"step\": \"x\", \"priority\": -1}]", "[5]"};
    ConductorFixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *agent = g_strdup_printf("{\"clean\": %s}", lists[i]);
        g_autoptr(Node) node = cleaned(fixture, agent, "clean failed");
        if (strstr(node->last_error, "without interface, step or priority") == NULL)
            fail_msg("%s: %s", lists[i], node->last_error);
        assert_false(node->maintenance); /* no step had begun */
    }
}

/* If the agent is busy in any of its requests, its next call repeats the request. */
static void
an_agent_that_is_busy_is_asked_again_when_it_calls(void **state)
{
    static const char *const calls[] = {"agent.get_steps", "agent.execute", "agent.last_command"};
    ConductorFixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_autofree char *info = g_strdup_printf(
            "{\"fake\": {\"deploy.prepare_cleaning\": {\"wait\": true}, \"%s\": {\"fail\": "
            "\"BMC_BUSY\", \"times\": 2}, \"agent\": {\"clean\": [{\"interface\": \"deploy\", "
            "\"step\": \"burn_in\", \"priority\": 50}]}}}",
            calls[i]);
        g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", info);
        begin(fixture, node, PROVIDE);
        g_autoptr(Node) after = drive(fixture, node->uuid, "available");
        phases_are(fixture, node->uuid,
                   "prepare deploy.erase_devices_metadata deploy.burn_in deploy.erase_devices");
    }
}

/* The first of the agent's steps waits; then the agent has another version. */
static Node *
wait_in(ConductorFixture *fixture, const Node *node, const char *step)
{
    g_autofree char *condition =
        g_strdup_printf("uuid = '%s' AND clean_step LIKE '%%%s%%' AND reservation IS NULL AND "
                        "provision_state = 'clean wait' AND driver_internal_info LIKE "
                        "'%%step_sent%%'",
                        node->uuid, step);
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    int64_t limit = time_monotonic_ms() + LIMIT_MS;
    for (;;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) found =
            db_records_where(fixture->db, &node_resource, condition, NULL, 0, &error);
        if (found == NULL)
            fail_msg("%s", error->message);
        if (found->len > 0)
            return node_copy(found->pdata[0]);
        g_autoptr(Node) now = conductor_fixture_load(fixture, node->uuid);
        if (time_monotonic_ms() > limit)
            fail_msg("%s: %s", now->provision_state, now->last_error);
        if (is_waiting(now))
            call_once(fixture, now);
        nanosleep(&pause, NULL); /* between two looks, not instead of one */
    }
}

static void
set_driver_info(ConductorFixture *fixture, const char *text)
{
    conductor_fixture_write(fixture, "driver_info", text);
}

static const char old_agent[] =
    "{\"fake\": {\"deploy.prepare_cleaning\": {\"wait\": true}, \"agent\": {\"version\": \"1\", "
    "\"clean\": [{\"interface\": \"deploy\", \"step\": \"first\", \"priority\": 150},"
    " {\"interface\": \"deploy\", \"step\": \"second\", \"priority\": 140, \"running\": "
    "1000000}]}}}";
static const char new_agent[] =
    "{\"fake\": {\"agent\": {\"version\": \"2\", \"clean\": [{\"interface\": \"deploy\", \"step\": "
    "\"first\", \"priority\": 150}, {\"interface\": \"deploy\", \"step\": \"second\", "
    "\"priority\": 140}]}}}";

/* The machine is rebooted by hand into another ramdisk: its agent refuses the next step. */
static void
change_agent(ConductorFixture *fixture, const Node *node)
{
    g_autoptr(GError) error = NULL;
    set_driver_info(fixture, new_agent);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    info_remove(task->node, INFO_STEP_SENT);
    info_remove(task->node, INFO_COMMAND_BEFORE);
    assert_true(task_save(task, &error));
    task_release(task);
}

static void
an_automated_cleaning_begins_again_for_an_agent_of_another_version(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", old_agent);
    begin(fixture, node, PROVIDE);
    g_autoptr(Node) waiting = wait_in(fixture, node, "second");
    change_agent(fixture, waiting);
    g_autoptr(Node) after = drive(fixture, node->uuid, "available");
    phases_are(fixture, node->uuid,
               "prepare deploy.first deploy.second deploy.first deploy.second "
               "deploy.erase_devices_metadata deploy.erase_devices");
}

static void
a_manual_cleaning_repeats_its_step_for_an_agent_of_another_version(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", old_agent);
    begin(fixture, node,
          "{\"target\": \"clean\", \"clean_steps\": [{\"interface\": \"deploy\", \"step\": "
          "\"first\"}, {\"interface\": \"deploy\", \"step\": \"second\"}]}");
    g_autoptr(Node) waiting = wait_in(fixture, node, "second");
    change_agent(fixture, waiting);
    g_autoptr(Node) after = drive(fixture, node->uuid, "manageable");
    phases_are(fixture, node->uuid, "prepare deploy.first deploy.second deploy.second");
}

static void
restarts_have_an_end(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available", "{\"fake\": {\"deploy.deploy\": {\"restart\": 1000000}}}");
    begin(fixture, node, ACTIVE);
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "deploy failed");
    assert_non_null(strstr(after->last_error, "other steps than before 5 times"));
}

static void
a_call_gives_the_wait_its_time_again(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available",
        "{\"fake\": {\"deploy.deploy\": {\"wait\": true, \"wait_timeout_s\": 3600},"
        " \"deploy.deploy.resume\": {\"wait\": true, \"wait_timeout_s\": 360000}}}");
    begin(fixture, node, ACTIVE);
    g_autoptr(Node) first = conductor_fixture_await(fixture, node->uuid, "wait call-back");
    call_once(fixture, first);
    g_autofree char *later = g_strdup_printf("wait_deadline_ms > %" G_GINT64_FORMAT,
                                             first->wait_deadline_ms + 100000 * 1000);
    conductor_fixture_await_that(fixture, later);
}

static void
a_call_that_meets_a_lock_is_heard_when_the_lock_is_free(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available", "{\"fake\": {\"deploy.deploy\": {\"wait\": true}}}");
    begin(fixture, node, ACTIVE);
    node_free(conductor_fixture_await(fixture, node->uuid, "wait call-back"));
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    info_set_text(task->node, INFO_AGENT_SECRET_TOKEN, "t");
    assert_true(task_save(task, &error));
    call_once(fixture, task->node);
    task_release(task);
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "active");
    assert_null(after->last_error);
}

static void
a_node_in_maintenance_is_left_alone(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available", "{\"fake\": {\"deploy.deploy\": {\"wait\": true}}}");
    begin(fixture, node, ACTIVE);
    node_free(conductor_fixture_await(fixture, node->uuid, "wait call-back"));
    conductor_fixture_do(fixture, RPC_SET_MAINTENANCE, node->uuid, "{\"maintenance\": true}");
    g_autoptr(Node) waiting = conductor_fixture_load(fixture, node->uuid);
    call_once(fixture, waiting);
    assert_int_equal(wakes_count(fixture->conductor->wakes), 0);
    conductor_fixture_do(fixture, RPC_SET_MAINTENANCE, node->uuid, "{\"maintenance\": false}");
    node_free(drive(fixture, node->uuid, "active"));
}

static void
the_work_of_a_node_in_maintenance_ends_where_that_is_wanted(void **state)
{
    static const char *const settings[] = {"conductor.allow_provisioning_in_maintenance=false",
                                           NULL};
    (void)state;
    ConductorFixture *fixture = conductor_fixture_new(settings);
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available", "{\"fake\": {\"deploy.deploy\": {\"wait\": true}}}");
    begin(fixture, node, ACTIVE);
    node_free(conductor_fixture_await(fixture, node->uuid, "wait call-back"));
    conductor_fixture_do(fixture, RPC_SET_MAINTENANCE, node->uuid, "{\"maintenance\": true}");
    g_autoptr(Node) after = drive(fixture, node->uuid, "deploy failed");
    assert_non_null(strstr(after->last_error, "maintenance"));
    conductor_fixture_free(fixture);
}

#define UNABORTABLE(more)                                                                          \
    "{\"fake\": {\"deploy.prepare_cleaning\": {\"wait\": true}, \"agent\": {\"clean\": ["          \
    "{\"interface\": \"deploy\", \"step\": \"firmware\", \"priority\": 150, \"running\": 3}" more  \
    "]}}}"

/* The request is kept where clients do not see it, and takes effect after the step. */
static void
an_abort_waits_for_a_step_that_may_not_be_interrupted(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", UNABORTABLE(""));
    begin(fixture, node, PROVIDE);
    g_autoptr(Node) waiting = wait_in(fixture, node, "firmware");
    begin(fixture, node, ABORT);
    g_autoptr(Node) marked = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(marked->provision_state, "clean wait");
    assert_true(info_true(marked, INFO_ABORT_AFTER));
    assert_null(json_object_get(marked->clean_step, "abort_after"));
    g_autoptr(Node) after = drive(fixture, node->uuid, "clean failed");
    assert_non_null(strstr(after->last_error, "aborted after its step ended"));
    assert_false(after->maintenance);
    phases_are(fixture, node->uuid, "prepare deploy.firmware");
}

static void
an_abort_comes_too_late_for_the_last_step(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", UNABORTABLE(""));
    begin(fixture, node,
          "{\"target\": \"clean\", \"clean_steps\": [{\"interface\": \"deploy\", \"step\": "
          "\"firmware\"}]}");
    g_autoptr(Node) waiting = wait_in(fixture, node, "firmware");
    begin(fixture, node, ABORT);
    g_autoptr(Node) after = drive(fixture, node->uuid, "manageable");
    assert_null(after->last_error);
}

#define agent_test(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, cleaning_setup, conductor_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        agent_test(its_calls_move_every_kind_of_work),
        agent_test(its_steps_stand_among_the_drivers_by_priority_and_interface),
        agent_test(a_deploy_takes_its_steps_in_when_it_has_booted),
        agent_test(a_requested_step_that_it_does_not_have_ends_the_work),
        agent_test(a_requested_step_that_no_agent_came_for_ends_the_work),
        agent_test(a_cleaning_without_ramdisk_asks_no_agent),
        agent_test(it_is_rebooted_for_a_step_that_asks_for_it),
        agent_test(what_goes_wrong_ends_in_a_sentence),
        agent_test(a_list_that_is_none_is_refused),
        agent_test(an_agent_that_is_busy_is_asked_again_when_it_calls),
        agent_test(an_automated_cleaning_begins_again_for_an_agent_of_another_version),
        agent_test(a_manual_cleaning_repeats_its_step_for_an_agent_of_another_version),
        agent_test(restarts_have_an_end),
        agent_test(a_call_gives_the_wait_its_time_again),
        agent_test(a_call_that_meets_a_lock_is_heard_when_the_lock_is_free),
        agent_test(a_node_in_maintenance_is_left_alone),
        cmocka_unit_test(the_work_of_a_node_in_maintenance_ends_where_that_is_wanted),
        agent_test(an_abort_waits_for_a_step_that_may_not_be_interrupted),
        agent_test(an_abort_comes_too_late_for_the_last_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
