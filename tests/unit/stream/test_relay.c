/* A stream with two readers: each gets all of it, and a failure or the end of one ends it for all.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/relay.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What a reader has seen; it fails at a part, or waits there until it is let go. */
typedef struct Seen {
    GByteArray *bytes;
    unsigned parts, fails_at;
    bool holds;
    pthread_mutex_t lock;
    pthread_cond_t changed;
} Seen;

static void
seen_begin(Seen *seen)
{
    *seen = (Seen){.bytes = g_byte_array_new()};
    pthread_mutex_init(&seen->lock, NULL);
    pthread_cond_init(&seen->changed, NULL);
}

static void
seen_end(Seen *seen)
{
    g_byte_array_unref(seen->bytes);
    pthread_mutex_destroy(&seen->lock);
    pthread_cond_destroy(&seen->changed);
}

static void
let_go(Seen *seen)
{
    pthread_mutex_lock(&seen->lock);
    seen->holds = false;
    pthread_cond_broadcast(&seen->changed);
    pthread_mutex_unlock(&seen->lock);
}

static void
wait_for_parts(Seen *seen, unsigned parts)
{
    pthread_mutex_lock(&seen->lock);
    while (seen->parts < parts)
        pthread_cond_wait(&seen->changed, &seen->lock);
    pthread_mutex_unlock(&seen->lock);
}

static bool
take(void *user, const uint8_t *data, size_t size, GError **error)
{
    Seen *seen = user;
    pthread_mutex_lock(&seen->lock);
    while (seen->holds)
        pthread_cond_wait(&seen->changed, &seen->lock);
    unsigned part = ++seen->parts;
    pthread_cond_broadcast(&seen->changed);
    pthread_mutex_unlock(&seen->lock);
    if (part == seen->fails_at)
        return steel_fail(error, STEEL_ERROR_IO, "the disk is full");
    g_byte_array_append(seen->bytes, data, (guint)size);
    return true;
}

static Relay *
two_readers(Seen *first, Seen *second)
{
    const RelayReader readers[] = {{"first", take, NULL, first}, {"second", take, NULL, second}};
    Relay *relay = relay_new(readers, 2, NULL);
    assert_non_null(relay);
    return relay;
}

/* No part is like another one. */
static uint8_t *
make_bytes(size_t size)
{
    uint8_t *bytes = g_malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)((i * 2654435761u >> 13) + 37 * (i / RELAY_PART));
    return bytes;
}

/* Pushes of any length; sizes around the ends of parts. */
static void
each_reader_gets_all_bytes_in_order(void **state)
{
    static const size_t sizes[] = {
        0, 1, RELAY_PART - 1, RELAY_PART, RELAY_PART + 1, (RELAY_PARTS + 2) * RELAY_PART + 7};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Seen seen[2];
        g_autofree uint8_t *bytes = make_bytes(sizes[i]);
        seen_begin(&seen[0]);
        seen_begin(&seen[1]);
        Relay *relay = two_readers(&seen[0], &seen[1]);
        for (size_t at = 0, part; at < sizes[i]; at += part) {
            part = MIN(sizes[i] - at, at % 300000 + 1);
            assert_true(relay_push(relay, bytes + at, part, NULL));
        }
        assert_true(relay_finish(relay, NULL));
        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(seen[j].bytes->len, sizes[i]);
            if (sizes[i] > 0)
                assert_memory_equal(seen[j].bytes->data, bytes, sizes[i]);
        }
        relay_free(relay);
        seen_end(&seen[0]);
        seen_end(&seen[1]);
    }
}

/* While one reader does not read, the other one is not more than all parts ahead. */
typedef struct Pusher {
    Relay *relay;
    const uint8_t *bytes;
    size_t size;
    bool good;
} Pusher;

static void *
push_all(void *data)
{
    Pusher *pusher = data;
    pusher->good = relay_push(pusher->relay, pusher->bytes, pusher->size, NULL) &&
                   relay_finish(pusher->relay, NULL);
    return NULL;
}

