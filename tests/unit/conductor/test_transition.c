/* What a transition leaves in the node: state, goal, stamps, deadline, and notifications.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/transition.h"
#include "conductor_fixture.h"

#include "common/steady.h"
#include "common/time_text.h"
#include "db/sql.h"

#include <string.h>

static void
move(Task *task, ProvisionEvent event)
{
    g_autoptr(GError) error = NULL;
    if (!task_process_event(task, event, &error))
        fail_msg("%s", error->message);
}

static void
move_to(Task *task, ProvisionEvent event, ProvisionState goal)
{
    g_autoptr(GError) error = NULL;
    if (!task_process_event_to(task, event, goal, &error))
        fail_msg("%s", error->message);
}

/* The task's node and the database's must both be in this state with this goal. */
static void
stands(const ConductorFixture *fixture, const Task *task, const char *state, const char *goal)
{
    g_autoptr(Node) stored = conductor_fixture_load(fixture, task->node->uuid);
    assert_string_equal(task->node->provision_state, state);
    assert_string_equal(stored->provision_state, state);
    if (g_strcmp0(stored->target_provision_state, goal) != 0 ||
        g_strcmp0(task->node->target_provision_state, goal) != 0)
        fail_msg("the goal in %s is %s, not %s", state, stored->target_provision_state, goal);
}

static void
put(Task *task, ProvisionState state, const char *goal)
{
    g_autoptr(GError) error = NULL;
    record_set_text(&task->node->provision_state, state_info(state)->wire);
    record_set_text(&task->node->target_provision_state, goal);
    if (!task_save(task, &error))
        fail_msg("%s", error->message);
}

static void
every_edge_of_the_table_is_saved_with_its_goal(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "enroll", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    size_t count;
    const StateEdge *edges = state_edges(&count);
    for (size_t i = 0; i < count; i++) {
        const StateInfo *to = state_info(edges[i].to);
        put(task, edges[i].from, NULL);
        move(task, edges[i].event);
        stands(fixture, task, to->wire,
               to->flags & STATE_IS_STABLE ? NULL : state_info(to->target)->wire);
        assert_non_null(task->node->provision_updated_at);
    }
    task_release(task);
}

static void
every_other_pair_is_refused_and_leaves_the_node_alone(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "enroll", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    for (int from = 0; from < STATE_COUNT; from++) {
        put(task, (ProvisionState)from, "kept");
        for (int event = 0; event < EVENT_COUNT; event++) {
            g_autoptr(GError) error = NULL;
            if (state_next((ProvisionState)from, (ProvisionEvent)event) != STATE_NONE)
                continue;
            assert_false(task_process_event(task, (ProvisionEvent)event, &error));
            assert_true(steel_error_is(error, STEEL_ERROR_INVALID_STATE));
            assert_non_null(strstr(error->message, event_name((ProvisionEvent)event)));
            stands(fixture, task, state_info((ProvisionState)from)->wire, "kept");
        }
    }
    task_release(task);
}

static void
manual_cleaning_keeps_its_goal_all_the_way(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    move_to(task, EVENT_CLEAN, STATE_MANAGEABLE);
    stands(fixture, task, "cleaning", "manageable");
    move(task, EVENT_WAIT);
    stands(fixture, task, "clean wait", "manageable");
    move(task, EVENT_RESUME);
    stands(fixture, task, "cleaning", "manageable");
    move(task, EVENT_WAIT);
    move(task, EVENT_ABORT);
    stands(fixture, task, "clean failed", "manageable");
    move(task, EVENT_MANAGE);
    stands(fixture, task, "manageable", NULL);
    task_release(task);
}

static void
a_deploy_that_fails_still_wants_to_be_active(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    move(task, EVENT_DEPLOY);
    stands(fixture, task, "deploying", "active");
    move(task, EVENT_FAIL);
    stands(fixture, task, "deploy failed", "active");
    move(task, EVENT_DELETE);
    stands(fixture, task, "deleting", "available");
    move(task, EVENT_FAIL);
    stands(fixture, task, "error", NULL);
    task_release(task);
}

