/* Provisioning, called as the API calls it: deploy, clean, abort, time-outs, a full service, a
 * crash in between.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/periodic.h"
#include "conductor_fixture.h"

#include "common/steady.h"
#include "common/time_text.h"
#include "db/nodes.h"

#define ACTIVE "{\"target\": \"active\"}"

static void
a_deploy_ends_active_and_leaves_nothing_of_its_way(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, ACTIVE);
    g_autoptr(Node) active = conductor_fixture_await(fixture, node->uuid, "active");
    assert_null(active->target_provision_state);
    assert_null(active->last_error);
    assert_int_equal(json_object_size(active->deploy_step), 0);
    assert_null(json_object_get(active->driver_internal_info, "deploy_steps"));
    assert_null(json_object_get(active->driver_internal_info, "deploy_step_index"));
    assert_true(active->wait_deadline_ms == 0);
}

static void
a_deploy_that_fails_says_why_and_may_be_tried_again(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available",
        "{\"fake\": {\"deploy.deploy\": {\"fail\": \"DEPLOY_FAILED\", \"message\": \"no image\","
        " \"times\": 1}}}");
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, ACTIVE);
    g_autoptr(Node) failed = conductor_fixture_await(fixture, node->uuid, "deploy failed");
    assert_string_equal(failed->target_provision_state, "active");
    assert_string_equal(failed->last_error, "deploy step deploy.deploy: no image");
    assert_null(json_object_get(failed->driver_internal_info, "deploy_steps"));
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, ACTIVE);
    g_autoptr(Node) active = conductor_fixture_await(fixture, node->uuid, "active");
    assert_null(active->last_error);
}

static void
a_config_drive_is_kept_as_text_whether_it_came_so_or_is_built(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid,
                         "{\"target\": \"active\", \"configdrive\": {\"user_data\": \"x\"}}");
    g_autoptr(Node) built = conductor_fixture_await(fixture, node->uuid, "active");
    const json_t *drive = json_object_get(built->instance_info, "configdrive");
    assert_true(json_is_string(drive));
    assert_true(g_str_has_prefix(json_string_value(drive), "H4sI")); /* gzip in base64 */
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid,
                         "{\"target\": \"rebuild\", \"configdrive\": \"aGFsbG8=\"}");
    g_autoptr(Node) given = conductor_fixture_await(fixture, node->uuid, "active");
    drive = json_object_get(given->instance_info, "configdrive");
    assert_string_equal(json_string_value(drive), "aGFsbG8=");
}

static void
verbs_that_the_state_forbids_are_refused_with_the_legal_ones(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid, ACTIVE,
                              STEEL_ERROR_INVALID_STATE_REQUESTED,
                              "provide, inspect, clean, adopt");
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"dance\"}",
                              STEEL_ERROR_INVALID_STATE_REQUESTED, "dance");
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid, "{}",
                              STEEL_ERROR_INVALID_STATE_REQUESTED, "no provision verb");
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(after->provision_state, "manageable");
    assert_null(after->reservation);
}

static void
a_node_in_maintenance_is_not_deployed(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    conductor_fixture_do(fixture, RPC_SET_MAINTENANCE, node->uuid, "{\"maintenance\": true}");
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid, ACTIVE,
                              STEEL_ERROR_NODE_IN_MAINTENANCE, "maintenance");
}

static void
what_validation_refuses_leaves_the_node_available(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node =
        conductor_fixture_node(fixture, "available",
                               "{\"fake\": {\"deploy.validate\": {\"fail\": \"MISSING\", "
                               "\"message\": \"no image_source\"}}}");
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid, ACTIVE, STEEL_ERROR_MISSING,
                              "no image_source");
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(after->provision_state, "available");
}

