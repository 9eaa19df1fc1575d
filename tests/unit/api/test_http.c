/* Connections: many at once, calls that return early and late, a stop in the middle.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"
#include "api_fixture.h"
#include "common/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static ApiFixture *fixture;
static Api *api;
static char *node_uuid;

static int
set_up(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    fixture = api_fixture_new();
    node_uuid = api_fixture_add_node(fixture, "one");
    Config *config = config_new();
    assert_true(config_set(config, "api.port=0", &error));
    assert_true(config_finish(config, &error));
    config_publish(config);
    const ApiServices services = {.db = fixture->db, .rpc = fixture->rpc};
    api = api_start(&services, &error);
    if (api == NULL)
        fail_msg("%s", error->message);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    api_stop(api);
    api_fixture_free(fixture);
    g_free(node_uuid);
    return 0;
}

static int
connect_to(unsigned port)
{
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(connection, (struct sockaddr *)&address, sizeof address), 0);
    const struct timeval limit = {.tv_sec = 60};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return connection;
}

static void
send_text(int connection, const char *text)
{
    size_t size = strlen(text), sent = 0;
    while (sent < size) {
        ssize_t step = send(connection, text + sent, size - sent, MSG_NOSIGNAL);
        assert_true(step > 0);
        sent += (size_t)step;
    }
}

/* Reads one answer, headers and body; its status. */
static int
read_answer(int connection)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *end = NULL;
    size_t length = 0;
    while (end == NULL || text->len < (size_t)(end + 4 - text->str) + length) {
        char buffer[4096];
        ssize_t got = recv(connection, buffer, sizeof buffer, 0);
        if (got <= 0)
            return -1;
        g_string_append_len(text, buffer, got);
        end = strstr(text->str, "\r\n\r\n");
        const char *field = strstr(text->str, "Content-Length: ");
        length = end != NULL && field != NULL && field < end ? strtoul(field + 16, NULL, 10) : 0;
    }
    return (int)strtol(text->str + strlen("HTTP/1.1 "), NULL, 10);
}

static const char list[] = "GET /v1/nodes HTTP/1.1\r\nHost: localhost\r\n\r\n";
static const char power[] = "PUT /v1/nodes/one/states/power HTTP/1.1\r\nHost: localhost\r\n"
                            "X-OpenStack-Ironic-API-Version: 1.82\r\nContent-Type: "
                            "application/json\r\nContent-Length: 21\r\n\r\n"
                            "{\"target\":\"power on\"}";

static void
keeps_a_connection_for_many_requests(void **state)
{
    (void)state;
    int connection = connect_to(api_port(api));
    for (int i = 0; i < 20; i++) {
        send_text(connection, i % 2 ? power : list);
        assert_int_equal(read_answer(connection), i % 2 ? 202 : 200);
    }
    send_text(connection, "GET /v1/zork HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(read_answer(connection), 404);
    send_text(connection, list);
    assert_int_equal(read_answer(connection), 200);
    close(connection);
    assert_int_equal(fixture->calls, 10);
}

enum { CLIENTS = 12, TURNS = 15 };

static void *
be_a_client(void *data)
{
    int *good = data;
    int connection = connect_to(api_port(api));
    for (int i = 0; i < TURNS; i++) {
        bool write = i % 3 == 0;
        send_text(connection, write ? power : list);
        *good += read_answer(connection) == (write ? 202 : 200);
    }
    close(connection);
    return NULL;
}

static void
serve_clients(void)
{
    pthread_t threads[CLIENTS];
    int good[CLIENTS] = {0};
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, be_a_client, &good[i]), 0);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(good[i], TURNS);
    }
}

static void
serves_many_while_calls_come_back_from_other_threads(void **state)
{
    (void)state;
    fixture->on_own_thread = true;
    serve_clients();
    assert_int_equal(__atomic_load_n(&fixture->calls, __ATOMIC_ACQUIRE), CLIENTS * TURNS / 3);
}

static void
answers_calls_that_are_under_way_when_it_is_stopped(void **state)
{
    (void)state;
    fixture->on_own_thread = true;
    int connections[8];
    for (size_t i = 0; i < G_N_ELEMENTS(connections); i++) {
        connections[i] = connect_to(api_port(api));
        send_text(connections[i], power);
    }
    while (__atomic_load_n(&fixture->calls, __ATOMIC_ACQUIRE) < 8)
        sched_yield();
    api_stop(api);
    api = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(connections); i++) {
        assert_int_equal(read_answer(connections[i]), 202);
        close(connections[i]);
    }
}

static void
refuses_a_body_beyond_the_limit_before_reading_it(void **state)
{
    (void)state;
    int connection = connect_to(api_port(api));
    send_text(connection, "POST /v1/nodes HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                          "application/json\r\nContent-Length: 99999999\r\n\r\n");
    assert_int_equal(read_answer(connection), 413);
    close(connection);
}

static void
does_not_share_a_port(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    g_autofree char *setting = g_strdup_printf("api.port=%u", api_port(api));
    assert_true(config_set(config, setting, &error));
    assert_true(config_finish(config, &error));
    config_publish(config);
    const ApiServices services = {.db = fixture->db, .rpc = fixture->rpc};
    assert_null(api_start(&services, &error));
    assert_int_equal(error->code, STEEL_ERROR_IO);
}

static void
refuses_to_serve_strangers_without_authentication(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    assert_true(config_set(config, "api.host_ip=0.0.0.0", &error));
    assert_true(config_finish(config, &error));
    config_publish(config);
    const ApiServices services = {.db = fixture->db, .rpc = fixture->rpc};
    assert_null(api_start(&services, &error));
    assert_int_equal(error->code, STEEL_ERROR_CONFIG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_a_connection_for_many_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(serves_many_while_calls_come_back_from_other_threads,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_calls_that_are_under_way_when_it_is_stopped, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_body_beyond_the_limit_before_reading_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(does_not_share_a_port, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_to_serve_strangers_without_authentication, set_up,
                                        tear_down),
    };
    int failed = cmocka_run_group_tests_name("api_http", tests, NULL, NULL);
    config_shutdown();
    return failed;
}
