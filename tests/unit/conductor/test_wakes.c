/* Nodes whose agent has called: each is resumed once its lock is free, however often it calls, and
 * nothing grows forever.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/wakes.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 3 };

typedef struct Pending {
    PoolJob job;
    void *data;
} Pending;

/* The conductor that the Wakes see: jobs run when the test says so. */
typedef struct World {
    Wakes *wakes;
    GQueue jobs;           /* of Pending */
    bool no_worker;        /* submit refuses */
    bool locked;           /* take meets a lock */
    bool released_in_take; /* the lock is released while `take` tries it */
    bool calls_in_go;      /* the agent calls again while its node is resumed */
    unsigned taken, gone;
} World;

static void *
take(void *user, const char *node_uuid, bool *locked)
{
    World *world = user;
    world->taken++;
    *locked = world->locked;
    if (world->released_in_take) {
        world->released_in_take = world->locked = false;
        wakes_lock_released(world->wakes, node_uuid);
    }
    return *locked ? NULL : g_strdup(node_uuid);
}

static void
go(void *user, void *taken)
{
    World *world = user;
    world->gone++;
    if (world->calls_in_go) {
        world->calls_in_go = false;
        assert_true(wakes_add(world->wakes, taken));
    }
    g_free(taken);
}

static bool
submit(void *user, PoolJob job, void *data)
{
    World *world = user;
    if (world->no_worker)
        return false;
    Pending *pending = g_new(Pending, 1);
    *pending = (Pending){job, data};
    g_queue_push_tail(&world->jobs, pending);
    return true;
}

static const WakesOps ops = {.take = take, .go = go, .submit = submit};

static int
setup(void **state)
{
    World *world = g_new0(World, 1);
    world->wakes = wakes_new(&ops, world, MOST);
    *state = world;
    return 0;
}

static void
run_jobs(World *world)
{
    for (Pending *pending; (pending = g_queue_pop_head(&world->jobs)) != NULL; g_free(pending))
        pending->job(pending->data);
}

static int
teardown(void **state)
{
    World *world = *state;
    run_jobs(world);
    wakes_free(world->wakes);
    g_free(world);
    return 0;
}

static void
a_node_is_resumed_once_however_often_its_agent_calls(void **state)
{
    World *world = *state;
    for (int i = 0; i < 5; i++)
        assert_true(wakes_add(world->wakes, "a"));
    assert_int_equal(g_queue_get_length(&world->jobs), 1);
    run_jobs(world);
    assert_int_equal(world->gone, 1);
    assert_int_equal(wakes_count(world->wakes), 0);
    assert_true(wakes_add(world->wakes, "a"));
    run_jobs(world);
    assert_int_equal(world->gone, 2);
}

static void
a_locked_node_is_resumed_when_its_lock_is_given_back(void **state)
{
    World *world = *state;
    world->locked = true;
    assert_true(wakes_add(world->wakes, "a"));
    run_jobs(world);
    assert_int_equal(world->taken, 1);
    assert_int_equal(world->gone, 0);
    wakes_tick(world->wakes); /* the tick does not poll locks */
    wakes_lock_released(world->wakes, "b");
    assert_int_equal(g_queue_get_length(&world->jobs), 0);
    world->locked = false;
    wakes_lock_released(world->wakes, "a");
    run_jobs(world);
    assert_int_equal(world->gone, 1);
    wakes_lock_released(world->wakes, "a");
    assert_int_equal(g_queue_get_length(&world->jobs), 0);
}

static void
a_lock_that_is_given_back_while_it_is_met_is_not_missed(void **state)
{
    World *world = *state;
    world->locked = world->released_in_take = true;
    assert_true(wakes_add(world->wakes, "a"));
    run_jobs(world);
    assert_int_equal(world->taken, 2);
    assert_int_equal(world->gone, 1);
    assert_int_equal(wakes_count(world->wakes), 0);
}

static void
another_call_of_a_locked_node_looks_again(void **state)
{
    World *world = *state;
    world->locked = true;
    assert_true(wakes_add(world->wakes, "a"));
    run_jobs(world);
    world->locked = false; /* released by another process */
    assert_true(wakes_add(world->wakes, "a"));
    run_jobs(world);
    assert_int_equal(world->gone, 1);
}

static void
a_call_during_the_work_counts_anew(void **state)
{
    World *world = *state;
    world->calls_in_go = true;
    assert_true(wakes_add(world->wakes, "a"));
    run_jobs(world);
    assert_int_equal(world->gone, 2);
}

static void
what_finds_no_worker_is_tried_again_by_the_clock(void **state)
{
    World *world = *state;
    world->no_worker = true;
    assert_true(wakes_add(world->wakes, "a"));
    assert_true(wakes_add(world->wakes, "b"));
    wakes_tick(world->wakes);
    assert_int_equal(wakes_count(world->wakes), 2);
    world->no_worker = false;
    wakes_tick(world->wakes);
    run_jobs(world);
    assert_int_equal(world->gone, 2);
    assert_int_equal(wakes_count(world->wakes), 0);
}

static void
no_more_nodes_than_allowed_are_noted(void **state)
{
    static const char *const nodes[] = {"a", "b", "c"};
    World *world = *state;
    for (int i = 0; i < MOST; i++)
        assert_true(wakes_add(world->wakes, nodes[i]));
    assert_false(wakes_add(world->wakes, "d"));
    assert_true(wakes_add(world->wakes, "a")); /* noted already */
    assert_int_equal(wakes_count(world->wakes), MOST);
    run_jobs(world);
    assert_true(wakes_add(world->wakes, "d"));
}

#define wakes_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        wakes_test(a_node_is_resumed_once_however_often_its_agent_calls),
        wakes_test(a_locked_node_is_resumed_when_its_lock_is_given_back),
        wakes_test(a_lock_that_is_given_back_while_it_is_met_is_not_missed),
        wakes_test(another_call_of_a_locked_node_looks_again),
        wakes_test(a_call_during_the_work_counts_anew),
        wakes_test(what_finds_no_worker_is_tried_again_by_the_clock),
        wakes_test(no_more_nodes_than_allowed_are_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