static void
a_slow_reader_holds_up_the_pusher_and_loses_nothing(void **state)
{
    (void)state;
    Seen slow, fast;
    pthread_t thread;
    size_t size = (2 * RELAY_PARTS + 1) * RELAY_PART;
    g_autofree uint8_t *bytes = make_bytes(size);
    seen_begin(&slow);
    seen_begin(&fast);
    slow.holds = true;
    Relay *relay = two_readers(&slow, &fast);
    Pusher pusher = {relay, bytes, size, false};
    assert_int_equal(pthread_create(&thread, NULL, push_all, &pusher), 0);
    wait_for_parts(&fast, RELAY_PARTS);
    let_go(&slow);
    pthread_join(thread, NULL);
    assert_true(pusher.good);
    assert_int_equal(slow.bytes->len, size);
    assert_memory_equal(slow.bytes->data, bytes, size);
    assert_memory_equal(fast.bytes->data, bytes, size);
    relay_free(relay);
    seen_end(&slow);
    seen_end(&fast);
}

static void
what_a_reader_says_is_told_to_the_pusher(void **state)
{
    (void)state;
    Seen good, bad;
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *bytes = make_bytes(RELAY_PART);
    seen_begin(&good);
    seen_begin(&bad);
    bad.fails_at = 2;
    Relay *relay = two_readers(&good, &bad);
    bool pushed = true;
    for (size_t i = 0; pushed && i < 3 * RELAY_PARTS; i++)
        pushed = relay_push(relay, bytes, RELAY_PART, &error);
    assert_false(pushed);
    assert_string_equal(error->message, "the disk is full");
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
    relay_free(relay);
    seen_end(&good);
    seen_end(&bad);
}

static void
a_failure_with_the_last_part_shows_at_the_end(void **state)
{
    (void)state;
    Seen good, bad;
    g_autoptr(GError) error = NULL;
    seen_begin(&good);
    seen_begin(&bad);
    bad.fails_at = 1;
    Relay *relay = two_readers(&good, &bad);
    assert_true(relay_push(relay, (const uint8_t *)"end", 3, NULL));
    assert_false(relay_finish(relay, &error));
    assert_string_equal(error->message, "the disk is full");
    relay_free(relay);
    seen_end(&good);
    seen_end(&bad);
}

/* A reader that needs each part until it has some more, as a disk does that still writes it. It
 * takes its time, so that the pusher comes as far as it may. */
typedef struct Borrower {
    const uint8_t *held[RELAY_LENT]; /* NULL: nothing; part N stands at N % RELAY_LENT */
    size_t held_sizes[RELAY_LENT], settled;
    GByteArray *bytes;
    unsigned fails_at, taken;
    bool waits;
    Seen pushed; /* its parts */
} Borrower;

/* What the place holds is the oldest part. */
static void
use_held(Borrower *borrower, unsigned place)
{
    if (borrower->held[place] != NULL)
        g_byte_array_append(borrower->bytes, borrower->held[place],
                            (guint)borrower->held_sizes[place]);
    borrower->held[place] = NULL;
}

static bool
borrow(void *user, const uint8_t *data, size_t size, GError **error)
{
    Borrower *borrower = user;
    unsigned before = borrower->taken++, place = before % RELAY_LENT;
    if (borrower->taken == borrower->fails_at)
        return steel_fail(error, STEEL_ERROR_IO, "the disk is full");
    if (borrower->held[place] != NULL && borrower->waits)
        wait_for_parts(&borrower->pushed, before - RELAY_LENT + RELAY_PARTS);
    use_held(borrower, place);
    borrower->held[place] = data;
    borrower->held_sizes[place] = size;
    return true;
}

static bool
settle(void *user, GError **error)
{
    Borrower *borrower = user;
    for (unsigned i = 0; i < RELAY_LENT; i++)
        use_held(borrower, (borrower->taken + i) % RELAY_LENT);
    borrower->settled++;
    return borrower->fails_at != UINT_MAX ||
           steel_fail(error, STEEL_ERROR_IO, "the disk is full at its end");
}

static Relay *
one_borrower(Borrower *borrower)
{
    const RelayReader readers[] = {{"borrower", borrow, settle, borrower}};
    borrower->bytes = g_byte_array_new();
    seen_begin(&borrower->pushed);
    Relay *relay = relay_new(readers, 1, NULL);
    assert_non_null(relay);
    return relay;
}

