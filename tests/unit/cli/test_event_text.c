/* Events of a stream that is cut anywhere.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The events of a text: "type=data;" for each. */
static char *
read_all(EventReader *reader)
{
    GString *seen = g_string_new(NULL);
    for (;;) {
        g_autoptr(EventText) event = event_reader_next(reader);
        if (event == NULL)
            return g_string_free(seen, FALSE);
        g_string_append_printf(seen, "%s=%s;", event->type, event->data);
    }
}

static void
events_are_found_wherever_the_stream_is_cut(void **state)
{
    (void)state;
    static const struct {
        const char *text, *events;
    } rows[] = {
        {"id: 1\nevent: a.b\ndata: {\"x\": \"y: z\"}\n\n",         "a.b={\"x\": \"y: z\"};"},
        {"event: a\r\ndata: 1\r\n\r\nevent: b\r\ndata: 2\r\n\r\n", "a=1;b=2;"},
        {"event: a\rdata: 1\r\revent: b\rdata: 2\r\r",             "a=1;b=2;"},
        {": comment\n\n: still here\n\ndata: 1\n\n",               "message=1;"},
        {"data: one\ndata:two\ndata\ndata:  three\n\n",            "message=one\ntwo\n\n three;"},
        {"event: without data\n\nevent: a\ndata: 1\n\n",           "a=1;"},
        {"event: unfinished\ndata: 1\n",                           ""},
        {"events: a\ndat: 1\nretry: 5\ndata: 1\n\n",               "message=1;"},
        {"",                                                       ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t size = strlen(rows[i].text);
        for (size_t cut = 0; cut <= size; cut++) {
            g_autoptr(EventReader) reader = event_reader_new();
            assert_true(event_reader_feed(reader, rows[i].text, cut));
            assert_true(event_reader_feed(reader, rows[i].text + cut, size - cut));
            g_autofree char *seen = read_all(reader);
            assert_string_equal(seen, rows[i].events);
        }
    }
}

static void
a_stream_of_one_endless_line_or_event_is_refused(void **state)
{
    (void)state;
    g_autofree char *piece = g_strnfill(1 << 20, 'x');
    g_autofree char *line = g_strconcat("data: ", piece, "\n", NULL);
    g_autoptr(EventReader) lines = event_reader_new(), events = event_reader_new();
    int taken = 0;
    while (taken < 100 && event_reader_feed(lines, piece, 1 << 20))
        taken++;
    assert_int_equal(taken, 16);
    for (taken = 0; taken < 100 && event_reader_feed(events, line, strlen(line));)
        taken++;
    assert_int_equal(taken, 15);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_found_wherever_the_stream_is_cut),
        cmocka_unit_test(a_stream_of_one_endless_line_or_event_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
