/* Events between processes: what one publishes, another one shows, and nothing goes round.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/event_relay.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NODE "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"

static void
count(void *user)
{
    ++*(unsigned *)user;
}

static void
an_event_comes_as_it_was_published_and_is_not_sent_on(void **state)
{
    (void)state;
    unsigned sent = 0, came = 0, view = 0;
    int64_t lost = 0;
    Events *here = events_new(), *there = events_new();
    EventRelay *from = event_relay_new(here, NULL), *to = event_relay_new(there, NULL);
    const EventReader reader = {NULL, count, &came};
    EventListener *listener = events_listen(there, &reader);
    EventOutlet *out = event_outlet_open(from, count, &sent);
    EventOutlet *further = event_outlet_open(to, count, &sent);
    const EventAbout about = {NODE, "p1", NULL};
    events_publish(here, "baremetal.node.create.success", &about, json_pack("{s:i}", "a", 7));
    g_autofree char *text = event_outlet_next(out, &lost);
    assert_int_equal(sent, 1);
    assert_non_null(text);
    assert_true(event_relay_take(to, text, strlen(text)));
    const Event *event = events_next(listener, &view, &lost);
    assert_string_equal(event->type, "baremetal.node.create.success");
    assert_string_equal(event->about.node_uuid, NODE);
    assert_string_equal(event->about.owner, "p1");
    assert_null(event->about.lessee);
    assert_string_equal(event->text, "{\"a\":7}");
    event_release(event);
    assert_null(event_outlet_next(further, &lost)); /* it came from elsewhere */
    assert_int_equal(sent, 1);
    event_outlet_close(out);
    event_outlet_close(further);
    events_unlisten(listener);
    event_relay_free(from);
    event_relay_free(to);
    events_free(here);
    events_free(there);
}

static void
progress_is_on_the_board_until_other_news_of_the_node(void **state)
{
    (void)state;
    static const char progress[] =
        "{\"type\":\"baremetal.node.progress.update\",\"node\":\"" NODE "\",\"owner\":null,"
        "\"lessee\":null,\"payload\":{\"agent_phase\":\"write image\",\"bytes_done\":5,"
        "\"bytes_total\":10}}";
    static const char news[] =
        "{\"type\":\"baremetal.node.provision_set.end\",\"node\":\"" NODE "\",\"payload\":{}}";
    Events *events = events_new();
    ProgressBoard *board = progress_board_new();
    EventRelay *relay = event_relay_new(events, board);
    ProgressState known;
    assert_true(event_relay_take(relay, progress, strlen(progress)));
    assert_true(progress_board_read(board, NODE, &known));
    assert_string_equal(known.phase, "write image");
    assert_int_equal(known.bytes, 5);
    assert_int_equal(known.total, 10);
    assert_true(event_relay_take(relay, news, strlen(news)));
    assert_false(progress_board_read(board, NODE, &known));
    event_relay_free(relay);
    progress_board_free(board);
    events_free(events);
}

static void
what_is_no_event_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{\"type\":7,\"payload\":{}}",
        "{\"type\":\"other\",\"payload\":{}}",
        "{\"type\":\"baremetal.node.create.start\"}",
        "{\"type\":\"baremetal.node.create.start\",\"node\":\"x\",\"payload\":{}}",
    };
    Events *events = events_new();
    EventRelay *relay = event_relay_new(events, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        assert_false(event_relay_take(relay, texts[i], strlen(texts[i])));
    event_relay_free(relay);
    events_free(events);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_comes_as_it_was_published_and_is_not_sent_on),
        cmocka_unit_test(progress_is_on_the_board_until_other_news_of_the_node),
        cmocka_unit_test(what_is_no_event_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
