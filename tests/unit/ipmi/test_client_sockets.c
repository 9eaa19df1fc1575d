/* How long the client's sockets live, and whom they wait for.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bmc/ipmi/client/client_sockets.h"

enum { START_MS = 1000000, HASH = 5 };

typedef struct Fixture {
    int epoll_fd;
    ClientSockets sockets;
} Fixture;

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    client_sockets_open(&fixture->sockets, fixture->epoll_fd);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    client_sockets_close(&fixture->sockets);
    close(fixture->epoll_fd);
    g_free(fixture);
    return 0;
}

static ClientSocket *
join(Fixture *fixture, uint64_t now_ms, bool anew)
{
    ClientSocket *socket = client_socket_join(&fixture->sockets, AF_INET, HASH, now_ms, anew);
    assert_non_null(socket);
    return socket;
}

static bool
is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1;
}

static void
sessions_share_a_socket_until_it_is_old(void **state)
{
    Fixture *fixture = *state;
    ClientSocket *first = join(fixture, START_MS, false);
    assert_ptr_equal(join(fixture, START_MS + CLIENT_SOCKET_LIFE_MS - 1, false), first);
    ClientSocket *second = join(fixture, START_MS + CLIENT_SOCKET_LIFE_MS, false);
    assert_ptr_not_equal(second, first);
    assert_int_not_equal(second->fd, first->fd);
    client_socket_leave(second);
    client_socket_leave(first);
    client_socket_leave(first);
}

static void
a_replaced_socket_waits_for_its_last_session(void **state)
{
    Fixture *fixture = *state;
    ClientSocket *first = join(fixture, START_MS, false);
    int fd = first->fd;
    ClientSocket *second = join(fixture, START_MS + CLIENT_SOCKET_LIFE_MS, false);
    client_sockets_sweep(&fixture->sockets);
    assert_true(is_open(fd));
    client_socket_leave(first);
    client_sockets_sweep(&fixture->sockets);
    assert_false(is_open(fd));
    client_sockets_sweep(&fixture->sockets);
    assert_true(is_open(second->fd));
    client_socket_leave(second);
}

static void
a_login_begun_anew_gets_another_socket(void **state)
{
    Fixture *fixture = *state;
    ClientSocket *first = join(fixture, START_MS, false);
    client_socket_leave(first);
    ClientSocket *second = join(fixture, START_MS + 1, true);
    assert_int_not_equal(second->fd, first->fd);
    client_socket_leave(second);
}

static void
restarts_do_not_use_up_the_descriptors(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GPtrArray) joined = g_ptr_array_new();
    for (int i = 0; i < 1000; i++)
        g_ptr_array_add(joined, join(fixture, START_MS, true));
    assert_in_range(fixture->sockets.replaced->len, 1, 100);
    for (guint i = 0; i < joined->len; i++)
        client_socket_leave(g_ptr_array_index(joined, i));
    client_sockets_sweep(&fixture->sockets);
    assert_int_equal(fixture->sockets.replaced->len, 0);
}

int
main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(sessions_share_a_socket_until_it_is_old),
        CASE(a_replaced_socket_waits_for_its_last_session),
        CASE(a_login_begun_anew_gets_another_socket),
        CASE(restarts_do_not_use_up_the_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
