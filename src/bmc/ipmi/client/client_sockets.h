/* The UDP sockets of the client's engine. Sessions share a few; each is replaced after some
 * minutes, so that its port is no secret to be found once and used forever. For the engine's files
 * only; all functions are called on its thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    CLIENT_SOCKETS_PER_FAMILY = 8, /* more receive buffer where the system limits it per socket */
    CLIENT_SOCKET_LIFE_MS = 2 * 60 * 1000,
};

typedef struct ClientSocket {
    int fd;
    uint64_t born_ms;
    unsigned sessions; /* that use it */
} ClientSocket;

typedef struct ClientSockets {
    int epoll_fd;                                        /* borrowed */
    ClientSocket *current[2][CLIENT_SOCKETS_PER_FAMILY]; /* owned; IPv4, IPv6; NULL: none */
    GPtrArray *replaced; /* of ClientSocket, owned: no new session joins them */
} ClientSockets;

/* Events of a socket carry its ClientSocket as data.ptr. */
void client_sockets_open(ClientSockets *sockets, int epoll_fd);
void client_sockets_close(ClientSockets *sockets);

/* The socket for a new session with a peer of this hash; a new one when the current one is old or
 * `anew`. NULL with errno when there can be none. */
ClientSocket *client_socket_join(ClientSockets *sockets, int family, unsigned hash, uint64_t now_ms,
                                 bool anew);

/* A session no longer uses the socket. NULL is fine. */
void client_socket_leave(ClientSocket *socket);

/* Closes replaced sockets without sessions. Not while events are being handled, which may name
 * them. */
void client_sockets_sweep(ClientSockets *sockets);
