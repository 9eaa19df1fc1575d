/* The event stream: order, filters, slow listeners, listeners that leave, too many, and a stop in
 * the middle.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"
#include "api_fixture.h"
#include "common/config.h"
#include "common/metrics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
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
static Events *events;
static Api *api;
static char *node_uuid;

static int
set_up(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    fixture = api_fixture_new();
    events = events_new();
    node_uuid = api_fixture_add_node(fixture, "one");
    Config *config = config_new();
    assert_true(config_set(config, "api.port=0", &error));
    assert_true(config_finish(config, &error));
    config_publish(config);
    const ApiServices services = {.db = fixture->db, .rpc = fixture->rpc, .events = events};
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
    events_free(events);
    api_fixture_free(fixture);
    g_free(node_uuid);
    return 0;
}

/* A client; `text` is what it has read and not checked yet. */
typedef struct Client {
    int connection;
    GString *text;
} Client;

/* receive_size: bytes that the kernel may buffer; 0 for its default. */
static Client
client_open(const char *query, int receive_size)
{
    Client client = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), g_string_new(NULL)};
    if (receive_size > 0)
        setsockopt(client.connection, SOL_SOCKET, SO_RCVBUF, &receive_size, sizeof receive_size);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)api_port(api))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(client.connection, (struct sockaddr *)&address, sizeof address), 0);
    const struct timeval limit = {.tv_sec = 60};
    setsockopt(client.connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    g_autofree char *request = g_strdup_printf("GET /v1/events/stream%s HTTP/1.1\r\nHost: localhost"
                                               "\r\nX-OpenStack-Ironic-API-Version: 1.82\r\n\r\n",
                                               query);
    assert_int_equal(send(client.connection, request, strlen(request), MSG_NOSIGNAL),
                     strlen(request));
    return client;
}

static void
client_close(Client *client)
{
    close(client->connection);
    g_string_free(client->text, TRUE);
}

/* Reads until the text contains the word, and drops the text before its end. False at the end of
 * the connection. */
static bool
client_wait(Client *client, const char *word)
{
    for (size_t seen = 0;;) {
        const char *found = strstr(client->text->str + seen, word);
        if (found != NULL) {
            g_string_erase(client->text, 0, found - client->text->str + (gssize)strlen(word));
            return true;
        }
        /* A MiB comes in small parts: each is checked once. */
        seen = client->text->len - MIN(client->text->len, strlen(word));
        char buffer[65536];
        ssize_t got = recv(client->connection, buffer, sizeof buffer, 0);
        if (got <= 0)
            return false;
        g_string_append_len(client->text, buffer, got);
    }
}

/* A client of a stream that has begun. */
static Client
listener(const char *query, int receive_size)
{
    Client client = client_open(query, receive_size);
    assert_true(client_wait(&client, "HTTP/1.1 200 "));
    assert_true(client_wait(&client, "Content-Type: text/event-stream\r\n"));
    assert_true(client_wait(&client, ": events of nodes"));
    return client;
}

static void
publish(const char *type, const char *uuid, const char *more)
{
    const EventAbout about = {.node_uuid = uuid};
    events_publish(
        events, type, &about,
        json_pack("{s:s, s:s, s:s}", "uuid", uuid, "provision_state", "active", "more", more));
}

static void
sends_type_id_and_payload_in_order(void **state)
{
    (void)state;
    Client client = listener("", 0);
    publish("baremetal.node.power_set.start", node_uuid, "a");
    publish("baremetal.node.power_set.end", node_uuid, "b");
    g_autofree char *first =
        g_strdup_printf("id: 1\nevent: baremetal.node.power_set.start\ndata: {\"uuid\":\"%s\","
                        "\"provision_state\":\"active\",\"more\":\"a\"}\n\n",
                        node_uuid);
    assert_true(client_wait(&client, first));
    assert_true(client_wait(&client, "id: 2\nevent: baremetal.node.power_set.end\n"));
    client_close(&client);
}

