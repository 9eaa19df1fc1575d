/* Events for processes that fetch them: none is lost on the way, none comes twice, and who is slow
 * costs a bounded queue.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/event_readers.h"

#include "common/uuid.h"
#include "rpc/message.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define READER "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"

typedef struct World {
    Events *events;
    EventRelay *relay;
    EventReaders *readers;
} World;

static int
world_setup(void **state)
{
    World *world = g_new0(World, 1);
    world->events = events_new();
    world->relay = event_relay_new(world->events, NULL);
    world->readers = event_readers_new(world->relay);
    *state = world;
    return 0;
}

static int
world_teardown(void **state)
{
    World *world = *state;
    event_readers_stop(world->readers);
    event_readers_free(world->readers);
    event_relay_free(world->relay);
    events_free(world->events);
    g_free(world);
    return 0;
}

/* ---- questions ---- */

/* The answer to one question. */
typedef struct Got {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool has_come;
    RpcAnswer answer;
} Got;

static Got *
got_new(void)
{
    Got *got = g_new0(Got, 1);
    pthread_mutex_init(&got->mutex, NULL);
    pthread_cond_init(&got->changed, NULL);
    return got;
}

static void
got_free(Got *got)
{
    rpc_answer_clear(&got->answer);
    pthread_cond_destroy(&got->changed);
    pthread_mutex_destroy(&got->mutex);
    g_free(got);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Got, got_free)

static void
got_reply(void *user_data, const char *text, size_t size)
{
    Got *got = user_data;
    pthread_mutex_lock(&got->mutex);
    assert_false(got->has_come);
    assert_true(rpc_answer_read(text, size, &got->answer, NULL));
    got->has_come = true;
    pthread_cond_signal(&got->changed);
    pthread_mutex_unlock(&got->mutex);
}

static const RpcAnswer *
got_wait(Got *got)
{
    pthread_mutex_lock(&got->mutex);
    while (!got->has_come)
        pthread_cond_wait(&got->changed, &got->mutex);
    pthread_mutex_unlock(&got->mutex);
    return &got->answer;
}

static Got *
ask(World *world, const char *reader, int64_t have)
{
    Got *got = got_new();
    g_autofree char *text = g_strdup_printf(
        "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"have\":%" G_GINT64_FORMAT "}", reader, have);
    event_readers_ask(world->readers, text, strlen(text), got_reply, got);
    return got;
}

static void
publish(World *world, int number)
{
    const EventAbout about = {READER, NULL, NULL};
    events_publish(world->events, "baremetal.node.create.success", &about,
                   json_pack("{s:i}", "number", number));
}

/* From here on the reader is known: its first question is ended by the one that is returned. */
static Got *
ask_known(World *world, const char *reader, int64_t have)
{
    g_autoptr(Got) first = ask(world, reader, have);
    Got *second = ask(world, reader, have);
    got_wait(first);
    return second;
}

static int64_t
number_of(const RpcAnswer *answer)
{
    return json_integer_value(json_object_get(answer->result, "number"));
}

static size_t
count_of(const RpcAnswer *answer)
{
    return json_array_size(json_object_get(answer->result, "events"));
}

static json_int_t
event_of(const RpcAnswer *answer, size_t i)
{
    const json_t *event = json_array_get(json_object_get(answer->result, "events"), i);
    return json_integer_value(json_object_get(json_object_get(event, "payload"), "number"));
}

/* ---- tests ---- */

static void
a_question_waits_for_the_next_event(void **state)
{
    World *world = *state;
    g_autoptr(Got) got = ask_known(world, READER, 0);
    publish(world, 7);
    const RpcAnswer *answer = got_wait(got);
    assert_string_equal(answer->id, READER);
    assert_int_equal(number_of(answer), 1);
    assert_int_equal(count_of(answer), 1);
    assert_int_equal(event_of(answer, 0), 7);
}

static void
events_between_two_questions_come_with_the_second(void **state)
{
    World *world = *state;
    g_autoptr(Got) first = ask_known(world, READER, 0);
    publish(world, 1);
    assert_int_equal(number_of(got_wait(first)), 1);
    publish(world, 2);
    publish(world, 3);
    g_autoptr(Got) second = ask(world, READER, 1);
    const RpcAnswer *answer = got_wait(second);
    assert_int_equal(number_of(answer), 2);
    assert_int_equal(count_of(answer), 2);
    assert_int_equal(event_of(answer, 0), 2);
    assert_int_equal(event_of(answer, 1), 3);
}

