/* Sockets that are shared and replaced; the contract is in client_sockets.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/client_sockets.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bmc/ipmi/wire/socket.h"

enum {
    RECEIVE_BUFFER = 4 << 20,
    REPLACED_MAX =
        /* replaced sockets that wait for their last session; at this many no more are replaced */
    64,
};

static void
free_socket(void *data)
{
    ClientSocket *socket = data;
    close(socket->fd);
    g_free(socket);
}

void
client_sockets_open(ClientSockets *sockets, int epoll_fd)
{
    *sockets = (ClientSockets){.epoll_fd = epoll_fd,
                               .replaced = g_ptr_array_new_with_free_func(free_socket)};
}

void
client_sockets_close(ClientSockets *sockets)
{
    for (int family = 0; family < 2; family++)
        for (int i = 0; i < CLIENT_SOCKETS_PER_FAMILY; i++)
            if (sockets->current[family][i] != NULL)
                free_socket(sockets->current[family][i]);
    g_ptr_array_unref(sockets->replaced);
}

static ClientSocket *
make_socket(const ClientSockets *sockets, int family, uint64_t now_ms)
{
    int fd = ipmi_socket_new(family, RECEIVE_BUFFER, NULL);
    if (fd < 0)
        return NULL;
    ClientSocket *made = g_new0(ClientSocket, 1);
    made->fd = fd;
    made->born_ms = now_ms;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = made};
    if (epoll_ctl(sockets->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return made;
    int saved = errno;
    free_socket(made);
    errno = saved;
    return NULL;
}

static bool
must_replace(const ClientSockets *sockets, const ClientSocket *socket, uint64_t now_ms, bool anew)
{
    return sockets->replaced->len < REPLACED_MAX &&
           (anew || now_ms - socket->born_ms >= (uint64_t)CLIENT_SOCKET_LIFE_MS);
}

/* Puts a new socket in place of the old one; without descriptors left, the old one stays. */
static void
replace(ClientSockets *sockets, ClientSocket **place, int family, uint64_t now_ms)
{
    ClientSocket *made = make_socket(sockets, family, now_ms);
    if (made == NULL)
        return;
    if (*place != NULL)
        g_ptr_array_add(sockets->replaced, *place);
    *place = made;
}

ClientSocket *
client_socket_join(ClientSockets *sockets, int family, unsigned hash, uint64_t now_ms, bool anew)
{
    ClientSocket **place = &sockets->current[family == AF_INET6][hash % CLIENT_SOCKETS_PER_FAMILY];
    if (*place == NULL || must_replace(sockets, *place, now_ms, anew))
        replace(sockets, place, family, now_ms);
    if (*place != NULL)
        (*place)->sessions++;
    return *place;
}

void
client_socket_leave(ClientSocket *socket)
{
    if (socket != NULL)
        socket->sessions--;
}

void
client_sockets_sweep(ClientSockets *sockets)
{
    for (guint i = sockets->replaced->len; i > 0; i--) {
        const ClientSocket *socket = g_ptr_array_index(sockets->replaced, i - 1);
        if (socket->sessions == 0)
            g_ptr_array_remove_index_fast(sockets->replaced, i - 1);
    }
}
