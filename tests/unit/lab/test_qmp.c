/* The monitor client speaks QMP with the other end of a socket pair, and survives other data.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"
#include "lab/qmp.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Fixture {
    Qmp *qmp;
    int qemu; /* the other end */
    GString *events;
} Fixture;

static void
note_event(void *user_data, const char *event, const json_t *data)
{
    GString *events = user_data;
    g_string_append_printf(events, "%s%s;", event,
                           json_is_true(json_object_get(data, "guest")) ? "/guest" : "");
}

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0)
        return -1;
    fixture->events = g_string_new(NULL);
    fixture->qmp = qmp_new(sockets[0], "lab-0", note_event, fixture->events);
    fixture->qemu = sockets[1];
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    qmp_free(fixture->qmp);
    if (fixture->qemu >= 0)
        close(fixture->qemu);
    g_string_free(fixture->events, true);
    g_free(fixture);
    return 0;
}

static void
qemu_says(Fixture *fixture, const char *text)
{
    assert_int_equal(write(fixture->qemu, text, strlen(text)), strlen(text));
}

static void
commands_arrive_in_order_after_negotiation(void **state)
{
    Fixture *fixture = *state;
    assert_true(qmp_send(fixture->qmp, "qom-set", json_pack("{s:i}", "value", 3), NULL));
    assert_true(qmp_send(fixture->qmp, "system_reset", NULL, NULL));
    char text[1024] = "";
    assert_true(read(fixture->qemu, text, sizeof text - 1) > 0);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    assert_int_equal(g_strv_length(lines), 4);
    assert_string_equal(lines[0], "{\"execute\":\"qmp_capabilities\",\"id\":\"qmp_capabilities\"}");
    assert_string_equal(lines[1],
                        "{\"execute\":\"qom-set\",\"id\":\"qom-set\",\"arguments\":{\"value\":3}}");
    assert_string_equal(lines[2], "{\"execute\":\"system_reset\",\"id\":\"system_reset\"}");
}

static void
events_are_called_back_also_when_they_come_in_pieces(void **state)
{
    Fixture *fixture = *state;
    qemu_says(
        fixture,
        "{\"QMP\": {}}\r\n{\"return\": {}, \"id\": \"qmp_capabilities\"}\r\n{\"event\": \"RES");
    assert_true(qmp_read(fixture->qmp, NULL));
    assert_string_equal(fixture->events->str, "");
    qemu_says(fixture, "ET\", \"data\": {\"guest\": true}}\r\n{\"event\": \"SHUTDOWN\", \"data\": "
                       "{\"guest\": false}}\r\n");
    assert_true(qmp_read(fixture->qmp, NULL));
    assert_string_equal(fixture->events->str, "RESET/guest;SHUTDOWN;");
}

static void
refused_command_does_not_end_the_connection(void **state)
{
    Fixture *fixture = *state;
    qemu_says(fixture, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such path\"}, "
                       "\"id\": \"qom-set\"}\n"
                       "{\"error\": 3}\n{\"event\": \"STOP\"}\n");
    assert_true(qmp_read(fixture->qmp, NULL));
    assert_string_equal(fixture->events->str, "STOP;");
}

static void
end_of_qemu_is_an_error_after_its_last_words(void **state)
{
    Fixture *fixture = *state;
    qemu_says(fixture, "{\"event\": \"SHUTDOWN\"}\n");
    close(fixture->qemu);
    fixture->qemu = -1;
    g_autoptr(GError) error = NULL;
    assert_false(qmp_read(fixture->qmp, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
    assert_string_equal(fixture->events->str, "SHUTDOWN;");
    assert_false(qmp_send(fixture->qmp, "system_reset", NULL, NULL));
}

static void
what_is_no_qmp_is_an_error(void **state)
{
    Fixture *fixture = *state;
    qemu_says(fixture, "SeaBIOS\n");
    assert_false(qmp_read(fixture->qmp, NULL));
}

static void
line_without_end_is_an_error(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *part = g_strnfill(30000, 'x');
    qemu_says(fixture, part);
    assert_true(qmp_read(fixture->qmp, NULL));
    qemu_says(fixture, part);
    assert_true(qmp_read(fixture->qmp, NULL));
    qemu_says(fixture, part);
    assert_false(qmp_read(fixture->qmp, NULL));
}

#define WITH_QMP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_QMP(commands_arrive_in_order_after_negotiation),
        WITH_QMP(events_are_called_back_also_when_they_come_in_pieces),
        WITH_QMP(refused_command_does_not_end_the_connection),
        WITH_QMP(end_of_qemu_is_an_error_after_its_last_words),
        WITH_QMP(what_is_no_qmp_is_an_error),
        WITH_QMP(line_without_end_is_an_error),
    };
    return cmocka_run_group_tests_name("lab/qmp", tests, NULL, NULL);
}
