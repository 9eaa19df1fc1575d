/* Listens for LLDP; the contract is in lldp.h. SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/lldp.h"

#include "common/log.h"
#include "common/time_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AREA "agent.lldp"
#define PROTOCOL 0x88cc
#define LOOK_MS 500 /* how often it is looked whether to stop */

enum { INTERFACES_LIMIT = 256, ADDRESSES = 3 };

/* Where bridges of three kinds send it to; a card lets only these through. */
static const uint8_t groups[ADDRESSES][6] = {{0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e},
                                             {0x01, 0x80, 0xc2, 0x00, 0x00, 0x03},
                                             {0x01, 0x80, 0xc2, 0x00, 0x00, 0x00}};

static bool
join(int fd, const char *name)
{
    int index = (int)if_nametoindex(name);
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(PROTOCOL), .sll_ifindex = index};
    if (index <= 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return false;
    for (size_t i = 0; i < ADDRESSES; i++) {
        struct packet_mreq group = {
            .mr_ifindex = index, .mr_type = PACKET_MR_MULTICAST, .mr_alen = sizeof groups[i]};
        memcpy(group.mr_address, groups[i], sizeof groups[i]);
        if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &group, sizeof group) != 0)
            return false;
    }
    return true;
}

/* A socket that hears the LLDP of one interface, or -1. */
static int
open_on(const char *name)
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(PROTOCOL));
    if (fd >= 0 && join(fd, name))
        return fd;
    log_warning(AREA, "%s cannot be listened on: %s", name, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* True when the interface has been told something. */
static bool
hear(int fd, const char *name, json_t *heard)
{
    uint8_t frame[LLDP_FRAME_LIMIT];
    ssize_t size = recv(fd, frame, sizeof frame, 0);
    json_t *list = size > 0 ? lldp_parse(frame, (size_t)size) : NULL;
    if (list == NULL)
        return false;
    json_object_set_new(heard, name, list);
    return true;
}

/* What is heard within the time; `waiting`: how many have not heard anything. */
static void
hear_all(struct pollfd *sockets, char *const *names, nfds_t count, nfds_t waiting,
         int64_t deadline_ms, const atomic_bool *stop, json_t *heard)
{
    while (waiting > 0 && (stop == NULL || !atomic_load(stop))) {
        int64_t left = deadline_ms - time_monotonic_ms();
        if (left <= 0 || (poll(sockets, count, (int)MIN(left, LOOK_MS)) < 0 && errno != EINTR))
            return;
        for (nfds_t i = 0; i < count; i++)
            if (sockets[i].fd >= 0 && (sockets[i].revents & POLLIN) &&
                hear(sockets[i].fd, names[i], heard)) {
                close(sockets[i].fd);
                sockets[i].fd = -1; /* poll passes over it */
                waiting--;
            }
    }
}

json_t *
lldp_listen(char *const *names, int64_t timeout_ms, const atomic_bool *stop)
{
    json_t *heard = json_object();
    struct pollfd sockets[INTERFACES_LIMIT];
    nfds_t count = 0, waiting = 0;
    for (; names[count] != NULL && count < INTERFACES_LIMIT; count++) {
        sockets[count] = (struct pollfd){.fd = open_on(names[count]), .events = POLLIN};
        waiting += sockets[count].fd >= 0;
    }
    hear_all(sockets, names, count, waiting, time_monotonic_ms() + timeout_ms, stop, heard);
    for (nfds_t i = 0; i < count; i++)
        if (sockets[i].fd >= 0)
            close(sockets[i].fd);
    return heard;
}
