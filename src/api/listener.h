/* The socket the API listens on. One thread, at start.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "common/error.h"

/* Opens the socket of [api]host_ip and port, or unix_socket.
 *
 * port     out: the port, 0 for a unix socket
 * base     out: where links start when a request does not say better, "https://127.0.0.1:6385"; the caller frees
 * Returns  a listening socket, to be closed by the caller, or -1. Errors: CONFIG (no such address, path too long), IO (the
 *          address is taken) */
int listener_open(const Config *config, unsigned *port, char **base, GError **error);