static void
inspection_is_stamped_at_its_start_and_its_good_end_only(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    record_set_text(&task->node->inspection_finished_at, "2026-01-01T00:00:00+00:00");
    move(task, EVENT_INSPECT);
    assert_non_null(task->node->inspection_started_at);
    assert_null(task->node->inspection_finished_at);
    g_autofree char *started = g_strdup(task->node->inspection_started_at);
    move(task, EVENT_WAIT);
    move(task, EVENT_RESUME); /* no new start */
    assert_string_equal(task->node->inspection_started_at, started);
    move(task, EVENT_DONE);
    assert_null(task->node->inspection_started_at);
    assert_non_null(task->node->inspection_finished_at);
    move(task, EVENT_INSPECT);
    move(task, EVENT_FAIL);
    assert_null(task->node->inspection_started_at);
    assert_null(task->node->inspection_finished_at);
    task_release(task);
}

/* Enters a wait with a limit of its own (0: none) and checks that its deadline is this many seconds
 * from now; 0: none. */
static void
waits_own(Task *task, ProvisionState busy, int64_t limit_ms, int seconds)
{
    g_autoptr(GError) error = NULL;
    put(task, busy, NULL);
    int64_t before = steady_now_ms();
    assert_true(task_begin_wait(task, limit_ms, &error));
    int64_t after = steady_now_ms(), deadline = task->node->wait_deadline_ms;
    if (seconds == 0)
        assert_true(deadline == 0);
    else
        assert_true(deadline >= before + seconds * 1000 && deadline <= after + seconds * 1000);
}

static void
waits_for(Task *task, ProvisionState busy, int seconds)
{
    waits_own(task, busy, 0, seconds);
}

static void
each_wait_has_the_deadline_of_its_option(void **state)
{
    static const char *const settings[] = {
        "conductor.deploy_callback_timeout=11", "conductor.clean_callback_timeout=12",
        "conductor.rescue_callback_timeout=0", "conductor.inspect_wait_timeout=14", NULL};
    ConductorFixture *fixture = conductor_fixture_new(settings);
    (void)state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "enroll", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    waits_for(task, STATE_DEPLOYING, 11);
    waits_for(task, STATE_CLEANING, 12);
    waits_for(task, STATE_RESCUING, 0);
    waits_for(task, STATE_INSPECTING, 14);
    waits_own(task, STATE_RESCUING, 7000, 7); /* a step's own limit, for this one wait */
    waits_for(task, STATE_RESCUING, 0);
    waits_for(task, STATE_DEPLOYING, 11);
    move(task, EVENT_RESUME);
    assert_true(task->node->wait_deadline_ms == 0);
    task_release(task);
    conductor_fixture_free(fixture);
}

static void
told(ConductorFixture *fixture, const char *status, const char *event, const char *previous)
{
    g_autofree char *type = g_strdup_printf("baremetal.node.provision_set.%s", status);
    json_t *told_event = conductor_fixture_event(fixture, type);
    if (told_event == NULL)
        fail_msg("no %s was published", type);
    const json_t *payload = json_object_get(told_event, "payload");
    assert_string_equal(json_string_member(payload, "event"), event);
    assert_string_equal(json_string_member(payload, "previous_provision_state"), previous);
    json_decref(told_event);
}

static void
the_world_is_told_of_start_progress_end_and_failure(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    move(task, EVENT_DEPLOY);
    told(fixture, "start", "deploy", "available");
    move(task, EVENT_WAIT);
    told(fixture, "success", "wait", "deploying");
    move(task, EVENT_RESUME);
    told(fixture, "success", "resume", "wait call-back");
    move(task, EVENT_DONE);
    told(fixture, "end", "done", "deploying");
    move(task, EVENT_REBUILD);
    move(task, EVENT_FAIL);
    told(fixture, "error", "fail", "deploying");
    task_release(task);
}