static void
a_wait_holds_no_lock_and_can_be_aborted(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available", "{\"fake\": {\"deploy.deploy\": {\"wait\": true}}}");
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, ACTIVE);
    g_autoptr(Node) waiting = conductor_fixture_await(fixture, node->uuid, "wait call-back");
    assert_true(waiting->wait_deadline_ms > steady_now_ms());
    assert_int_equal(pool_busy(fixture->conductor->workers) <= 1, true);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"abort\"}");
    g_autoptr(Node) aborted = conductor_fixture_await(fixture, node->uuid, "deploy failed");
    assert_non_null(strstr(aborted->last_error, "aborted"));
}

static void
a_wait_past_its_deadline_fails_with_a_reason(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available",
        "{\"fake\": {\"deploy.deploy\": {\"wait\": true, \"wait_timeout_s\": 3600}}}");
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, ACTIVE);
    g_autoptr(Node) waiting = conductor_fixture_await(fixture, node->uuid, "wait call-back");
    wait_deadlines_run(fixture->conductor);
    g_autoptr(Node) still = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(still->provision_state, "wait call-back"); /* not before its time */
    conductor_fixture_write(fixture, "wait_deadline_ms", "1");
    wait_deadlines_run(fixture->conductor);
    g_autoptr(Node) failed = conductor_fixture_await(fixture, node->uuid, "deploy failed");
    assert_non_null(strstr(failed->last_error, "did not call in time"));
    assert_string_equal(failed->target_provision_state, "active");
}

static void
a_node_in_maintenance_is_not_timed_out(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "wait call-back", NULL);
    conductor_fixture_write(fixture, "maintenance", "1");
    conductor_fixture_write(fixture, "wait_deadline_ms", "1");
    wait_deadlines_run(fixture->conductor);
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "wait call-back");
    assert_null(after->last_error);
}

static void
providing_cleans_first_when_it_is_wanted(void **state)
{
    static const char *const settings[] = {"conductor.automated_clean=true", NULL};
    ConductorFixture *fixture = conductor_fixture_new(settings);
    (void)state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "manageable", "{\"fake\": {\"deploy.erase_devices\": {\"wait\": true}}}");
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"provide\"}");
    g_autoptr(Node) waiting = conductor_fixture_await(fixture, node->uuid, "clean wait");
    assert_string_equal(waiting->target_provision_state, "available");
    assert_string_equal(json_string_member(waiting->clean_step, "step"), "erase_devices");
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"abort\"}");
    g_autoptr(Node) aborted = conductor_fixture_await(fixture, node->uuid, "clean failed");
    assert_string_equal(aborted->target_provision_state, "available");
    conductor_fixture_free(fixture);
}

static void
providing_without_cleaning_passes_straight_through(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"provide\"}");
    g_autoptr(Node) available = conductor_fixture_await(fixture, node->uuid, "available");
    assert_null(available->target_provision_state);
}

#define CLEAN                                                                                      \
    "{\"target\": \"clean\", \"clean_steps\":"                                                     \
    " [{\"interface\": \"deploy\", \"step\": \"erase_devices\"}]}"

static void
manual_cleaning_comes_back_to_manageable(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, CLEAN);
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "manageable");
    assert_null(after->target_provision_state);
    assert_null(after->last_error);
    assert_int_equal(json_object_size(after->clean_step), 0);
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"clean\"}",
                              STEEL_ERROR_MISSING, "clean_steps");
}

static void
a_clean_step_that_fails_puts_the_node_in_maintenance(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "manageable", "{\"fake\": {\"deploy.erase_devices\": {\"fail\": \"IO\"}}}");
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, CLEAN);
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "clean failed");
    assert_true(after->maintenance);
    assert_string_equal(after->fault, "clean failure");
    assert_string_equal(after->target_provision_state, "manageable");
    assert_non_null(strstr(after->last_error, "clean step deploy.erase_devices"));
}

