/* Ports of agents; the contract is in doors.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/doors.h"

#include "common/error.h"
#include "common/log.h"
#include "http/socket.h"

#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define AREA "lab.fleet"

enum {
    EVENTS_MAX = 64,
    BURST_MAX = 16, /* connections of one port before the turn of the others */
};
#define WAKE UINT32_MAX

struct Doors {
    int *sockets; /* owned */
    unsigned count;
    int epoll_fd, wake_fd;
    pthread_t thread;
    bool running;
    DoorsTake take;
    void *user;
};

Doors *
doors_new(const char *address, uint16_t first, unsigned count, GError **error)
{
    Doors *doors = g_new0(Doors, 1);
    doors->sockets = g_new(int, count);
    doors->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    doors->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (; doors->count < count; doors->count++) {
        int socket_fd = http_socket_bind(address, first + doors->count, error);
        if (socket_fd < 0) {
            doors_free(doors);
            return NULL;
        }
        doors->sockets[doors->count] = socket_fd;
    }
    return doors;
}

static void
accept_at(const Doors *doors, unsigned index)
{
    for (unsigned i = 0; i < BURST_MAX; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        int fd = accept4(doors->sockets[index], (struct sockaddr *)&peer, &size,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        doors->take(doors->user, fd, (struct sockaddr *)&peer, size);
    }
}

static void *
doors_main(void *data)
{
    const Doors *doors = data;
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int count = epoll_wait(doors->epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u32 == WAKE)
                return NULL;
            accept_at(doors, events[i].data.u32);
        }
    }
}

bool
doors_start(Doors *doors, DoorsTake take, void *user, GError **error)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = WAKE};
    doors->take = take;
    doors->user = user;
    doors->running = epoll_ctl(doors->epoll_fd, EPOLL_CTL_ADD, doors->wake_fd, &event) == 0 &&
                     pthread_create(&doors->thread, NULL, doors_main, doors) == 0;
    return doors->running ||
           steel_fail(error, STEEL_ERROR_INTERNAL, "no thread for the agents' ports");
}

void
doors_open(Doors *doors, unsigned index)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    if (!http_socket_listen(doors->sockets[index]) ||
        (epoll_ctl(doors->epoll_fd, EPOLL_CTL_ADD, doors->sockets[index], &event) != 0 &&
         errno != EEXIST))
        log_error(AREA, "the port of agent %u does not open: %s", index, g_strerror(errno));
}

void
doors_close(Doors *doors, unsigned index)
{
    epoll_ctl(doors->epoll_fd, EPOLL_CTL_DEL, doors->sockets[index], NULL);
    shutdown(doors->sockets[index], SHUT_RDWR);
}

void
doors_stop(Doors *doors)
{
    const uint64_t one = 1;
    if (doors == NULL || !doors->running)
        return;
    if (write(doors->wake_fd, &one, sizeof one) == sizeof one)
        pthread_join(doors->thread, NULL);
    doors->running = false;
}

void
doors_free(Doors *doors)
{
    if (doors == NULL)
        return;
    doors_stop(doors);
    for (unsigned i = 0; i < doors->count; i++)
        close(doors->sockets[i]);
    close(doors->epoll_fd);
    close(doors->wake_fd);
    g_free(doors->sockets);
    g_free(doors);
}