static void
what_the_world_is_told_holds_no_secret(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node =
        conductor_fixture_node(fixture, "manageable", "{\"ipmi_password\": \"hunter2\"}");
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    json_decref(task->node->clean_step);
    task->node->clean_step = conductor_fixture_json(
        "{\"interface\": \"bios\", \"step\": \"x\", \"args\": {\"password\": \"hunter2\"}}");
    move_to(task, EVENT_CLEAN, STATE_MANAGEABLE);
    json_t *event = conductor_fixture_event(fixture, "baremetal.node.provision_set.start");
    g_autofree char *text = json_text_dump(event);
    json_decref(event);
    assert_non_null(strstr(text, "bios"));
    assert_null(strstr(text, "hunter2"));
    task_release(task);
}

static void
a_failure_is_remembered_with_its_cause(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    g_autoptr(GError) cause = g_error_new(steel_error_quark(), STEEL_ERROR_POWER, "no power");
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    move(task, EVENT_DEPLOY);
    task_fail(task, cause);
    stands(fixture, task, "deploy failed", "active");
    assert_string_equal(task->node->last_error, "no power");
    const DbValue uuid = db_text(node->uuid);
    g_autoptr(GPtrArray) rows =
        db_records_where(fixture->db, &node_history_resource, "node_uuid = ?1", &uuid, 1, &error);
    assert_int_equal(rows->len, 1);
    const NodeHistory *row = g_ptr_array_index(rows, 0);
    assert_string_equal(row->event, "no power");
    assert_string_equal(row->severity, "ERROR");
    assert_string_equal(row->conductor, "test-host");
    task_release(task);
}

static void
what_the_database_interrupts_has_not_failed(void **state)
{
    static const SteelErrorCode codes[] = {STEEL_ERROR_DATABASE, STEEL_ERROR_DATABASE_BUSY};
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    move(task, EVENT_ADOPT);
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        g_autoptr(GError) cause = g_error_new(steel_error_quark(), (int)codes[i], "held");
        task_fail(task, cause);
        stands(fixture, task, "adopting", "active");
        assert_null(task->node->last_error);
    }
    task_release(task);
}

/* Every update of a node is refused while this is on. */
static void
refuse_saving(const ConductorFixture *fixture, bool on)
{
    g_autoptr(GError) error = NULL;
    const char *sql = on ? "CREATE TRIGGER refuse_saving BEFORE UPDATE ON nodes "
                           "BEGIN SELECT RAISE(ABORT, 'not now'); END"
                         : "DROP TRIGGER refuse_saving";
    if (!db_execute(fixture->db, sql, NULL, 0, NULL, &error))
        fail_msg("%s", error->message);
}

static void
a_transition_that_cannot_be_saved_has_not_happened(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "enroll", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    size_t count;
    const StateEdge *edges = state_edges(&count);
    for (size_t i = 0; i < count; i++) {
        put(task, edges[i].from, "kept");
        g_autoptr(GError) error = NULL;
        g_autoptr(Node) before = node_copy(task->node);
        refuse_saving(fixture, true);
        assert_false(task_process_event(task, edges[i].event, &error));
        refuse_saving(fixture, false);
        for (size_t f = 0; f < node_resource.field_count; f++) {
            const Field *field = &node_resource.fields[f];
            if (strcmp(field->name, "updated_at") != 0 && !record_same(field, task->node, before))
                fail_msg("%s of a node in %s is changed by event %s, which was not saved",
                         field->name, before->provision_state, event_name(edges[i].event));
        }
    }
    task_release(task);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(every_edge_of_the_table_is_saved_with_its_goal),
        fixture_test(every_other_pair_is_refused_and_leaves_the_node_alone),
        fixture_test(manual_cleaning_keeps_its_goal_all_the_way),
        fixture_test(a_deploy_that_fails_still_wants_to_be_active),
        fixture_test(inspection_is_stamped_at_its_start_and_its_good_end_only),
        cmocka_unit_test(each_wait_has_the_deadline_of_its_option),
        fixture_test(the_world_is_told_of_start_progress_end_and_failure),
        fixture_test(what_the_world_is_told_holds_no_secret),
        fixture_test(a_failure_is_remembered_with_its_cause),
        fixture_test(what_the_database_interrupts_has_not_failed),
        fixture_test(a_transition_that_cannot_be_saved_has_not_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
