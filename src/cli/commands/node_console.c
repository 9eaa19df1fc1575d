/* A terminal at a node's serial console. Steel's own; `nc` does as well.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/arguments.h"
#include "cli/body.h"
#include "cli/session.h"
#include "common/json_text.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define SCHEME "tcp://"

enum { CHUNK = 4096 };

/* "tcp://HOST:PORT" of the node's console, from the service. The caller frees. */
static char *
console_url(Context *context, GError **error)
{
    g_autofree char *path = path_build("/v1/nodes/{0}/states/console", context->arguments);
    json_auto_t *answer = session_call(context->session, "GET", path, NULL, error);
    if (answer == NULL)
        return NULL;
    const char *node = arguments_positional(context->arguments, 0);
    const char *url = json_string_member(json_object_get(answer, "console_info"), "url");
    if (!json_is_true(json_object_get(answer, "console_enabled")))
        steel_fail(error, STEEL_ERROR_INVALID_STATE,
                   "the console of node %s is not enabled; enable it with: steel node console "
                   "enable %s",
                   node, node);
    else if (url == NULL || !g_str_has_prefix(url, SCHEME) ||
             strchr(url + strlen(SCHEME), ':') == NULL)
        steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                   "the console of node %s is at %s, and this client knows " SCHEME " only", node,
                   url != NULL ? url : "no URL");
    else
        return g_strdup(url);
    return NULL;
}

/* Connects to the first address that answers; -1 with an error. */
static int
connect_to(const char *url, GError **error)
{
    const char *colon = strrchr(url, ':');
    g_autofree char *host = g_strndup(url + strlen(SCHEME), (size_t)(colon - url) - strlen(SCHEME));
    char *bare = host[0] == '[' ? host + 1 : host;
    bare[strcspn(bare, "]")] = '\0';
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int code = getaddrinfo(bare, colon + 1, &hints, &addresses), fd = -1;
    for (const struct addrinfo *a = addresses; code == 0 && a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            int saved = errno;
            close(fd);
            fd = -1;
            errno = saved;
        }
    }
    if (fd < 0)
        steel_fail(error, STEEL_ERROR_IO, "the console at %s cannot be reached from here: %s", url,
                   code != 0 ? gai_strerror(code) : g_strerror(errno));
    if (code == 0)
        freeaddrinfo(addresses);
    return fd;
}

static bool
write_all(int fd, const char *bytes, ssize_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, (size_t)size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            size -= written;
        }
    }
    return true;
}

/* Copies what can be read; false at the end of the input. */
static bool
copy(int from, int to)
{
    char bytes[CHUNK];
    ssize_t size = read(from, bytes, sizeof bytes);
    if (size < 0 && errno == EINTR)
        return true;
    return size > 0 && write_all(to, bytes, size);
}

/* Until the console ends. An input that ends does not: what the machine says is still shown. */
static void
carry(int console_fd)
{
    struct pollfd polled[] = {{.fd = console_fd, .events = POLLIN},
                              {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        if (poll(polled, G_N_ELEMENTS(polled), -1) < 0 && errno != EINTR)
            return;
        if (polled[0].revents != 0 && !copy(console_fd, STDOUT_FILENO))
            return;
        if (polled[1].revents != 0 && !copy(STDIN_FILENO, console_fd))
            polled[1].fd = -1;
    }
}

static bool
run_attach(Context *context, GError **error)
{
    g_autofree char *url = console_url(context, error);
    int fd = url != NULL ? connect_to(url, error) : -1;
    struct termios before, raw;
    if (fd < 0)
        return false;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        fprintf(stderr, "%s: after Enter, ~. ends and ~B sends a break\r\n", url);
        raw = before;
        cfmakeraw(&raw);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    carry(fd);
    if (terminal)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    close(fd);
    return true;
}

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow one_node[] = {
    {"<node>", "Name or UUID of the node"},
    {NULL},
};

const Command node_console_commands[] = {
    {"node console attach", "Use the console of a node from this terminal", COMMAND_CUSTOM, NULL, one_node, .run = run_attach},
    {NULL},
};
/* clang-format on */
