/* Descriptors that the consoles' thread waits for; the contract is in internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "consoles/internal.h"

#include <sys/epoll.h>
#include <unistd.h>

bool
door_watch(Consoles *consoles, Door *door, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = door};
    return epoll_ctl(consoles->epoll_fd, EPOLL_CTL_ADD, door->fd, &event) == 0;
}

void
door_change(Consoles *consoles, Door *door, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = door};
    (void)epoll_ctl(consoles->epoll_fd, EPOLL_CTL_MOD, door->fd, &event);
}

void
door_close(Door *door)
{
    if (door->fd >= 0)
        close(door->fd); /* which takes it out of epoll */
    door->fd = -1;
}