static void
an_answer_that_was_lost_is_given_again(void **state)
{
    World *world = *state;
    g_autoptr(Got) lost = ask_known(world, READER, 0);
    publish(world, 1);
    got_wait(lost);
    publish(world, 2);
    g_autoptr(Got) again = ask(world, READER, 0);
    assert_int_equal(number_of(got_wait(again)), 1);
    assert_int_equal(event_of(got_wait(again), 0), 1);
    g_autoptr(Got) next = ask(world, READER, 1);
    assert_int_equal(number_of(got_wait(next)), 2);
    assert_int_equal(event_of(got_wait(next), 0), 2);
}

static void
a_new_process_continues_with_the_number_of_the_reader(void **state)
{
    World *world = *state;
    g_autoptr(Got) got = ask_known(world, READER, 41);
    publish(world, 1);
    assert_int_equal(number_of(got_wait(got)), 42);
}

static void
a_second_question_of_a_reader_ends_the_first(void **state)
{
    World *world = *state;
    g_autoptr(Got) first = ask(world, READER, 0);
    g_autoptr(Got) second = ask(world, READER, 0);
    assert_int_equal(count_of(got_wait(first)), 0);
    publish(world, 5);
    assert_int_equal(event_of(got_wait(second), 0), 5);
}

/* Each reader has a queue of its own: one that is slow loses its oldest events, is told how many,
 * and takes nothing from others. */
static void
a_slow_reader_loses_its_oldest_events(void **state)
{
    enum { EVENTS = EVENTS_QUEUE_LENGTH + 300 };
    World *world = *state;
    g_autoptr(Got) first = ask_known(world, READER, 0);
    publish(world, 0);
    int64_t have = number_of(got_wait(first));
    for (int i = 1; i <= EVENTS; i++)
        publish(world, i);
    json_int_t lost = 0, last = 0;
    size_t seen = 0;
    while (last < EVENTS) {
        g_autoptr(Got) got = ask(world, READER, have);
        const RpcAnswer *answer = got_wait(got);
        size_t count = count_of(answer);
        assert_in_range(count, 1, READERS_ANSWER_EVENTS);
        lost += json_integer_value(json_object_get(answer->result, "lost"));
        for (size_t i = 0; i < count; i++) {
            assert_true(event_of(answer, i) > last);
            last = event_of(answer, i);
        }
        seen += count;
        have = number_of(answer);
    }
    assert_int_equal(seen, EVENTS_QUEUE_LENGTH);
    assert_int_equal(lost, EVENTS - EVENTS_QUEUE_LENGTH);
}

static void
readers_are_bounded(void **state)
{
    World *world = *state;
    Got *waiting[READERS_MOST];
    for (size_t i = 0; i < READERS_MOST; i++) {
        char id[UUID_TEXT_SIZE];
        waiting[i] = ask(world, uuid_generate(id), 0);
    }
    g_autoptr(Got) more = ask(world, READER, 0);
    assert_true(steel_error_is(got_wait(more)->error, STEEL_ERROR_NO_WORKER));
    publish(world, 3);
    for (size_t i = 0; i < READERS_MOST; i++) {
        assert_int_equal(event_of(got_wait(waiting[i]), 0), 3);
        got_free(waiting[i]);
    }
}

static void
what_is_no_question_is_refused(void **state)
{
    World *world = *state;
    static const char *const texts[] = {
        "",
        "[]",
        "{\"id\":\"x\",\"have\":0}",
        "{\"id\":\"" READER "\"}",
        "{\"id\":\"" READER "\",\"have\":-1}",
        "{\"id\":\"" READER "\",\"have\":\"1\"}",
        "{\"id\":\"" READER "\",\"have\":0,\"a\":[[[[[]]]]]}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(Got) got = got_new();
        event_readers_ask(world->readers, texts[i], strlen(texts[i]), got_reply, got);
        assert_true(steel_error_is(got_wait(got)->error, STEEL_ERROR_INVALID));
    }
}

static void
questions_are_answered_when_the_process_stops(void **state)
{
    World *world = *state;
    g_autoptr(Got) waits = ask_known(world, READER, 0);
    event_readers_stop(world->readers);
    assert_int_equal(count_of(got_wait(waits)), 0);
    g_autoptr(Got) late = ask(world, READER, 0);
    assert_true(steel_error_is(got_wait(late)->error, STEEL_ERROR_NO_CONDUCTOR));
    assert_false(events_wanted(world->events));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_question_waits_for_the_next_event),
        TEST(events_between_two_questions_come_with_the_second),
        TEST(an_answer_that_was_lost_is_given_again),
        TEST(a_new_process_continues_with_the_number_of_the_reader),
        TEST(a_second_question_of_a_reader_ends_the_first),
        TEST(a_slow_reader_loses_its_oldest_events),
        TEST(readers_are_bounded),
        TEST(what_is_no_question_is_refused),
        TEST(questions_are_answered_when_the_process_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
