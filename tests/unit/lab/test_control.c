/* The control socket answers requests and survives misuse.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"
#include "lab/control.h"
#include "lab/folder.h"

#include <glib.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_S 20

/* A server in a thread of its own, in a folder whose path is longer than a socket's address may
 * be. */
typedef struct Fixture {
    char *top, *folder;
    ControlServer *server;
    pthread_t thread;
    atomic_bool stop;
} Fixture;

static json_t *
handle(void *user_data, const json_t *request, GError **error)
{
    (void)user_data;
    const char *command = json_string_value(json_object_get(request, "command"));
    if (g_strcmp0(command, "fail") == 0) {
        steel_fail(error, STEEL_ERROR_LOCKED, "somebody has it");
        return NULL;
    }
    if (g_strcmp0(command, "long") == 0) {
        g_autofree char *text = g_strnfill(1000000, 'x');
        return json_pack("{s:s}", "text", text);
    }
    return json_pack("{s:s?}", "heard", command);
}

static void *
serve(void *data)
{
    Fixture *fixture = data;
    while (!atomic_load(&fixture->stop)) {
        struct pollfd polled[CONTROL_POLL_COUNT];
        poll(polled, control_server_poll(fixture->server, polled), 20);
        control_server_attend(fixture->server);
    }
    return NULL;
}

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    g_autofree char *long_name = g_strnfill(150, 'n');
    fixture->top = g_dir_make_tmp("control-XXXXXX", NULL);
    fixture->folder = g_build_filename(fixture->top, long_name, NULL);
    g_autoptr(GError) error = NULL;
    if (!folder_make(fixture->folder, &error))
        return -1;
    fixture->server = control_server_new(fixture->folder, handle, NULL, &error);
    *state = fixture;
    return fixture->server != NULL ? pthread_create(&fixture->thread, NULL, serve, fixture) : -1;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    atomic_store(&fixture->stop, true);
    pthread_join(fixture->thread, NULL);
    control_server_free(fixture->server);
    g_autofree char *path = g_build_filename(fixture->folder, CONTROL_SOCKET, NULL);
    bool gone = access(path, F_OK) != 0;
    folder_remove(fixture->top);
    g_free(fixture->top);
    g_free(fixture->folder);
    g_free(fixture);
    return gone ? 0 : -1;
}

static json_t *
ask(Fixture *fixture, const char *command, GError **error)
{
    json_auto_t *request = json_pack("{s:s}", "command", command);
    return control_ask(fixture->folder, request, WAIT_S * 1000, error);
}

static void
assert_still_answers(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *answer = ask(fixture, "hello", &error);
    if (answer == NULL)
        fail_msg("%s", error->message);
    assert_string_equal(json_string_value(json_object_get(answer, "heard")), "hello");
}

/* A plain connection, to send what control_ask never sends. */
static int
connect_raw(Fixture *fixture)
{
    g_autofree char *command = g_strdup(fixture->folder);
    assert_int_equal(chdir(command), 0); /* the path is too long for an address */
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct timeval limit = {.tv_sec = WAIT_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(chdir("/"), 0);
    return fd;
}

static char *
say_raw(Fixture *fixture, const char *text, size_t size)
{
    int fd = connect_raw(fixture);
    while (size > 0) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        text += sent;
        size -= (size_t)sent;
    }
    GString *answer = g_string_new(NULL);
    char buffer[1024];
    ssize_t got;
    while ((got = recv(fd, buffer, sizeof buffer, 0)) > 0)
        g_string_append_len(answer, buffer, got);
    close(fd);
    return g_string_free(answer, false);
}

static void
request_is_answered(void **state)
{
    assert_still_answers(*state);
}

static void
refusal_comes_back_as_the_error_it_was(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_null(ask(*state, "fail", &error));
    assert_true(steel_error_is(error, STEEL_ERROR_LOCKED));
    assert_string_equal(error->message, "somebody has it");
}

static void
long_answer_arrives_whole(void **state)
{
    json_auto_t *answer = ask(*state, "long", NULL);
    assert_int_equal(json_string_length(json_object_get(answer, "text")), 1000000);
}

static void
nonsense_is_answered_with_an_error(void **state)
{
    static const char *const nonsense[] = {"\n", "[]\n", "nothing\n", "{\"a\":1,\"a\":2}\n",
                                           "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(nonsense); i++) {
        g_autofree char *answer = say_raw(*state, nonsense[i], strlen(nonsense[i]));
        if (strstr(answer, "\"code\":\"INVALID\"") == NULL)
            fail_msg("%s -> %s", nonsense[i], answer);
    }
    assert_still_answers(*state);
}

static void
request_without_end_is_cut_off(void **state)
{
    g_autofree char *endless = g_strnfill(100000, '{');
    g_autofree char *answer = say_raw(*state, endless, 100000);
    assert_string_equal(answer, "");
    assert_still_answers(*state);
}

static void
silent_clients_make_room_again_when_they_leave(void **state)
{
    int fds[CONTROL_CLIENT_LIMIT + 4];
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        fds[i] = connect_raw(*state);
    char byte;
    /* those beyond the limit are turned away: end of file, or a reset */
    assert_true(recv(fds[G_N_ELEMENTS(fds) - 1], &byte, 1, 0) <= 0);
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
    assert_still_answers(*state);
}

static void
nobody_there_is_not_found(void **state)
{
    (void)state;
    json_auto_t *request = json_object();
    g_autoptr(GError) error = NULL;
    assert_null(control_ask("/no/such/folder", request, 1000, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NOT_FOUND));
    g_clear_error(&error);
    g_autofree char *empty = g_dir_make_tmp("control-XXXXXX", NULL);
    assert_null(control_ask(empty, request, 1000, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NOT_FOUND));
    folder_remove(empty);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(request_is_answered),
        WITH_SERVER(refusal_comes_back_as_the_error_it_was),
        WITH_SERVER(long_answer_arrives_whole),
        WITH_SERVER(nonsense_is_answered_with_an_error),
        WITH_SERVER(request_without_end_is_cut_off),
        WITH_SERVER(silent_clients_make_room_again_when_they_leave),
        cmocka_unit_test(nobody_there_is_not_found),
    };
    return cmocka_run_group_tests_name("lab/control", tests, NULL, NULL);
}
