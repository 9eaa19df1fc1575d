/* UDP sockets and addresses.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "common/error.h"

bool
ipmi_peer_parse(const char *address, uint16_t port, IpmiPeer *peer)
{
    char literal[128];
    size_t length = strlen(address);
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof literal)
        return false;
    memcpy(literal, address, length);
    literal[length] = '\0';
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(literal, NULL, &hints, &found) != 0)
        return false;
    bool ok = found->ai_addrlen <= sizeof peer->v6;
    if (ok) {
        memset(peer, 0, sizeof *peer);
        memcpy(&peer->any, found->ai_addr, found->ai_addrlen);
        peer->size = found->ai_addrlen;
        if (peer->any.sa_family == AF_INET6)
            peer->v6.sin6_port = htons(port);
        else
            peer->v4.sin_port = htons(port);
    }
    freeaddrinfo(found);
    return ok;
}

bool
ipmi_peer_equal(const IpmiPeer *a, const IpmiPeer *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET6)
        return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
               memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
    return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

unsigned
ipmi_peer_hash(const IpmiPeer *peer)
{
    const uint8_t *bytes = (const uint8_t *)&peer->v4.sin_addr;
    size_t size = sizeof peer->v4.sin_addr;
    if (peer->any.sa_family == AF_INET6) {
        bytes = (const uint8_t *)&peer->v6.sin6_addr;
        size = sizeof peer->v6.sin6_addr;
    }
    uint32_t hash = 2166136261u ^ ipmi_peer_port(peer);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    hash ^= hash >> 16;
    return hash;
}

uint16_t
ipmi_peer_port(const IpmiPeer *peer)
{
    return ntohs(peer->any.sa_family == AF_INET6 ? peer->v6.sin6_port : peer->v4.sin_port);
}

char *
ipmi_peer_text(const IpmiPeer *peer)
{
    char text[INET6_ADDRSTRLEN] = "?";
    if (peer->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &peer->v6.sin6_addr, text, sizeof text);
        return g_strdup_printf("[%s]:%u", text, ipmi_peer_port(peer));
    }
    inet_ntop(AF_INET, &peer->v4.sin_addr, text, sizeof text);
    return g_strdup_printf("%s:%u", text, ipmi_peer_port(peer));
}

int
ipmi_socket_new(int family, int receive_size, GError **error)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        steel_fail(error, STEEL_ERROR_IO, "UDP socket: %s", g_strerror(errno));
        return -1;
    }
    /* As root beyond the system's limit, otherwise up to it. */
    if (receive_size > 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_size, sizeof receive_size) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_size, sizeof receive_size);
    return fd;
}
