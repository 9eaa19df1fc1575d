/* Events inside the process: order, shared texts, bounds in number and bytes, reported losses, many
 * threads.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/events.h"

#include <glib.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MANY 5000 /* more than a queue holds */

static void
publish_payload(Events *events, json_t *payload)
{
    const EventAbout about = {"node", "owner", "lessee"};
    events_publish(events, "baremetal.node.test", &about, payload);
}

static void
publish(Events *events, int number)
{
    publish_payload(events, json_pack("{s:i}", "number", number));
}

static EventListener *
listen_to_all(Events *events)
{
    return events_listen(events, &(EventReader){0});
}

/* The next event, before which exactly these losses must be reported. */
static const Event *
next(EventListener *listener, int64_t lost)
{
    unsigned view = 99;
    int64_t told = -1;
    const Event *event = events_next(listener, &view, &told);
    assert_int_equal(told, lost);
    assert_int_equal(view, 0);
    return event;
}

static int
number_of(const Event *event)
{
    int number = -1;
    assert_int_equal(sscanf(event->text, "{\"number\":%d}", &number), 1);
    return number;
}

static void
a_listener_gets_what_was_published_since_it_came_in_order(void **state)
{
    (void)state;
    Events *events = events_new();
    publish(events, 1);
    EventListener *listener = listen_to_all(events);
    assert_null(next(listener, 0));
    publish(events, 2);
    publish(events, 3);
    int64_t last_id = 0;
    for (int number = 2; number <= 3; number++) {
        const Event *event = next(listener, 0);
        assert_string_equal(event->type, "baremetal.node.test");
        assert_string_equal(event->about.node_uuid, "node");
        assert_string_equal(event->about.owner, "owner");
        assert_string_equal(event->about.lessee, "lessee");
        assert_int_equal(number_of(event), number);
        assert_int_equal(strlen(event->text), event->size);
        assert_true(event->id > last_id);
        last_id = event->id;
        event_release(event);
    }
    assert_null(next(listener, 0));
    events_unlisten(listener);
    events_free(events);
}

static void
all_listeners_share_one_text(void **state)
{
    (void)state;
    Events *events = events_new();
    EventListener *first = listen_to_all(events), *second = listen_to_all(events);
    publish(events, 1);
    const Event *one = next(first, 0), *same = next(second, 0);
    assert_ptr_equal(one, same);
    event_release(one);
    assert_int_equal(number_of(same), 1);
    events_unlisten(first);
    publish(events, 2);
    event_release(same);
    one = next(second, 0);
    assert_int_equal(number_of(one), 2);
    event_release(one);
    assert_int_equal(events_size(events), 0);
    events_unlisten(second);
    events_free(events);
}

static void
a_slow_listener_loses_the_oldest_and_is_told_how_many(void **state)
{
    (void)state;
    Events *events = events_new();
    EventListener *listener = listen_to_all(events);
    const int lost = MANY - EVENTS_QUEUE_LENGTH;
    for (int i = 0; i < MANY; i++)
        publish(events, i);
    for (int i = lost; i < MANY; i++) { /* the rest begins right after them */
        const Event *event = next(listener, i == lost ? lost : 0);
        assert_int_equal(number_of(event), i);
        event_release(event);
    }
    assert_null(next(listener, 0));
    publish(events, MANY);
    const Event *event = next(listener, 0);
    assert_int_equal(number_of(event), MANY);
    event_release(event);
    events_unlisten(listener);
    events_free(events);
}

/* ---- bounds in bytes ---- */

/* The payload of the largest possible event; `number` comes first. */
static json_t *
great_payload(int number)
{
    g_autofree char *half = g_strnfill(EVENT_MEMBER_LIMIT - 200, 'x');
    return json_pack("{s:i, s:s, s:s}", "number", number, "a", half, "b", half);
}

static void
the_queue_of_a_listener_is_bounded_in_bytes(void **state)
{
    (void)state;
    Events *events = events_new();
    EventListener *listener = listen_to_all(events);
    const int count = 100;
    for (int i = 0; i < count; i++) {
        publish_payload(events, great_payload(i));
        assert_in_range(events_size(events), 1, EVENTS_QUEUE_SIZE);
    }
    unsigned view;
    int64_t lost = 0;
    const Event *event = events_next(listener, &view, &lost);
    assert_in_range(lost, count - EVENTS_QUEUE_SIZE / EVENT_MEMBER_LIMIT, count - 1);
    for (int i = (int)lost; i < count; i++) {
        json_t *payload = json_loads(event->text, 0, NULL), *wanted = great_payload(i);
        assert_true(json_equal(payload, wanted));
        json_decref(payload);
        json_decref(wanted);
        event_release(event);
        event = next(listener, 0);
    }
    assert_null(event);
    assert_int_equal(events_size(events), 0);
    events_unlisten(listener);
    events_free(events);
}

