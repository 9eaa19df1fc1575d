/* A client of a console: a TCP connection that sees what the machine says, and types.
 *
 * After the beginning of a line, ~ has a meaning as with ipmitool: ~. disconnects, ~B sends a
 * break, ~~ is a ~.
 * SPDX-License-Identifier: Apache-2.0 */
#include "consoles/internal.h"

#include "common/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define AREA "consoles"

enum {
    OUT_MAX = 64 * 1024, /* characters that wait for a client that does not keep up */
    READ_MAX = 1024,
    ALL_MAX = 1000, /* clients of all consoles */
    ESCAPE = '~',
};

static const char too_many[] = "\r\n[this console has as many clients as it takes]\r\n";

void
viewer_free(void *data)
{
    Viewer *viewer = data;
    door_close(&viewer->door);
    g_byte_array_unref(viewer->out);
    g_free(viewer);
}

void
viewer_leave(Viewer *viewer)
{
    Console *console = viewer->console;
    if (viewer->door.fd < 0)
        return;
    if (viewer->out->len > 0)
        (void)send(viewer->door.fd, viewer->out->data, viewer->out->len,
                   MSG_DONTWAIT | MSG_NOSIGNAL);
    door_close(&viewer->door);
    log_info(AREA, "the console of node %s: %s has left", console->key, viewer->from);
    console->consoles->viewer_count--;
    g_ptr_array_add(console->consoles->graveyard, viewer);
    g_ptr_array_remove_fast(console->viewers, viewer);
    console_count_viewers(console);
}

/* ---- what it sees ---- */

static void
append(Viewer *viewer, const uint8_t *bytes, size_t size)
{
    size_t room = OUT_MAX - MIN(OUT_MAX, viewer->out->len);
    size_t taken = MIN(size, room);
    g_byte_array_append(viewer->out, bytes, (guint)taken);
    viewer->lost += size - taken;
}

/* There is room again: tells how much is missing at this place. */
static void
tell_lost(Viewer *viewer)
{
    char text[64];
    if (viewer->lost == 0 || viewer->out->len > OUT_MAX / 2)
        return;
    int size = snprintf(text, sizeof text, "\r\n[%zu characters were lost]\r\n", viewer->lost);
    viewer->lost = 0;
    append(viewer, (const uint8_t *)text, (size_t)size);
}

/* Sends what the connection takes; false: it is broken. */
static bool
flush(Viewer *viewer)
{
    while (viewer->out->len > 0) {
        ssize_t sent =
            send(viewer->door.fd, viewer->out->data, viewer->out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        g_byte_array_remove_range(viewer->out, 0, (guint)sent);
        viewer->active_ms = due_now_ms();
        tell_lost(viewer);
    }
    return true;
}

void
viewer_show(Viewer *viewer, const uint8_t *bytes, size_t size)
{
    if (viewer->lost > 0)
        viewer->lost += size; /* in one piece: what is missing is told where it is missing */
    else
        append(viewer, bytes, size);
}

/* ---- what it types ---- */

/* Handles one character; returns how many are to be typed: `*c`, or none. */
static size_t
escaped(Viewer *viewer, uint8_t *c, bool *leave)
{
    bool begins = viewer->line_begins;
    if (viewer->escape) {
        viewer->escape = false;
        viewer->line_begins = false;
        if (*c == '.')
            *leave = true;
        else if (*c == 'B')
            console_break(viewer->console);
        else if (*c == ESCAPE)
            return 1;
        return 0;
    }
    viewer->line_begins = *c == '\r' || *c == '\n';
    viewer->escape = begins && *c == ESCAPE;
    return viewer->escape ? 0 : 1;
}

/* Reads no more than the console has room for. */
static void
read_typed(Viewer *viewer)
{
    uint8_t bytes[READ_MAX], typed[READ_MAX];
    size_t room = MIN(console_room(viewer->console), sizeof bytes), count = 0;
    if (room == 0)
        return;
    ssize_t size = recv(viewer->door.fd, bytes, room, MSG_DONTWAIT);
    bool leave = size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
    for (ssize_t i = 0; i < size && !leave; i++) {
        uint8_t c = bytes[i];
        if (escaped(viewer, &c, &leave) > 0)
            typed[count++] = c;
    }
    if (size > 0)
        viewer->active_ms = due_now_ms();
    (void)console_type(viewer->console, typed, count);
    if (leave)
        viewer_leave(viewer);
}

/* ---- its door ---- */

void
viewer_settle(Viewer *viewer)
{
    if (viewer->door.fd < 0)
        return;
    if (!flush(viewer)) {
        viewer_leave(viewer);
        return;
    }
    uint32_t events = viewer->ended ? 0 : EPOLLRDHUP;
    if (console_room(viewer->console) > 0)
        events |= EPOLLIN;
    if (viewer->out->len > 0)
        events |= EPOLLOUT;
    if (events != viewer->events)
        door_change(viewer->console->consoles, &viewer->door, events);
    viewer->events = events;
}

static void
viewer_opened(Door *door, uint32_t events)
{
    Viewer *viewer = (Viewer *)door;
    Console *console = viewer->console;
    if ((events & EPOLLRDHUP) != 0)
        viewer->ended = true; /* what it has typed before is read as soon as there is room */
    if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        viewer_leave(viewer);
    else if ((events & EPOLLIN) != 0)
        read_typed(viewer);
    viewer_settle(viewer);
    console_settle(console);
}

void
viewer_accept(Console *console, int fd, const struct sockaddr *peer)
{
    Consoles *consoles = console->consoles;
    const int one = 1, buffer = OUT_MAX; /* not the megabytes that the kernel would take */
    if (console->viewers->len >= CONSOLE_CLIENTS_MAX || consoles->viewer_count >= ALL_MAX) {
        (void)send(fd, too_many, strlen(too_many), MSG_DONTWAIT | MSG_NOSIGNAL);
        Door refused = {.fd = fd};
        door_close(&refused);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    Viewer *viewer = g_new0(Viewer, 1);
    viewer->door = (Door){fd, viewer_opened};
    viewer->console = console;
    const HttpAddress from = http_address_of(peer);
    (void)http_address_text(&from, viewer->from);
    log_info(AREA, "the console of node %s: %s has connected", console->key, viewer->from);
    viewer->out = g_byte_array_new();
    viewer->active_ms = due_now_ms();
    viewer->line_begins = true;
    viewer->events = EPOLLRDHUP;
    consoles->viewer_count++;
    g_ptr_array_add(console->viewers, viewer);
    if (!door_watch(consoles, &viewer->door, viewer->events))
        viewer_leave(viewer);
    else
        console_greet(console, viewer);
}

uint64_t
viewer_due_ms(const Viewer *viewer)
{
    unsigned idle_s = viewer->console->idle_s;
    return idle_s > 0 ? viewer->active_ms + (uint64_t)idle_s * 1000 : 0;
}
