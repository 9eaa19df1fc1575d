/* Consoles that are served: real sockets, a real thread, and simulated BMCs whose machines echo.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bmc/ipmi/bmc/server.h"
#include "common/due_heap.h"
#include "common/error.h"
#include "consoles/consoles.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIMIT_MS = 30 * 1000, PORTS = 10 };

/* Ports that another run of this test, or an outgoing connection, does not take when one is free
 * again. */
static uint16_t
first_port(void)
{
    return (uint16_t)(9000 + getpid() % 100 * PORTS);
}

typedef struct Bench {
    IpmiServer *server;
    _Atomic(IpmiBmc *) bmc; /* also read by the thread of the server */
    Consoles *consoles;
    atomic_uint troubles;
} Bench;

/* The machine answers what is typed with the same characters. */
static size_t
echo(void *user_data, const uint8_t *bytes, size_t size)
{
    Bench *bench = user_data;
    ipmi_bmc_serial_output(atomic_load(&bench->bmc), bytes, size);
    return size;
}

static const IpmiBmcOps ops = {.serial_input = echo};

static void
note_trouble(void *user, const char *key, const GError *error)
{
    Bench *bench = user;
    assert_string_equal(key, "node-1");
    assert_non_null(error);
    atomic_fetch_add(&bench->troubles, 1);
}

static void
open_bench(Bench *bench)
{
    static const IpmiBmcUser user = {"admin", "secret", IPMI_PRIVILEGE_ADMINISTRATOR};
    g_autoptr(GError) error = NULL;
    *bench = (Bench){.server = ipmi_server_new(&error)};
    assert_non_null(bench->server);
    bench->bmc = ipmi_server_add(bench->server, "127.0.0.1", 0, &user, 1, &ops, bench, &error);
    assert_non_null(bench->bmc);
    bench->consoles = consoles_new(note_trouble, bench, &error);
    assert_non_null(bench->consoles);
}

static void
close_bench(Bench *bench)
{
    consoles_free(bench->consoles);
    ipmi_server_free(bench->server);
}

static uint16_t
start(Bench *bench, const char *address, const char *password, uint16_t wanted)
{
    g_autoptr(GError) error = NULL;
    const IpmiTarget target = {.address = address,
                               .port = ipmi_bmc_port(bench->bmc),
                               .username = "admin",
                               .password = password,
                               .cipher_suite = -1};
    const ConsoleSettings settings = {.key = "node-1",
                                      .target = &target,
                                      .address = "127.0.0.1",
                                      .wanted_port = wanted,
                                      .first_port = first_port(),
                                      .last_port = (uint16_t)(first_port() + PORTS - 1)};
    uint16_t port = 0;
    if (!consoles_start(bench->consoles, &settings, &port, &error))
        fail_msg("%s", error->message);
    assert_int_equal(consoles_port(bench->consoles, "node-1"), port);
    return port;
}

static int
connect_to(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&name, sizeof name) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Reads until the words come, or until the end if they are NULL, and nothing beyond them: it is for
 * the next one to read. What was read is the caller's. */
static GString *
read_until(int fd, const char *words)
{
    GString *seen = g_string_new(NULL);
    uint64_t until_ms = due_now_ms() + LIMIT_MS;
    for (const char *found = NULL; found == NULL;) {
        char bytes[4096];
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        if (due_now_ms() > until_ms)
            fail_msg("\"%s\" did not come: %s", words != NULL ? words : "the end", seen->str);
        if (poll(&polled, 1, 100) <= 0)
            continue;
        ssize_t size = recv(fd, bytes, sizeof bytes, MSG_PEEK);
        if (size <= 0 && words == NULL)
            break;
        if (size <= 0)
            fail_msg("the connection ended before \"%s\": %s", words, seen->str);
        size_t before = seen->len;
        g_string_append_len(seen, bytes, size);
        found = words != NULL ? strstr(seen->str, words) : NULL;
        if (found != NULL)
            g_string_truncate(seen, (size_t)(found - seen->str) + strlen(words));
        assert_int_equal(recv(fd, bytes, seen->len - before, 0), seen->len - before);
    }
    return seen;
}

static void
expect(int fd, const char *words)
{
    g_string_free(read_until(fd, words), true);
}

