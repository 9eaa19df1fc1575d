/* The control socket; the contract is in control.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/control.h"

#include "common/error.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/time_text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TICK_MS 1000

#define REQUEST_SIZE 4096
#define REQUEST_DEPTH 4
#define ANSWER_LIMIT (16 * 1024 * 1024)
#define CLIENT_TIME_MS 5000
#define WRITE_TIME_S 2
#define BACKLOG 16

typedef struct Client {
    int fd; /* owned; -1: free place */
    int64_t deadline_ms;
    size_t size;
    char request[REQUEST_SIZE];
} Client;

struct ControlServer {
    char *folder; /* owned */
    int fd;       /* owned */
    ControlHandler handler;
    void *user_data; /* borrowed */
    Client clients[CONTROL_CLIENT_LIMIT];
};

/* The address of the socket in a folder of any path length: through the folder's descriptor. */
static bool
make_address(const char *folder, int *folder_fd, struct sockaddr_un *address, GError **error)
{
    *folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder_fd < 0)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "cannot open %s: %s", folder,
                          g_strerror(errno));
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *folder_fd,
             CONTROL_SOCKET);
    return true;
}

static bool
listen_at(ControlServer *server, GError **error)
{
    struct sockaddr_un address;
    int folder_fd;
    if (!make_address(server->folder, &folder_fd, &address, error))
        return false;
    unlinkat(folder_fd, CONTROL_SOCKET, 0);
    bool good = bind(server->fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
                listen(server->fd, BACKLOG) == 0;
    if (!good)
        steel_fail(error, STEEL_ERROR_IO, "cannot listen at %s/%s: %s", server->folder,
                   CONTROL_SOCKET, g_strerror(errno));
    close(folder_fd);
    return good;
}

ControlServer *
control_server_new(const char *folder, ControlHandler handler, void *user_data, GError **error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        steel_fail(error, STEEL_ERROR_IO, "cannot make a socket: %s", g_strerror(errno));
        return NULL;
    }
    g_autoptr(ControlServer) server = g_new0(ControlServer, 1);
    server->folder = g_strdup(folder);
    server->fd = fd;
    server->handler = handler;
    server->user_data = user_data;
    for (size_t i = 0; i < CONTROL_CLIENT_LIMIT; i++)
        server->clients[i].fd = -1;
    if (!listen_at(server, error))
        return NULL;
    return g_steal_pointer(&server);
}

static void
client_close(Client *client)
{
    close(client->fd);
    client->fd = -1;
}

void
control_server_free(ControlServer *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < CONTROL_CLIENT_LIMIT; i++)
        if (server->clients[i].fd >= 0)
            client_close(&server->clients[i]);
    g_autofree char *path = g_build_filename(server->folder, CONTROL_SOCKET, NULL);
    unlink(path);
    close(server->fd);
    g_free(server->folder);
    g_free(server);
}

size_t
control_server_poll(const ControlServer *server, struct pollfd *polled)
{
    size_t count = 0;
    polled[count++] = (struct pollfd){.fd = server->fd, .events = POLLIN};
    for (size_t i = 0; i < CONTROL_CLIENT_LIMIT; i++)
        if (server->clients[i].fd >= 0)
            polled[count++] = (struct pollfd){.fd = server->clients[i].fd, .events = POLLIN};
    return count;
}

static bool
write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        text += sent;
        size -= (size_t)sent;
    }
    return true;
}

static json_t *
handle(ControlServer *server, const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *request = json_text_parse(text, size, REQUEST_DEPTH, &error);
    json_t *answer = NULL;
    if (request != NULL && !json_is_object(request))
        steel_fail(&error, STEEL_ERROR_INVALID, "a request is a JSON object");
    else if (request != NULL)
        answer = server->handler(server->user_data, request, &error);
    if (answer == NULL)
        answer =
            json_pack("{s:s, s:s}", "error", error->message, "code", steel_error_info(error)->code);
    return answer;
}

/* Answers and closes. Writing may block, for WRITE_TIME_S at most: an answer fits the socket's
 * buffer as a rule. */
static void
answer_client(ControlServer *server, Client *client, size_t request_size)
{
    json_auto_t *answer = handle(server, client->request, request_size);
    g_autofree char *text = json_text_dump(answer);
    struct timeval limit = {.tv_sec = WRITE_TIME_S};
    fcntl(client->fd, F_SETFL, 0);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (!write_all(client->fd, text, strlen(text)) || !write_all(client->fd, "\n", 1))
        log_warning("lab.control", "a client left before its answer");
    client_close(client);
}

