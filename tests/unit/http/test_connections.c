/* Connections: which are admitted, which gives way, which delays the listener too long.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/connections.h"

#include "http/socket.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A connection over loopback with any address as its source. */
typedef struct Pair {
    int client, server;
    HttpConnection *connection;
} Pair;

static int listening = -1;

static int
set_up(void **state)
{
    (void)state;
    listening = http_socket_open("127.0.0.1", 0, NULL);
    return listening < 0;
}

static int
tear_down(void **state)
{
    (void)state;
    close(listening);
    return 0;
}

static HttpAddress
address(const char *text)
{
    HttpAddress out;
    assert_true(http_address_parse(text, strlen(text), &out));
    return out;
}

static Pair
connect_from(Connections *connections, const char *text)
{
    const HttpAddress from = address(text);
    const struct sockaddr_in name = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)http_socket_port(listening)),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    Pair pair = {.client = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(connect(pair.client, (const struct sockaddr *)&name, sizeof name), 0);
    do
        pair.server = accept(listening, NULL, NULL);
    while (pair.server < 0);
    pair.connection = connections_add(connections, NULL, pair.server, &from);
    return pair;
}

/* Ends a connection as the library does: off the list, then closed. */
static void
end(Pair *pair)
{
    connections_remove(pair->connection);
    close(pair->server);
    close(pair->client);
}

/* True if the other side has cut the connection off. */
static bool
is_cut_off(const Pair *pair)
{
    char byte;
    return recv(pair->client, &byte, 1, MSG_DONTWAIT) == 0;
}

static void
one_address_has_a_limit_and_a_proxy_a_higher_one(void **state)
{
    static const char *const proxies[] = {"10.0.0.0/8", NULL};
    (void)state;
    g_autoptr(HttpNetworks) trusted = http_networks_new(proxies, NULL);
    const ConnectionLimits limits = {"test", 100, 2, trusted};
    Connections *connections = connections_new(&limits);
    const HttpAddress one = address("192.0.2.1"), other = address("192.0.2.2"),
                      proxy = address("10.1.2.3"), unix_socket = {0};
    Pair pairs[] = {connect_from(connections, "192.0.2.1"), connect_from(connections, "192.0.2.1"),
                    connect_from(connections, "10.1.2.3"), connect_from(connections, "10.1.2.3")};
    assert_false(connections_admit(connections, &one));
    assert_true(connections_admit(connections, &other));
    assert_true(connections_admit(connections, &proxy));
    assert_true(connections_admit(connections, &unix_socket));
    end(&pairs[0]);
    assert_true(connections_admit(connections, &one));
    for (size_t i = 1; i < G_N_ELEMENTS(pairs); i++)
        end(&pairs[i]);
    connections_free(connections);
}

static void
the_client_longest_without_a_finished_request_gives_way(void **state)
{
    (void)state;
    const ConnectionLimits limits = {"test", 3, 0, NULL};
    Connections *connections = connections_new(&limits);
    const HttpAddress next = address("192.0.2.9");
    Pair pairs[] = {connect_from(connections, "192.0.2.1"), connect_from(connections, "192.0.2.2"),
                    connect_from(connections, "192.0.2.3")};
    connection_leave_turn(pairs[0].connection); /* at work */
    connection_take_turn(pairs[1].connection);  /* has just ended a request */
    assert_true(connections_admit(connections, &next));
    assert_false(is_cut_off(&pairs[0]));
    assert_false(is_cut_off(&pairs[1]));
    assert_true(is_cut_off(&pairs[2]));
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
        end(&pairs[i]);
    connections_free(connections);
}

static void
nobody_is_admitted_when_all_are_at_work(void **state)
{
    (void)state;
    const ConnectionLimits limits = {"test", 1, 0, NULL};
    Connections *connections = connections_new(&limits);
    const HttpAddress next = address("192.0.2.9");
    Pair pair = connect_from(connections, "192.0.2.1");
    connection_leave_turn(pair.connection);
    assert_false(connections_admit(connections, &next));
    assert_false(is_cut_off(&pair));
    connection_take_turn(pair.connection);
    assert_true(connections_admit(connections, &next));
    assert_true(is_cut_off(&pair));
    end(&pair);
    connections_free(connections);
}

