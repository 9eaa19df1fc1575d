/* Streams without a library that sends them: which thread uses a stream while it ends.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/http_stream.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A source that is always silent for too long. */
typedef struct Source {
    RequestStream base;
    void (*wake)(void *carrier);
    void *carrier;
} Source;

static void
source_open(RequestStream *base, void (*wake)(void *carrier), void *carrier)
{
    Source *source = (Source *)base;
    source->wake = wake;
    source->carrier = carrier;
}

static void
source_free(RequestStream *base)
{
    g_free(base);
}

static void
source_wake_and_free(RequestStream *base)
{
    Source *source = (Source *)base;
    source->wake(source->carrier);
    g_free(source);
}

static RequestStream *
source_new(void (*free)(RequestStream *base))
{
    Source *source = g_new0(Source, 1);
    source->base = (RequestStream){.open = source_open, .free = free};
    return &source->base;
}

/* The places of both threads. Relaxed: only the streams' own locks may order their accesses. */
typedef enum Place { BEFORE, LISTENING, TICKED } Place;

typedef struct Meeting {
    HttpStreams *streams;
    atomic_int place;
} Meeting;

static void
go(Meeting *meeting, Place place)
{
    atomic_store_explicit(&meeting->place, place, memory_order_relaxed);
}

static void
wait_for(Meeting *meeting, Place place)
{
    while (atomic_load_explicit(&meeting->place, memory_order_relaxed) != (int)place)
        sched_yield();
}

static void *
come_and_go(void *data)
{
    Meeting *meeting = data;
    HttpStream *stream = http_stream_new(meeting->streams, source_new(source_free), NULL);
    go(meeting, LISTENING);
    wait_for(meeting, TICKED);
    http_stream_free(stream);
    return NULL;
}

static void
a_listener_may_leave_right_after_a_tick(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        Pool *pool = pool_new("clock", 1, 10);
        Meeting meeting = {.streams = http_streams_new(pool)};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, come_and_go, &meeting), 0);
        wait_for(&meeting, LISTENING);
        assert_int_equal(http_streams_count(meeting.streams), 1);
        http_streams_close(meeting.streams); /* so that the clock ticks no more than once */
        pool_free(pool);                     /* runs the job that is not due yet: the clock */
        go(&meeting, TICKED);
        pthread_join(thread, NULL);
        assert_int_equal(http_streams_count(meeting.streams), 0);
        http_streams_free(meeting.streams);
    }
}

static void
an_event_may_wake_a_stream_that_is_about_to_end(void **state)
{
    (void)state;
    Pool *pool = pool_new("clock", 1, 10);
    HttpStreams *streams = http_streams_new(pool);
    HttpStream *stream = http_stream_new(streams, source_new(source_wake_and_free), NULL);
    http_stream_free(stream);
    assert_int_equal(http_streams_count(streams), 0);
    pool_free(pool);
    http_streams_free(streams);
}

static void
freeing_no_stream_is_fine(void **state)
{
    (void)state;
    http_stream_free(NULL);
    http_streams_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_may_leave_right_after_a_tick),
        cmocka_unit_test(an_event_may_wake_a_stream_that_is_about_to_end),
        cmocka_unit_test(freeing_no_stream_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
