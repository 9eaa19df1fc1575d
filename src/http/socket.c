/* Listening sockets; the contract is in socket.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* Closes the socket and keeps errno. */
static int
close_keeping_errno(int socket_fd)
{
    int code = errno;
    close(socket_fd);
    errno = code;
    return -1;
}

/* A socket of one address, or -1 with errno set. */
static int
bind_to(const struct addrinfo *address)
{
    int socket_fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_fd < 0)
        return -1;
    const int one = 1;
    setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(socket_fd, address->ai_addr, address->ai_addrlen) == 0)
        return socket_fd;
    return close_keeping_errno(socket_fd);
}

bool
http_socket_listen(int socket_fd)
{
    return listen(socket_fd, BACKLOG) == 0;
}

/* A listening socket of one address, or -1 with errno set. */
static int
listen_on(const struct addrinfo *address)
{
    int socket_fd = bind_to(address);
    if (socket_fd < 0 || http_socket_listen(socket_fd))
        return socket_fd;
    return close_keeping_errno(socket_fd);
}

/* Makes a socket with `make`, for the first of a host's addresses where that succeeds. */
static int
open_at(const char *host, unsigned port, int (*make)(const struct addrinfo *address),
        GError **error)
{
    g_autofree char *bare = g_strdup(host[0] == '[' ? host + 1 : host);
    char *bracket = strchr(bare, ']');
    if (bracket != NULL)
        *bracket = '\0';
    char service[16];
    snprintf(service, sizeof service, "%u", port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *addresses = NULL;
    int code = getaddrinfo(bare, service, &hints, &addresses);
    if (code != 0) {
        steel_fail(error, STEEL_ERROR_CONFIG, "%s: %s", host, gai_strerror(code));
        return -1;
    }
    int socket_fd = -1;
    for (const struct addrinfo *a = addresses; a != NULL && socket_fd < 0; a = a->ai_next)
        socket_fd = make(a);
    if (socket_fd < 0)
        steel_fail(error, STEEL_ERROR_IO, "cannot listen on %s port %u: %s", host, port,
                   g_strerror(errno));
    freeaddrinfo(addresses);
    return socket_fd;
}

int
http_socket_open(const char *host, unsigned port, GError **error)
{
    return open_at(host, port, listen_on, error);
}

int
http_socket_bind(const char *host, unsigned port, GError **error)
{
    return open_at(host, port, bind_to, error);
}

static int
listen_at(const struct sockaddr_un *name, int mode)
{
    struct stat status;
    if (lstat(name->sun_path, &status) == 0 && S_ISSOCK(status.st_mode))
        unlink(name->sun_path);
    int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_fd < 0)
        return -1;
    if (bind(socket_fd, (const struct sockaddr *)name, sizeof *name) == 0 &&
        (mode < 0 || chmod(name->sun_path, (mode_t)mode) == 0) && listen(socket_fd, BACKLOG) == 0)
        return socket_fd;
    return close_keeping_errno(socket_fd);
}

int
http_socket_open_unix(const char *path, int mode, GError **error)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (g_strlcpy(name.sun_path, path, sizeof name.sun_path) >= sizeof name.sun_path) {
        steel_fail(error, STEEL_ERROR_CONFIG, "%s: the path is too long", path);
        return -1;
    }
    int socket_fd = listen_at(&name, mode);
    if (socket_fd < 0)
        steel_fail(error, STEEL_ERROR_IO, "cannot listen on %s: %s", path, g_strerror(errno));
    return socket_fd;
}

unsigned
http_socket_port(int socket_fd)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    if (getsockname(socket_fd, (struct sockaddr *)&name, &size) != 0)
        return 0;
    if (name.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&name)->sin_port);
    if (name.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
    return 0;
}
