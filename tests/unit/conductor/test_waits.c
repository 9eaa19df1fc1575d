/* Nodes that wait: which calls end the wait or prolong it, how it survives the process, and what a
 * machine that goes off meanwhile changes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/periodic.h"
#include "conductor/provision/provision.h"
#include "conductor_fixture.h"

#include "common/time_text.h"

#include <time.h>

#define ACTIVE "{\"target\": \"active\"}"
#define PROVIDE "{\"target\": \"provide\"}"
#define INSPECT "{\"target\": \"inspect\"}"
#define HEARTBEAT                                                                                  \
    "{\"callback_url\": \"http://192.0.2.7:9999\", \"agent_version\": \"9\", \"agent_token\": "    \
    "\"%s\"}"
#define DEPLOY_WAITS "\"deploy.deploy\": {\"wait\": true, \"wait_timeout_s\": 3600}"

/* A node whose work has come to its wait. */
static Node *
waiting(ConductorFixture *fixture, const char *from, const char *orders, const char *verb,
        const char *wait)
{
    g_autofree char *info = g_strdup_printf("{\"fake\": {%s}}", orders);
    g_autoptr(Node) node = conductor_fixture_node(fixture, from, info);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, verb);
    return conductor_fixture_await(fixture, node->uuid, wait);
}

/* The token of an agent that has just come up; the caller frees. NULL if it is refused. */
static char *
token_of(ConductorFixture *fixture, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    json_t *answer = conductor_fixture_call(fixture, RPC_GET_AGENT_TOKEN, uuid, "{}", &error);
    char *token = g_strdup(json_string_member(answer, "agent_token"));
    json_decref(answer);
    return token;
}

static void
call(ConductorFixture *fixture, const char *uuid, const char *token)
{
    g_autofree char *arguments = g_strdup_printf(HEARTBEAT, token);
    conductor_fixture_do(fixture, RPC_HEARTBEAT, uuid, arguments);
}

/* ---- how long ---- */

static void
a_call_gives_no_time_to_a_wait_that_has_its_own(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node =
        waiting(fixture, "available",
                DEPLOY_WAITS ", \"deploy.deploy.resume\": {\"wait\": 1000, \"wait_timeout_s\": -1}",
                ACTIVE, "wait call-back");
    g_autofree char *token = token_of(fixture, node->uuid);
    call(fixture, node->uuid, token);
    conductor_fixture_await_that(fixture, "driver_internal_info LIKE '%resume.wait%' AND "
                                          "reservation IS NULL");
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(after->provision_state, "wait call-back");
    assert_true(after->wait_deadline_ms == node->wait_deadline_ms);
}

/* ---- who ends it ---- */

/* Unrescuing has no state to wait in. */
static void
an_unrescue_that_wants_to_wait_fails_with_a_sentence(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting(fixture, "rescue", "\"rescue.unrescue\": {\"wait\": true}",
                                   "{\"target\": \"unrescue\"}", "unrescue failed");
    assert_non_null(strstr(node->last_error, "a step of the kind unrescue cannot wait"));
    assert_false(info_has(node, INFO_STEP_WAITING));
}

/* A restarted process completes an undo that was under way. */
static void
a_wait_that_has_failed_is_not_gone_on_with(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting(fixture, "available", DEPLOY_WAITS, ACTIVE, "wait call-back");
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    assert_true(task_failing_begin(task, "the disk burned"));
    task_release(task);
    provision_resume(conductor_fixture_lock(fixture, node->uuid));
    g_autoptr(Node) still = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(still->provision_state, "wait call-back");
    provision_wait_timed_out(conductor_fixture_lock(fixture, node->uuid));
    g_autoptr(Node) failed = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(failed->provision_state, "deploy failed");
    assert_string_equal(failed->last_error, "the disk burned");
}

/* ---- a node that is locked ---- */

/* Replaces the conductor's workers: this thread meets the lock at once. */
typedef struct World {
    bool locked;
    unsigned resumed;
} World;

static void *
world_take(void *user, const char *node_uuid, bool *locked)
{
    World *world = user;
    (void)node_uuid;
    *locked = world->locked;
    return world->locked ? NULL : world;
}

static void
world_go(void *user, void *taken)
{
    World *world = user;
    (void)taken;
    world->resumed++;
}

static bool
world_submit(void *user, PoolJob job, void *data)
{
    (void)user;
    job(data);
    return true;
}

static void
giving_the_lock_back_resumes_the_node_whose_agent_has_met_it(void **state)
{
    static const WakesOps ops = {.take = world_take, .go = world_go, .submit = world_submit};
    ConductorFixture *fixture = *state;
    Conductor *conductor = fixture->conductor;
    World world = {.locked = true};
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    Wakes *own = conductor->wakes, *wakes = wakes_new(&ops, &world, 10);
    conductor->wakes = wakes;
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    assert_true(wakes_add(wakes, node->uuid));
    assert_int_equal(world.resumed, 0);
    world.locked = false;
    task_release(task);
    assert_int_equal(world.resumed, 1);
    conductor->wakes = own;
    wakes_free(wakes);
}

