/* Client of QEMU's machine protocol; the contract is in qmp.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/qmp.h"

#include "common/error.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_LIMIT (64 * 1024)

struct Qmp {
    int fd;         /* owned */
    char *name;     /* owned */
    GString *input; /* owned; bytes after the last complete line */
    QmpEvent on_event;
    void *user_data; /* borrowed */
};

Qmp *
qmp_new(int fd, const char *name, QmpEvent on_event, void *user_data)
{
    Qmp *qmp = g_new0(Qmp, 1);
    qmp->fd = fd;
    qmp->name = g_strdup(name);
    qmp->input = g_string_new(NULL);
    qmp->on_event = on_event;
    qmp->user_data = user_data;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    g_autoptr(GError) error = NULL;
    /* QEMU reads this after it has sent its greeting; no need to wait for that */
    if (!qmp_send(qmp, "qmp_capabilities", NULL, &error))
        log_warning("lab.qmp", "%s: %s", name, error->message);
    return qmp;
}

void
qmp_free(Qmp *qmp)
{
    if (qmp == NULL)
        return;
    close(qmp->fd);
    g_free(qmp->name);
    g_string_free(qmp->input, true);
    g_free(qmp);
}

int
qmp_fd(const Qmp *qmp)
{
    return qmp->fd;
}

bool
qmp_send(Qmp *qmp, const char *command, json_t *arguments, GError **error)
{
    json_auto_t *message = json_pack("{s:s, s:s}", "execute", command, "id", command);
    if (arguments != NULL)
        json_object_set_new(message, "arguments", arguments);
    char *text = json_dumps(message, JSON_COMPACT);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    free(text);
    size_t size = strlen(line);
    ssize_t sent = send(qmp->fd, line, size, MSG_NOSIGNAL);
    if (sent == (ssize_t)size)
        return true;
    /* the socket holds hundreds of commands: when it is full, QEMU has stopped reading */
    return steel_fail(error, STEEL_ERROR_IO, "QEMU does not take the command %s: %s", command,
                      sent < 0 ? g_strerror(errno) : "its socket is full");
}

static bool
take_line(Qmp *qmp, const char *line, size_t length, GError **error)
{
    json_error_t why;
    json_auto_t *message = json_loadb(line, length, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(message))
        return steel_fail(error, STEEL_ERROR_IO, "QEMU sent something that is no QMP message");
    const char *event = json_string_value(json_object_get(message, "event"));
    const json_t *failure = json_object_get(message, "error");
    if (event != NULL) {
        qmp->on_event(qmp->user_data, event, json_object_get(message, "data"));
    } else if (failure != NULL) {
        const char *command = json_string_value(json_object_get(message, "id"));
        const char *text = json_string_value(json_object_get(failure, "desc"));
        log_warning("lab.qmp", "%s: %s: %s", qmp->name, command != NULL ? command : "?",
                    text != NULL ? text : "refused");
    }
    return true;
}

static bool
take_lines(Qmp *qmp, GError **error)
{
    const char *newline;
    while ((newline = memchr(qmp->input->str, '\n', qmp->input->len)) != NULL) {
        size_t length = (size_t)(newline - qmp->input->str);
        g_autofree char *line = g_memdup2(qmp->input->str, length + 1);
        g_string_erase(qmp->input, 0, (gssize)length + 1);
        if (!take_line(qmp, line, length, error))
            return false;
    }
    if (qmp->input->len > LINE_LIMIT)
        return steel_fail(error, STEEL_ERROR_IO, "QEMU sent a line of more than %d bytes",
                          LINE_LIMIT);
    return true;
}

bool
qmp_read(Qmp *qmp, GError **error)
{
    char buffer[8192];
    for (;;) {
        ssize_t size = recv(qmp->fd, buffer, sizeof buffer, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return true;
        if (size <= 0)
            return steel_fail(error, STEEL_ERROR_IO, "QEMU closed its monitor");
        g_string_append_len(qmp->input, buffer, size);
        if (!take_lines(qmp, error))
            return false;
    }
}

void
qmp_tell(Qmp *qmp, const char *command, json_t *arguments)
{
    g_autoptr(GError) error = NULL;
    if (qmp == NULL)
        json_decref(arguments);
    else if (!qmp_send(qmp, command, arguments, &error))
        log_warning("lab.machine", "%s: %s", qmp->name, error->message);
}