enum { GROUPS = 40, IN_GROUP = 14 };

/* Wants only the events of its own group. */
static bool
wants_group(const Event *event, unsigned *view, void *user_data)
{
    const int *group = user_data;
    *view = 7;
    return number_of(event) / IN_GROUP == *group;
}

/* Each listener is within its own bound, and keeps events that no other has: together they exceed
 * the bound. */
static void
all_queues_together_are_bounded_in_bytes(void **state)
{
    (void)state;
    static int groups[GROUPS];
    Events *events = events_new();
    EventListener *listeners[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
        groups[i] = i;
        const EventReader reader = {.wants = wants_group, .user_data = &groups[i]};
        listeners[i] = events_listen(events, &reader);
    }
    for (int i = 0; i < GROUPS * IN_GROUP; i++) {
        publish_payload(events, great_payload(i));
        assert_in_range(events_size(events), 1, EVENTS_TOTAL_SIZE);
    }
    int64_t got = 0, lost_in_all = 0;
    for (int i = 0; i < GROUPS; i++) {
        unsigned view;
        int64_t lost;
        const Event *event = events_next(listeners[i], &view, &lost);
        lost_in_all += lost;
        assert_true(i > 0 || (event == NULL && lost == IN_GROUP)); /* the oldest are lost */
        assert_true(i < GROUPS - 1 || lost == 0);                  /* and the newest are kept */
        for (; event != NULL; event = events_next(listeners[i], &view, &lost), got++) {
            assert_int_equal(view, 7);
            event_release(event);
        }
        events_unlisten(listeners[i]);
    }
    assert_int_equal(got + lost_in_all, GROUPS * IN_GROUP);
    assert_true(lost_in_all > 0);
    assert_int_equal(events_size(events), 0);
    events_free(events);
}

/* ---- the content of an event ---- */

/* A member with a value of this many bytes as text. */
static void
add_member(json_t *payload, const char *name, size_t size)
{
    g_autofree char *text = g_strnfill(size - 2, 'x');
    json_object_set_new(payload, name, json_string(text));
}

static void
members_without_room_are_left_out_and_named(void **state)
{
    (void)state;
    Events *events = events_new();
    EventListener *listener = listen_to_all(events);
    json_t *payload = json_pack("{s:s}", "uuid", "u");
    add_member(payload, "fits", EVENT_MEMBER_LIMIT);
    add_member(payload, "great", EVENT_MEMBER_LIMIT + 1);
    add_member(payload, "second", EVENT_MEMBER_LIMIT - 200);
    add_member(payload, "no room left", 1000);
    json_object_set_new(payload, "last", json_integer(1));
    publish_payload(events, payload);
    const Event *event = next(listener, 0);
    json_t *told = json_loads(event->text, 0, NULL);
    json_t *left_out = json_pack("[s, s]", "great", "no room left");
    assert_true(event->size < EVENT_TEXT_LIMIT + 200);
    assert_true(json_equal(json_object_get(told, "left_out"), left_out));
    assert_true(json_is_null(json_object_get(told, "great")));
    assert_true(json_is_null(json_object_get(told, "no room left")));
    assert_int_equal(json_string_length(json_object_get(told, "fits")), EVENT_MEMBER_LIMIT - 2);
    assert_int_equal(json_integer_value(json_object_get(told, "last")), 1);
    json_decref(left_out);
    json_decref(told);
    event_release(event);
    events_unlisten(listener);
    events_free(events);
}

static void
members_are_found_in_the_text(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } rows[] = {
        {"a",    "1"},
        {"ab",   "{\"a\":[1,{\"c\":2}]}"},
        {"x",    "\"a\\\"b\""},
        {"b",    "null"},
        {"none", NULL},
        {"c",    NULL},                    /* a member of a member, not of the payload */
    };
    Events *events = events_new();
    EventListener *listener = listen_to_all(events);
    publish_payload(events, json_pack("{s:i, s:{s:[i, {s:i}]}, s:s, s:n}", "a", 1, "ab", "a", 1,
                                      "c", 2, "x", "a\"b", "b"));
    publish_payload(events, json_object());
    const Event *event = next(listener, 0);
    size_t begin, size;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        bool found = event_member(event, rows[i].name, &begin, &size);
        assert_int_equal(found, rows[i].value != NULL);
        g_autofree char *value = found ? g_strndup(event->text + begin, size) : NULL;
        if (found)
            assert_string_equal(value, rows[i].value);
    }
    event_release(event);
    event = next(listener, 0);
    assert_string_equal(event->text, "{}");
    assert_false(event_member(event, "a", &begin, &size));
    event_release(event);
    events_unlisten(listener);
    events_free(events);
}