static void
attend_client(ControlServer *server, Client *client)
{
    ssize_t size =
        recv(client->fd, client->request + client->size, sizeof client->request - client->size, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        if (time_monotonic_ms() > client->deadline_ms)
            client_close(client);
        return;
    }
    if (size <= 0) {
        client_close(client);
        return;
    }
    client->size += (size_t)size;
    const char *newline = memchr(client->request, '\n', client->size);
    if (newline != NULL)
        answer_client(server, client, (size_t)(newline - client->request));
    else if (client->size == sizeof client->request)
        client_close(client);
}

static void
attend_clients(ControlServer *server)
{
    for (size_t i = 0; i < CONTROL_CLIENT_LIMIT; i++)
        if (server->clients[i].fd >= 0)
            attend_client(server, &server->clients[i]);
}

static Client *
free_place(ControlServer *server)
{
    for (size_t i = 0; i < CONTROL_CLIENT_LIMIT; i++)
        if (server->clients[i].fd < 0)
            return &server->clients[i];
    return NULL;
}

static void
accept_clients(ControlServer *server)
{
    int fd;
    while ((fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        if (free_place(server) == NULL)
            attend_clients(server); /* some may be closed meanwhile */
        Client *place = free_place(server);
        if (place == NULL) {
            log_warning("lab.control", "more than %d clients: one is refused",
                        CONTROL_CLIENT_LIMIT);
            close(fd);
            continue;
        }
        place->fd = fd;
        place->size = 0;
        place->deadline_ms = time_monotonic_ms() + CLIENT_TIME_MS;
    }
}

void
control_server_attend(ControlServer *server)
{
    accept_clients(server);
    attend_clients(server);
}

static int
connect_to(const char *folder, int timeout_ms, GError **error)
{
    struct sockaddr_un address;
    int folder_fd;
    if (!make_address(folder, &folder_fd, &address, NULL)) {
        steel_fail(error, STEEL_ERROR_NOT_FOUND, "nothing runs in %s: %s", folder,
                   g_strerror(errno));
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
                setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
                connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    if (!good && errno == ECONNREFUSED)
        steel_fail(error, STEEL_ERROR_NOT_FOUND,
                   "what ran in %s was killed; 'steel-lab down' removes its files", folder);
    else if (!good)
        steel_fail(error, STEEL_ERROR_NOT_FOUND, "nothing runs in %s: %s", folder,
                   g_strerror(errno));
    if (!good) {
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    close(folder_fd);
    return fd;
}

static bool
read_answer(int fd, GString *text, GError **error)
{
    char buffer[16384];
    for (;;) {
        ssize_t size = recv(fd, buffer, sizeof buffer, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return steel_fail(error, STEEL_ERROR_TIMEOUT, "no answer in time");
        if (size < 0)
            return steel_fail(error, STEEL_ERROR_IO, "%s", g_strerror(errno));
        if (size == 0)
            return true;
        g_string_append_len(text, buffer, size);
        if (text->len > ANSWER_LIMIT)
            return steel_fail(error, STEEL_ERROR_TOO_LARGE, "the answer is too long");
    }
}

static SteelErrorCode
code_of(const char *name)
{
    static const char *const names[] = {
#define ERROR_ROW(code, class_name, http_status, retryable) #code,
#include "common/error.def"
#undef ERROR_ROW
    };
    for (int i = 0; name != NULL && i < STEEL_ERROR_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return (SteelErrorCode)i;
    return STEEL_ERROR_INTERNAL;
}

json_t *
control_ask(const char *folder, const json_t *request, int timeout_ms, GError **error)
{
    int fd = connect_to(folder, timeout_ms, error);
    if (fd < 0)
        return NULL;
    g_autofree char *question = json_text_dump(request);
    g_autoptr(GString) text = g_string_new(NULL);
    bool good = (write_all(fd, question, strlen(question)) && write_all(fd, "\n", 1)) ||
                steel_fail(error, STEEL_ERROR_IO, "cannot send the request: %s", g_strerror(errno));
    good = good && read_answer(fd, text, error);
    close(fd);
    if (!good)
        return NULL;
    json_auto_t *answer = json_text_parse(text->str, text->len, 0, error);
    if (answer == NULL) {
        g_prefix_error(error, "the answer: ");
        return NULL;
    }
    const char *failure = json_string_member(answer, "error");
    if (failure != NULL) {
        steel_fail(error, code_of(json_string_member(answer, "code")), "%s", failure);
        return NULL;
    }
    return g_steal_pointer(&answer);
}

int
control_open_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

void
control_server_run(ControlServer *server, int signal_fd)
{
    struct pollfd polled[1 + CONTROL_POLL_COUNT];
    for (;;) {
        polled[0] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
        size_t count = 1 + control_server_poll(server, polled + 1);
        if (poll(polled, count, TICK_MS) > 0 && polled[0].revents != 0)
            return;
        control_server_attend(server);
    }
}