static void
a_node_of_our_own_is_noted_above_the_limit(void **state)
{
    static const WakesOps ops = {.take = world_take, .go = world_go, .submit = world_submit};
    World world = {.locked = true};
    (void)state;
    Wakes *wakes = wakes_new(&ops, &world, 1);
    assert_true(wakes_add(wakes, "a"));
    assert_false(wakes_add(wakes, "b"));
    assert_int_equal(wakes_count(wakes), 1);
    wakes_add_anyway(wakes, "c");
    assert_int_equal(wakes_count(wakes), 2);
    world.locked = false;
    wakes_lock_released(wakes, "c");
    assert_int_equal(world.resumed, 1);
    assert_int_equal(wakes_count(wakes), 1);
    wakes_free(wakes);
}

/* ---- reboots ---- */

/* The node in the database at the moment when the machine is switched. */
typedef struct Moment {
    Db *db;
    bool looked, known;
} Moment;

static Moment moment;

static void
look(const Task *task, const char *action, const char *status, json_t *extra)
{
    g_autoptr(GError) error = NULL;
    json_decref(extra);
    if (strcmp(action, "power_set") != 0 || strcmp(status, "start") != 0)
        return;
    g_autoptr(Node) stored =
        db_record_find(moment.db, &node_resource, "uuid", task->node->uuid, &error);
    moment.looked = true;
    moment.known = stored != NULL && info_true(stored, INFO_STEP_REBOOTED);
}

/* Otherwise a restarted process finds an agent that does not know the step, and takes that for a
 * failure. */
static void
that_a_step_reboots_its_machine_is_written_down_first(void **state)
{
    static const char orders[] =
        "\"deploy.prepare_cleaning\": {\"wait\": true}, \"agent\": {\"clean\": [{\"interface\": "
        "\"deploy\", \"step\": \"update\", \"priority\": 50, \"reboot_requested\": true}]}";
    static const char *const settings[] = {"conductor.automated_clean=true", NULL};
    (void)state;
    ConductorFixture *fixture = conductor_fixture_new(settings);
    moment = (Moment){.db = fixture->db};
    fixture->conductor->services.notify = look;
    g_autoptr(Node) node = waiting(fixture, "manageable", orders, PROVIDE, "clean wait");
    g_autofree char *token = token_of(fixture, node->uuid);
    call(fixture, node->uuid, token);
    conductor_fixture_await_that(fixture, "driver_internal_info LIKE '%step_sent%' AND "
                                          "reservation IS NULL");
    call(fixture, node->uuid, token);
    conductor_fixture_await_that(fixture, "driver_internal_info LIKE '%step_rebooted%' AND "
                                          "reservation IS NULL");
    conductor_fixture_stop(fixture);
    assert_true(moment.looked);
    assert_true(moment.known);
    conductor_fixture_start(fixture);
    conductor_fixture_free(fixture);
}

/* ---- a machine that goes off ---- */

/* A node that is locked is left to the next sync. */
static void
await_found_off(ConductorFixture *fixture, const char *uuid)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    int64_t limit = time_monotonic_ms() + 60000;
    for (;;) {
        g_autoptr(Node) now = conductor_fixture_load(fixture, uuid);
        if (strcmp(now->power_state, "power off") == 0 && now->reservation == NULL)
            return;
        if (time_monotonic_ms() > limit)
            fail_msg("the machine is off, and the node still says %s", now->power_state);
        power_sync_run(fixture->conductor);
        nanosleep(&pause, NULL); /* between two looks, not instead of one */
    }
}

/* Its agent has ended too: the next one gets a token of its own, and may listen elsewhere. */
static void
a_machine_that_is_found_off_in_a_wait_can_have_another_agent(void **state)
{
    static const char *const settings[] = {"conductor.force_power_state_during_sync=false", NULL};
    (void)state;
    ConductorFixture *fixture = conductor_fixture_new(settings);
    g_autoptr(Node) node = waiting(
        fixture, "manageable",
        "\"inspect.inspect\": {\"wait\": true}, \"inspect.inspect.resume\": {\"wait\": true}, "
        "\"power.get\": {\"state\": \"power off\"}",
        INSPECT, "inspect wait");
    conductor_fixture_write(fixture, "power_state", "power on");
    g_autofree char *first = token_of(fixture, node->uuid);
    call(fixture, node->uuid, first);
    assert_null(token_of(fixture, node->uuid));
    conductor_fixture_await_that(fixture, "reservation IS NULL");
    await_found_off(fixture, node->uuid);
    g_autofree char *second = token_of(fixture, node->uuid);
    assert_non_null(second);
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(after->provision_state, "inspect wait");
    assert_false(info_has(after, INFO_AGENT_URL));
    assert_string_not_equal(first, second);
    conductor_fixture_free(fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_call_gives_no_time_to_a_wait_that_has_its_own),
        fixture_test(an_unrescue_that_wants_to_wait_fails_with_a_sentence),
        fixture_test(a_wait_that_has_failed_is_not_gone_on_with),
        fixture_test(giving_the_lock_back_resumes_the_node_whose_agent_has_met_it),
        cmocka_unit_test(a_node_of_our_own_is_noted_above_the_limit),
        cmocka_unit_test(that_a_step_reboots_its_machine_is_written_down_first),
        cmocka_unit_test(a_machine_that_is_found_off_in_a_wait_can_have_another_agent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