static void
no_event_is_wanted_without_listeners(void **state)
{
    (void)state;
    Events *events = events_new();
    assert_false(events_wanted(events));
    EventListener *listener = listen_to_all(events);
    assert_true(events_wanted(events));
    events_unlisten(listener);
    assert_false(events_wanted(events));
    events_free(events);
}

static void
unread_events_are_freed_with_their_listener(void **state)
{
    (void)state;
    Events *events = events_new();
    EventListener *listener = listen_to_all(events);
    for (int i = 0; i < 10; i++)
        publish(events, i);
    events_unlisten(listener);
    publish(events, 10); /* without listeners */
    events_unlisten(NULL);
    events_free(events);
    events_free(NULL);
}

static void
wake(void *user_data)
{
    atomic_fetch_add((atomic_int *)user_data, 1);
}

#define PUBLISHERS 4
#define EACH 2000

typedef struct Publisher {
    Events *events;
    int base;
} Publisher;

static void *
publish_all(void *data)
{
    const Publisher *publisher = data;
    for (int i = 0; i < EACH; i++)
        publish(publisher->events, publisher->base + i);
    return NULL;
}

typedef struct Reader {
    EventListener *listener;
    atomic_int *published; /* threads that are done */
    int64_t got, lost, last_id;
    bool out_of_order;
} Reader;

static const Event *
take(Reader *reader)
{
    unsigned view;
    int64_t lost;
    const Event *event = events_next(reader->listener, &view, &lost);
    reader->lost += lost;
    return event;
}

static void *
read_all(void *data)
{
    Reader *reader = data;
    for (bool last = false; !last;) {
        last = atomic_load(reader->published) != 0;
        for (const Event *event; (event = take(reader)) != NULL; event_release(event)) {
            reader->got++;
            reader->out_of_order |= event->id <= reader->last_id;
            reader->last_id = event->id;
        }
    }
    return NULL;
}

static void
from_many_publishers_each_event_is_read_or_counted_as_lost(void **state)
{
    (void)state;
    Events *events = events_new();
    atomic_int wakes = 0, published = 0;
    pthread_t publishers[PUBLISHERS], readers[2];
    Publisher rows[PUBLISHERS];
    Reader reading[2] = {0};
    for (int i = 0; i < 2; i++) {
        reading[i].listener = events_listen(events, &(EventReader){NULL, wake, &wakes});
        reading[i].published = &published;
        assert_int_equal(pthread_create(&readers[i], NULL, read_all, &reading[i]), 0);
    }
    for (int i = 0; i < PUBLISHERS; i++) {
        rows[i] = (Publisher){events, i * EACH};
        assert_int_equal(pthread_create(&publishers[i], NULL, publish_all, &rows[i]), 0);
    }
    for (int i = 0; i < PUBLISHERS; i++)
        pthread_join(publishers[i], NULL);
    atomic_store(&published, 1);
    for (int i = 0; i < 2; i++) {
        pthread_join(readers[i], NULL);
        assert_true(reading[i].got + reading[i].lost == PUBLISHERS * EACH);
        assert_false(reading[i].out_of_order);
        events_unlisten(reading[i].listener);
    }
    assert_int_equal(atomic_load(&wakes), 2 * PUBLISHERS * EACH);
    events_free(events);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_gets_what_was_published_since_it_came_in_order),
        cmocka_unit_test(all_listeners_share_one_text),
        cmocka_unit_test(a_slow_listener_loses_the_oldest_and_is_told_how_many),
        cmocka_unit_test(the_queue_of_a_listener_is_bounded_in_bytes),
        cmocka_unit_test(all_queues_together_are_bounded_in_bytes),
        cmocka_unit_test(members_without_room_are_left_out_and_named),
        cmocka_unit_test(members_are_found_in_the_text),
        cmocka_unit_test(no_event_is_wanted_without_listeners),
        cmocka_unit_test(unread_events_are_freed_with_their_listener),
        cmocka_unit_test(from_many_publishers_each_event_is_read_or_counted_as_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