static void
end_borrower(Borrower *borrower, Relay *relay)
{
    relay_free(relay);
    seen_end(&borrower->pushed);
    g_byte_array_unref(borrower->bytes);
}

static void
note_pushed(Seen *pushed, unsigned parts)
{
    pthread_mutex_lock(&pushed->lock);
    pushed->parts += parts;
    pthread_cond_broadcast(&pushed->changed);
    pthread_mutex_unlock(&pushed->lock);
}

static void
a_part_stays_until_some_more_are_taken(void **state)
{
    (void)state;
    enum { PARTS = 4 * RELAY_PARTS };
    Borrower borrower = {.waits = true};
    g_autofree uint8_t *bytes = make_bytes(PARTS * RELAY_PART);
    Relay *relay = one_borrower(&borrower);
    for (size_t i = 0; i < PARTS; i++) {
        assert_true(relay_push(relay, bytes + i * RELAY_PART, RELAY_PART, NULL));
        note_pushed(&borrower.pushed, 1);
    }
    note_pushed(&borrower.pushed, RELAY_PARTS);
    assert_true(relay_finish(relay, NULL));
    assert_int_equal(borrower.settled, 1);
    assert_int_equal(borrower.bytes->len, PARTS * RELAY_PART);
    assert_memory_equal(borrower.bytes->data, bytes, PARTS * RELAY_PART);
    end_borrower(&borrower, relay);
}

static void
a_reader_settles_after_failures_too(void **state)
{
    (void)state;
    Borrower borrower = {.fails_at = 3};
    g_autofree uint8_t *bytes = make_bytes(RELAY_PART);
    Relay *relay = one_borrower(&borrower);
    bool pushed = true;
    for (size_t i = 0; pushed && i < 3 * RELAY_PARTS; i++)
        pushed = relay_push(relay, bytes, RELAY_PART, NULL);
    assert_false(pushed);
    relay_free(g_steal_pointer(&relay));
    assert_int_equal(borrower.settled, 1);
    assert_int_equal(borrower.bytes->len, 2 * RELAY_PART);
    end_borrower(&borrower, relay);
}

static void
what_fails_while_it_settles_shows_at_the_end(void **state)
{
    (void)state;
    Borrower borrower = {.fails_at = UINT_MAX};
    g_autoptr(GError) error = NULL;
    Relay *relay = one_borrower(&borrower);
    assert_true(relay_push(relay, (const uint8_t *)"end", 3, NULL));
    assert_false(relay_finish(relay, &error));
    assert_string_equal(error->message, "the disk is full at its end");
    end_borrower(&borrower, relay);
}

/* A download that breaks off: what waits is dropped. */
static void
what_was_not_read_is_dropped_when_it_is_freed(void **state)
{
    (void)state;
    Seen first, second;
    g_autofree uint8_t *bytes = make_bytes(RELAY_PART);
    seen_begin(&first);
    seen_begin(&second);
    first.holds = second.holds = true;
    Relay *relay = two_readers(&first, &second);
    for (size_t i = 0; i < RELAY_PARTS; i++)
        assert_true(relay_push(relay, bytes, RELAY_PART, NULL));
    let_go(&first);
    let_go(&second);
    relay_free(relay);
    assert_true(first.bytes->len <= RELAY_PARTS * RELAY_PART);
    seen_end(&first);
    seen_end(&second);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reader_gets_all_bytes_in_order),
        cmocka_unit_test(a_slow_reader_holds_up_the_pusher_and_loses_nothing),
        cmocka_unit_test(what_a_reader_says_is_told_to_the_pusher),
        cmocka_unit_test(a_failure_with_the_last_part_shows_at_the_end),
        cmocka_unit_test(a_part_stays_until_some_more_are_taken),
        cmocka_unit_test(a_reader_settles_after_failures_too),
        cmocka_unit_test(what_fails_while_it_settles_shows_at_the_end),
        cmocka_unit_test(what_was_not_read_is_dropped_when_it_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