static void
sends_events_of_one_node_or_of_types_with_a_prefix_on_request(void **state)
{
    (void)state;
    Client by_node = listener("?node=one", 0), by_type = listener("?type=baremetal.port.", 0);
    publish("baremetal.node.power_set.end", "00000000-0000-4000-8000-000000000000", "other");
    publish("baremetal.node.power_set.end", node_uuid, "mine");
    events_publish(events, "baremetal.port.create.end", &(EventAbout){.node_uuid = node_uuid},
                   json_pack("{s:s, s:s, s:s}", "uuid", "00000000-0000-4000-8000-000000000001",
                             "node_uuid", node_uuid, "more", "port"));
    publish("baremetal.node.maintenance_set.end", node_uuid, "last");
    assert_true(client_wait(&by_node, "id: 2\n"));
    assert_null(strstr(by_node.text->str, "other"));
    assert_true(client_wait(&by_node, "id: 3\n"));
    assert_true(client_wait(&by_node, "id: 4\n"));
    assert_true(client_wait(&by_type, "id: 3\n"));
    client_close(&by_node);
    client_close(&by_type);
}

static void
refuses_unknown_nodes_and_arguments(void **state)
{
    (void)state;
    static const struct {
        const char *query, *answer;
    } rows[] = {
        {"?node=two",   "HTTP/1.1 404 "},
        {"?zork=1",     "HTTP/1.1 400 "},
        {"?node=one&x", "HTTP/1.1 400 "},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Client client = client_open(rows[i].query, 0);
        assert_true(client_wait(&client, rows[i].answer));
        client_close(&client);
    }
}

static void
tells_a_slow_listener_how_much_it_lost_and_continues_with_the_newest(void **state)
{
    (void)state;
    enum { COUNT = 6000 };
    g_autofree char *bulk = g_strnfill(4000, 'x');
    uint64_t before = metrics_value(METRIC_API_STREAM_LOST);
    Client slow = listener("", 4096), quick = listener("", 0);
    for (int i = 1; i <= COUNT; i++) {
        publish("baremetal.node.power_set.end", node_uuid, bulk);
        g_autofree char *id = g_strdup_printf("id: %d\n", i);
        assert_true(client_wait(&quick, id)); /* a slow client does not delay it */
    }
    assert_true(client_wait(&slow, "event: lost\ndata: {\"lost\": "));
    assert_true(client_wait(&slow, "}\n\n"));
    g_autofree char *last = g_strdup_printf("id: %d\n", COUNT);
    assert_true(client_wait(&slow, last));
    uint64_t lost = metrics_value(METRIC_API_STREAM_LOST) - before;
    assert_in_range(lost, 1, COUNT - EVENTS_QUEUE_SIZE / 8192);
    client_close(&slow);
    client_close(&quick);
}

/* A gauge as in /metrics. */
static unsigned long
gauge(const char *name)
{
    g_autofree char *begin = g_strdup_printf("\n%s ", name);
    g_autoptr(GString) out = g_string_new(NULL);
    metrics_write(out);
    const char *line = strstr(out->str, begin);
    assert_non_null(line);
    return strtoul(line + strlen(begin), NULL, 10);
}

static unsigned long
listener_count(void)
{
    return gauge("steel_api_event_stream_listeners");
}

/* Reads a silent client's stream to its last event; NULL if that did not come. */
static void *
catch_up(void *data)
{
    Client *client = data;
    bool good =
        client_wait(client, "event: lost\ndata: {\"lost\": ") && client_wait(client, "id: 600\n");
    return good ? client : NULL;
}

static void
events_that_silent_readers_leave_are_bounded_in_bytes(void **state)
{
    (void)state;
    Client silent[20];
    g_autofree char *extra = g_strnfill(EVENT_MEMBER_LIMIT / 2, 'x');
    for (size_t i = 0; i < G_N_ELEMENTS(silent); i++)
        silent[i] = listener("", 4096);
    for (int i = 0; i < 600; i++) {
        publish("baremetal.node.update.end", node_uuid, extra);
        /* All leave the same text waiting; the kernel buffers what it likes, and one event is on
         * its way to each. */
        assert_in_range(events_size(events), 0,
                        EVENTS_QUEUE_SIZE + G_N_ELEMENTS(silent) * EVENT_TEXT_LIMIT);
    }
    assert_true(gauge("steel_api_event_stream_bytes") > 0);
    /* All at once: a client that is silent for a minute is disconnected. */
    pthread_t readers[G_N_ELEMENTS(silent)];
    for (size_t i = 0; i < G_N_ELEMENTS(silent); i++)
        assert_int_equal(pthread_create(&readers[i], NULL, catch_up, &silent[i]), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(silent); i++) {
        void *good = NULL;
        assert_int_equal(pthread_join(readers[i], &good), 0);
        assert_non_null(good);
        client_close(&silent[i]);
    }
}