static void
type_text(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void
what_is_typed_reaches_the_machine_and_comes_back(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1", "localhost"}; /* a name is resolved */
    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
        Bench bench;
        open_bench(&bench);
        uint16_t port = start(&bench, addresses[i], "secret", 0);
        int fd = connect_to(port);
        type_text(fd, "before it is open\n"); /* waits until it is */
        expect(fd, "[connected to the console]");
        expect(fd, "before it is open");
        type_text(fd, "and after\n");
        expect(fd, "and after");
        assert_true(consoles_stop(bench.consoles, "node-1"));
        expect(fd, "[the console was stopped]");
        g_string_free(read_until(fd, NULL), true);
        assert_int_equal(connect_to(port), -1);
        assert_false(consoles_stop(bench.consoles, "node-1"));
        assert_int_equal(consoles_port(bench.consoles, "node-1"), 0);
        close(fd);
        close_bench(&bench);
    }
}

static void
a_console_that_is_started_again_ends_the_old_one_and_keeps_its_port(void **state)
{
    (void)state;
    Bench bench;
    open_bench(&bench);
    uint16_t port = start(&bench, "127.0.0.1", "secret", 0);
    int fd = connect_to(port);
    expect(fd, "[connected to the console]");
    assert_int_equal(start(&bench, "127.0.0.1", "secret", port), port);
    g_string_free(read_until(fd, NULL), true);
    int other = connect_to(port);
    expect(other, "[connected to the console]");
    close(fd);
    close(other);
    close_bench(&bench); /* with a client and a session */
}

static void
a_taken_port_gives_way_to_one_of_the_range_or_is_an_error(void **state)
{
    (void)state;
    Bench bench;
    open_bench(&bench);
    uint16_t taken = start(&bench, "127.0.0.1", "secret", 0), port = 0;
    const IpmiTarget target = {.address = "127.0.0.1", .cipher_suite = -1};
    ConsoleSettings settings = {.key = "node-2",
                                .target = &target,
                                .address = "127.0.0.1",
                                .wanted_port = taken,
                                .first_port = first_port(),
                                .last_port = (uint16_t)(first_port() + PORTS - 1)};
    g_autoptr(GError) error = NULL;
    assert_true(consoles_start(bench.consoles, &settings, &port, &error));
    assert_int_not_equal(port, taken);
    settings.key = "node-3";
    settings.first_port = settings.last_port = 0;
    assert_false(consoles_start(bench.consoles, &settings, &port, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
    g_clear_error(&error);
    settings.first_port = settings.last_port = taken;
    assert_false(consoles_start(bench.consoles, &settings, &port, &error));
    assert_non_null(strstr(error->message, "no port of"));
    assert_int_equal(consoles_port(bench.consoles, "node-3"), 0);
    close_bench(&bench);
}

static void
trouble_is_told_once_and_to_those_who_look(void **state)
{
    (void)state;
    Bench bench;
    open_bench(&bench);
    int fd = connect_to(start(&bench, "127.0.0.1", "wrong", 0));
    GString *seen = read_until(fd, "it is tried again in 2 s");
    assert_non_null(strstr(seen->str, "wrong password for user \"admin\""));
    assert_non_null(strstr(seen->str, "it is tried again in 1 s"));
    g_string_free(seen, true);
    assert_int_equal(atomic_load(&bench.troubles), 1);
    close(fd);
    close_bench(&bench);
}

static void
a_client_that_does_not_keep_up_is_told_what_it_misses(void **state)
{
    (void)state;
    Bench bench;
    open_bench(&bench);
    uint16_t port = start(&bench, "127.0.0.1", "secret", 0);
    int slow = connect_to(port), quick = connect_to(port);
    const int small = 2048;
    setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    expect(quick, "[connected to the console]");
    int late = connect_to(port); /* hears it too, although the session is open already */
    expect(late, "[connected to the console]");
    close(late);
    type_text(quick, "first\n");
    expect(quick, "first");
    /* More than the buffers of the kernel and of the console hold together. */
    g_autofree char *line = g_strnfill(199, 'x');
    line[198] = '\n';
    for (int i = 0; i < 4000; i++) {
        ipmi_bmc_serial_output(bench.bmc, (const uint8_t *)line, 199);
        if (i % 100 == 99) {
            g_autofree char *mark = g_strdup_printf("mark %d\n", i);
            type_text(quick, mark);
            expect(quick, mark);
        }
    }
    type_text(quick, "the end\n");
    expect(quick, "the end");
    GString *seen = read_until(slow, " characters were lost]");
    assert_non_null(strstr(seen->str, "first"));
    g_string_free(seen, true);
    close(slow);
    close(quick);
    close_bench(&bench);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_reaches_the_machine_and_comes_back),
        cmocka_unit_test(a_console_that_is_started_again_ends_the_old_one_and_keeps_its_port),
        cmocka_unit_test(a_taken_port_gives_way_to_one_of_the_range_or_is_an_error),
        cmocka_unit_test(trouble_is_told_once_and_to_those_who_look),
        cmocka_unit_test(a_client_that_does_not_keep_up_is_told_what_it_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