static void
enrolled_nodes_are_verified_before_they_are_managed(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) good = conductor_fixture_node(fixture, "enroll", NULL);
    g_autoptr(Node) bad = conductor_fixture_node(
        fixture, "enroll",
        "{\"fake\": {\"power.get\": {\"fail\": \"BMC_UNREACHABLE\", \"message\": \"no answer\"}}}");
    conductor_fixture_do(fixture, RPC_PROVISION, good->uuid, "{\"target\": \"manage\"}");
    conductor_fixture_do(fixture, RPC_PROVISION, bad->uuid, "{\"target\": \"manage\"}");
    g_autoptr(Node) managed = conductor_fixture_await(fixture, good->uuid, "manageable");
    g_autoptr(Node) refused = conductor_fixture_await(fixture, bad->uuid, "enroll");
    assert_null(managed->last_error);
    assert_non_null(strstr(refused->last_error, "no answer"));
}

static void
a_deployed_node_is_torn_down_and_becomes_available(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, ACTIVE);
    node_free(conductor_fixture_await(fixture, node->uuid, "active"));
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"deleted\"}");
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "available");
    assert_int_equal(json_object_size(after->instance_info), 0);
    assert_null(after->instance_uuid);
}

static void
wait_for_gate(void *data)
{
    pthread_mutex_t *gate = data;
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
}

static void
a_full_service_refuses_and_the_node_stands_as_before(void **state)
{
    static const char *const settings[] = {"conductor.workers_pool_size=3", NULL};
    ConductorFixture *fixture = conductor_fixture_new(settings);
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    g_autoptr(Node) deployed = conductor_fixture_node(fixture, "available", NULL);
    (void)state;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 3; i++)
        assert_true(pool_submit(fixture->conductor->workers, wait_for_gate, &gate, NULL));
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"inspect\"}",
                              STEEL_ERROR_NO_WORKER, "busy");
    conductor_fixture_do(fixture, RPC_PROVISION, deployed->uuid, ACTIVE); /* waits for its turn */
    g_autoptr(Node) waits = conductor_fixture_load(fixture, deployed->uuid);
    assert_string_equal(waits->provision_state, "wait call-back");
    pthread_mutex_unlock(&gate);
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(after->provision_state, "manageable");
    assert_null(after->target_provision_state);
    assert_null(after->reservation);
    node_free(conductor_fixture_await(fixture, deployed->uuid, "active"));
    conductor_fixture_free(fixture);
}

/* Refuses all workers of another purpose than a client's. */
static void
refused_unasked(ConductorFixture *fixture, pthread_mutex_t *gate)
{
    g_autoptr(GError) error = NULL;
    assert_false(
        conductor_submit(fixture->conductor, CONDUCTOR_OWN_WORKERS, wait_for_gate, gate, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NO_WORKER));
}

static void
a_share_of_the_workers_is_kept_for_clients(void **state)
{
    static const char *const settings[] = {"conductor.workers_pool_size=3",
                                           "conductor.reserved_workers_pool_percentage=50", NULL};
    ConductorFixture *fixture = conductor_fixture_new(settings);
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    g_autoptr(Node) late = conductor_fixture_node(fixture, "available", NULL);
    (void)state;
    pthread_mutex_lock(&gate);
    assert_true(
        conductor_submit(fixture->conductor, CONDUCTOR_OWN_WORKERS, wait_for_gate, &gate, &error));
    assert_true(
        conductor_submit(fixture->conductor, CONDUCTOR_OWN_WORKERS, wait_for_gate, &gate, &error));
    refused_unasked(fixture, &gate);
    Task *task = task_acquire(fixture->conductor, late->uuid, TASK_EXCLUSIVE, "test", &error);
    assert_non_null(task);
    assert_false(task_spawn(&task, task_release, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NO_WORKER));
    task_release(task);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, ACTIVE);
    node_free(conductor_fixture_await(fixture, node->uuid, "active"));
    refused_unasked(fixture, &gate);
    pthread_mutex_unlock(&gate);
    conductor_fixture_free(fixture);
}

static void
a_locked_node_is_refused_with_its_holder(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    Task *task =
        task_acquire(fixture->conductor, node->uuid, TASK_EXCLUSIVE, "a long look", &error);
    assert_non_null(task);
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid, ACTIVE, STEEL_ERROR_LOCKED,
                              "a long look");
    task_release(task);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, ACTIVE);
    node_free(conductor_fixture_await(fixture, node->uuid, "active"));
}