static void
a_member_without_room_is_named_in_its_place(void **state)
{
    (void)state;
    Client client = listener("", 0);
    g_autofree char *extra = g_strnfill(200000, 'x');
    publish("baremetal.node.update.end", node_uuid, extra);
    assert_true(client_wait(&client, "\"more\":null,\"left_out\":[\"more\"]}\n\n"));
    client_close(&client);
}

static void
forgets_a_listener_that_has_left(void **state)
{
    (void)state;
    Client client = listener("", 0);
    assert_true(listener_count() == 1);
    client_close(&client);
    while (listener_count() > 0) { /* noticed with the next bytes */
        publish("baremetal.node.power_set.end", node_uuid, "");
        sched_yield();
    }
}

static void
has_room_for_a_bounded_number_of_listeners(void **state)
{
    (void)state;
    enum { MOST = 256 };
    static Client clients[MOST];
    for (int i = 0; i < MOST; i++)
        clients[i] = listener("", 0);
    Client refused = client_open("", 0);
    assert_true(client_wait(&refused, "HTTP/1.1 503 "));
    publish("baremetal.node.power_set.end", node_uuid, "to all");
    for (int i = 0; i < MOST; i++) {
        assert_true(client_wait(&clients[i], "to all"));
        client_close(&clients[i]);
    }
    client_close(&refused);
}

static void
ends_all_streams_when_it_is_stopped(void **state)
{
    (void)state;
    Client silent = listener("", 0), stuck = listener("", 4096);
    g_autofree char *bulk = g_strnfill(20000, 'x');
    for (int i = 0; i < 900; i++)
        publish("baremetal.node.power_set.end", node_uuid, bulk);
    assert_true(client_wait(&silent, "id: 900\n"));
    assert_true(client_wait(&silent, "\n\n"));
    api_stop(api); /* although one listener reads nothing */
    api = NULL;
    assert_true(client_wait(&silent, "\r\n0\r\n\r\n"));
    assert_false(client_wait(&silent, "more"));
    client_close(&silent);
    client_close(&stuck);
}

static void *
publish_many(void *data)
{
    for (int i = 0; i < 300; i++)
        publish("baremetal.node.power_set.end", node_uuid, data);
    return NULL;
}

static void
survives_publishers_listeners_and_a_stop_at_the_same_time(void **state)
{
    (void)state;
    static char name[] = "x";
    pthread_t threads[3];
    Client clients[6];
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
        clients[i] = listener("", 0);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, publish_many, name), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i += 2)
        client_close(&clients[i]);
    assert_true(client_wait(&clients[1], "id: "));
    api_stop(api);
    api = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 1; i < G_N_ELEMENTS(clients); i += 2)
        client_close(&clients[i]);
}

/* Clients that leave before their stream begins, or soon after; that is noticed with the next
 * bytes. */
static void *
come_and_go(void *data)
{
    (void)data;
    for (int i = 0; i < 300; i++) {
        Client client = client_open("", 0);
        client_close(&client);
        publish("baremetal.node.power_set.end", node_uuid, "anybody there?");
    }
    return NULL;
}

static void
survives_listeners_that_come_and_leave_while_events_are_published(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    while (listener_count() > 0) {
        publish("baremetal.node.power_set.end", node_uuid, "");
        sched_yield();
    }
    /* The last one is off the list, but need not be freed yet. */
    while (gauge("steel_api_event_stream_bytes") > 0)
        sched_yield();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(sends_type_id_and_payload_in_order),
        TEST(sends_events_of_one_node_or_of_types_with_a_prefix_on_request),
        TEST(refuses_unknown_nodes_and_arguments),
        TEST(tells_a_slow_listener_how_much_it_lost_and_continues_with_the_newest),
        TEST(events_that_silent_readers_leave_are_bounded_in_bytes),
        TEST(a_member_without_room_is_named_in_its_place),
        TEST(forgets_a_listener_that_has_left),
        TEST(has_room_for_a_bounded_number_of_listeners),
        TEST(ends_all_streams_when_it_is_stopped),
        TEST(survives_publishers_listeners_and_a_stop_at_the_same_time),
        TEST(survives_listeners_that_come_and_leave_while_events_are_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
