/* The listener: it stops while clients come, and refuses them from then on.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/listener.h"

#include "http/socket.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ok_server.inc"

enum { ROUNDS = 150, CLIENTS = 3, SERVED_BEFORE_STOP = 5, LIMIT_MS = 30000 };

/* What clients and the test share; atomic. */
static unsigned short port;
static bool over;

/* A connected socket, or -1. */
static int
connected(void)
{
    const struct sockaddr_in name = {.sin_family = AF_INET,
                                     .sin_port = htons(__atomic_load_n(&port, __ATOMIC_ACQUIRE)),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)&name, sizeof name) == 0)
        return fd;
    close(fd);
    return -1;
}

/* One request for each connection, again and again. */
static void *
client(void *unused)
{
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        char bytes[512];
        int fd = connected();
        if (fd < 0)
            continue;
        if (send(fd, REQUEST, strlen(REQUEST), MSG_NOSIGNAL) > 0)
            (void)!recv(fd, bytes, sizeof bytes, 0);
        close(fd);
    }
    return unused;
}

static Listener *
started(void)
{
    int fd = http_socket_open("127.0.0.1", 0, NULL);
    assert_true(fd >= 0);
    const ListenerOptions options = {
        .area = "test",
        .socket_fd = fd,
        .threads = 4,
        .connection_limit = 100,
        .descriptor_share = 4,
        .server = ok_server,
    };
    __atomic_store_n(&port, (unsigned short)http_socket_port(fd), __ATOMIC_RELEASE);
    Listener *listener = listener_start(&options, NULL);
    assert_non_null(listener);
    return listener;
}

static void
it_stops_while_clients_come(void **state)
{
    (void)state;
    pthread_t clients[CLIENTS];
    __atomic_store_n(&port, 9, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&clients[i], NULL, client, NULL), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned before = __atomic_load_n(&served, __ATOMIC_RELAXED);
        Listener *listener = started();
        while (__atomic_load_n(&served, __ATOMIC_RELAXED) - before < SERVED_BEFORE_STOP)
            sched_yield();
        listener_quiesce(listener);
        assert_int_equal(connected(), -1);
        assert_true(listener_drain(listener, LIMIT_MS));
        listener_free(listener);
    }
    __atomic_store_n(&over, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stops_while_clients_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