static void
a_short_call_waits_for_the_lock(void **state)
{
    static const char *const settings[] = {"conductor.node_locked_retry_attempts=60", NULL};
    ConductorFixture *fixture = conductor_fixture_new(settings);
    (void)state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available", "{\"fake\": {\"deploy.deploy\": {\"delay_ms\": 300}}}");
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, ACTIVE);
    conductor_fixture_do(fixture, RPC_SET_MAINTENANCE, node->uuid, "{\"maintenance\": true}");
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "active");
    assert_true(after->maintenance);
    conductor_fixture_free(fixture);
}

static void
a_deploy_goes_on_in_the_next_life_from_the_step_it_had_reached(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available",
        "{\"fake\": {\"deploy.deploy\": {\"again\": 1, \"again_ms\": 3600000}}}");
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, ACTIVE);
    conductor_fixture_await_that(fixture, "driver_internal_info LIKE '%deploy.deploy.again%'");
    /* The step wants to run again in an hour; the stop gives it up. */
    conductor_fixture_stop(fixture);
    g_autoptr(Node) between = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(between->provision_state, "deploying");
    assert_null(between->reservation);
    conductor_fixture_start(fixture);
    g_autoptr(Node) active = conductor_fixture_await(fixture, node->uuid, "active");
    assert_null(active->last_error);
}

static void
what_a_dead_conductor_has_left_is_taken_up(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    conductor_fixture_stop(fixture);
    /* as a kill -9 in the middle of a deploy leaves it: busy, and locked under a lease that nobody
     * renews */
    conductor_fixture_write(fixture, "provision_state", "deploying");
    conductor_fixture_write(fixture, "target_provision_state", "active");
    assert_true(
        db_node_reserve(fixture->db, node->uuid, "dead-host", "dead-lease", "deploy", &error));
    conductor_fixture_start(fixture);
    g_autoptr(Node) active = conductor_fixture_await(fixture, node->uuid, "active");
    assert_null(active->target_provision_state);
}

static void
nothing_is_accepted_while_the_service_stops(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    atomic_store(&fixture->conductor->stopping, true);
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid, ACTIVE, STEEL_ERROR_NO_CONDUCTOR,
                              "stopping");
    atomic_store(&fixture->conductor->stopping, false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_deploy_ends_active_and_leaves_nothing_of_its_way),
        fixture_test(a_deploy_that_fails_says_why_and_may_be_tried_again),
        fixture_test(a_config_drive_is_kept_as_text_whether_it_came_so_or_is_built),
        fixture_test(verbs_that_the_state_forbids_are_refused_with_the_legal_ones),
        fixture_test(a_node_in_maintenance_is_not_deployed),
        fixture_test(what_validation_refuses_leaves_the_node_available),
        fixture_test(a_wait_holds_no_lock_and_can_be_aborted),
        fixture_test(a_wait_past_its_deadline_fails_with_a_reason),
        fixture_test(a_node_in_maintenance_is_not_timed_out),
        cmocka_unit_test(providing_cleans_first_when_it_is_wanted),
        fixture_test(providing_without_cleaning_passes_straight_through),
        fixture_test(manual_cleaning_comes_back_to_manageable),
        fixture_test(a_clean_step_that_fails_puts_the_node_in_maintenance),
        fixture_test(enrolled_nodes_are_verified_before_they_are_managed),
        fixture_test(a_deployed_node_is_torn_down_and_becomes_available),
        cmocka_unit_test(a_full_service_refuses_and_the_node_stands_as_before),
        cmocka_unit_test(a_share_of_the_workers_is_kept_for_clients),
        fixture_test(a_locked_node_is_refused_with_its_holder),
        cmocka_unit_test(a_short_call_waits_for_the_lock),
        fixture_test(a_deploy_goes_on_in_the_next_life_from_the_step_it_had_reached),
        fixture_test(what_a_dead_conductor_has_left_is_taken_up),
        fixture_test(nothing_is_accepted_while_the_service_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
