/* The little the client's and the server's engines share about UDP sockets.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* An address of either family. */
typedef struct IpmiPeer {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
} IpmiPeer;

/* Reads an IPv4 or IPv6 literal, the latter also in brackets or with %scope. False, without a
 * GError, for a name. Does not ask a name server. */
bool ipmi_peer_parse(const char *address, uint16_t port, IpmiPeer *peer);

/* Same family, address, port and scope. */
bool ipmi_peer_equal(const IpmiPeer *a, const IpmiPeer *b);
unsigned ipmi_peer_hash(const IpmiPeer *peer);
uint16_t ipmi_peer_port(const IpmiPeer *peer);

/* "192.0.2.7:623", "[2001:db8::7]:623"; the caller frees. */
char *ipmi_peer_text(const IpmiPeer *peer);

/* A non-blocking UDP socket; receive_size > 0 asks for that large a receive buffer and takes what
 * it gets.
 * Errors: IO. */
int ipmi_socket_new(int family, int receive_size, GError **error);