/* Waits until the client's bytes have reached the other side. */
static void
send_byte(const Pair *pair)
{
    char byte = 'G';
    assert_int_equal(send(pair->client, &byte, 1, 0), 1);
    assert_int_equal(recv(pair->server, &byte, 1, MSG_PEEK), 1);
}

static void
headers_are_due_ten_seconds_after_the_first_byte(void **state)
{
    (void)state;
    const ConnectionLimits limits = {"test", 10, 0, NULL};
    Connections *connections = connections_new(&limits);
    Pair fresh = connect_from(connections, "192.0.2.1");
    Pair resting = connect_from(connections, "192.0.2.2");
    resting.connection->served = 1;
    assert_int_equal(connections_tick(connections, 1000), 2);
    connections_tick(connections, 10999);
    assert_false(is_cut_off(&fresh));
    send_byte(&fresh); /* a byte now and then does not help */
    connections_tick(connections, 11000);
    assert_true(is_cut_off(&fresh));
    connections_tick(connections, 40000);
    assert_false(is_cut_off(&resting));
    send_byte(&resting);
    connections_tick(connections, 49000);
    assert_false(is_cut_off(&resting));
    connections_tick(connections, 50000);
    assert_true(is_cut_off(&resting));
    end(&fresh);
    end(&resting);
    connections_free(connections);
}

static void
a_body_must_come_by_a_least_rate(void **state)
{
    (void)state;
    const ConnectionLimits limits = {"test", 10, 0, NULL};
    Connections *connections = connections_new(&limits);
    Pair honest = connect_from(connections, "192.0.2.1");
    Pair slow = connect_from(connections, "192.0.2.2");
    connection_set_phase(honest.connection, CONNECTION_BODY);
    connection_set_phase(slow.connection, CONNECTION_BODY);
    for (int64_t now = 1000; now <= 300 * 1000; now += 1000) {
        honest.connection->received += 1024;
        slow.connection->received += now <= 10 * 1000 ? 1024 : 100;
        connections_tick(connections, now);
    }
    assert_false(is_cut_off(&honest));
    assert_true(is_cut_off(&slow));
    end(&honest);
    end(&slow);
    connections_free(connections);
}

static void
an_answer_must_be_taken_and_the_service_may_take_its_time(void **state)
{
    (void)state;
    const ConnectionLimits limits = {"test", 10, 0, NULL};
    Connections *connections = connections_new(&limits);
    Pair sending = connect_from(connections, "192.0.2.1");
    Pair busy = connect_from(connections, "192.0.2.2");
    Pair stream = connect_from(connections, "192.0.2.3");
    connection_set_phase(sending.connection, CONNECTION_SENDING);
    connection_set_phase(busy.connection, CONNECTION_BUSY);
    connection_set_phase(stream.connection, CONNECTION_STREAM);
    connection_leave_turn(stream.connection);
    assert_int_equal(connections_count(connections, CONNECTION_BUSY), 1);
    connections_tick(connections, 1000);
    connections_tick(connections, 60000);
    assert_false(is_cut_off(&sending));
    connections_tick(connections, 61000);
    assert_true(is_cut_off(&sending));
    connections_tick(connections, 3600 * 1000);
    assert_false(is_cut_off(&busy));
    assert_false(is_cut_off(&stream));
    end(&sending);
    end(&busy);
    end(&stream);
    connections_free(connections);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address_has_a_limit_and_a_proxy_a_higher_one),
        cmocka_unit_test(the_client_longest_without_a_finished_request_gives_way),
        cmocka_unit_test(nobody_is_admitted_when_all_are_at_work),
        cmocka_unit_test(headers_are_due_ten_seconds_after_the_first_byte),
        cmocka_unit_test(a_body_must_come_by_a_least_rate),
        cmocka_unit_test(an_answer_must_be_taken_and_the_service_may_take_its_time),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
