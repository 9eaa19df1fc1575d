/* Listening sockets. One thread, at start.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* Opens a listening TCP socket, not blocking, closed on exec.
 *
 * host     an address (IPv6 with or without brackets) or a name
 * port     0: any free one
 * Returns  the descriptor, to be closed by the caller, or -1. Errors: CONFIG (no such address), IO
 *          (the address is taken) */
int http_socket_open(const char *host, unsigned port, GError **error);

/* The same without listening: clients are refused until http_socket_listen. It keeps the port. */
int http_socket_bind(const char *host, unsigned port, GError **error);

/* Begins to listen; shutdown() ends it, and it may begin again. False with errno set. */
bool http_socket_listen(int socket_fd) G_GNUC_WARN_UNUSED_RESULT;

/* http_socket_open for a unix socket. A socket that an earlier process left at the path is removed.
 *
 * mode     permissions, set before anybody can connect; -1: as the umask says
 * Errors   CONFIG (the path is too long), IO */
int http_socket_open_unix(const char *path, int mode, GError **error);

/* The port of a socket; 0 for a unix socket. */
unsigned http_socket_port(int socket_fd);
