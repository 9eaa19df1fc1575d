/* Addresses that connections come from, and networks of them. All are written as IPv6; IPv4 is
 * mapped into it.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Room for any text below, with NUL. */
#define HTTP_ADDRESS_TEXT_SIZE 64

typedef struct HttpAddress {
    struct in6_addr bytes; /* all zero: a unix socket, or unknown */
} HttpAddress;

/* peer  NULL: unknown */
HttpAddress http_address_of(const struct sockaddr *peer);

/* Reads "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:4711";
 * blanks around it are ignored. False: not an address. */
bool http_address_parse(const char *text, size_t length, HttpAddress *out);

/* What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address (one client
 * has all addresses of such a network). */
HttpAddress http_address_group(const HttpAddress *address);

bool http_address_is_unix(const HttpAddress *address);
bool http_address_is_loopback(const HttpAddress *address);

/* Writes "192.0.2.1", "2001:db8::1" or "a unix socket". Returns the buffer. */
const char *http_address_text(const HttpAddress *address, char buffer[HTTP_ADDRESS_TEXT_SIZE]);

/* For GHashTable, with HttpAddress keys. */
unsigned http_address_hash(const void *address);
int http_address_equal(const void *a, const void *b);

/* A list of networks, constant once made. */
typedef struct HttpNetworks HttpNetworks;

/* texts   "10.0.0.0/8", "2001:db8::/32", "192.0.2.1", ended by NULL
 * Errors  CONFIG naming the text that is not a network */
HttpNetworks *http_networks_new(const char *const *texts, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void http_networks_free(HttpNetworks *networks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpNetworks, http_networks_free)

/* networks  NULL: none. A unix socket is in every list: its file permissions decide who
 *           connects. */
bool http_networks_contain(const HttpNetworks *networks, const HttpAddress *address);

/* The client behind proxies: the last address of X-Forwarded-For that is not a trusted proxy.
 *
 * header  "192.0.2.7, 10.0.0.3"
 * False: there is none, or its entry is not an address */
bool http_forwarded_source(const char *header, const HttpNetworks *trusted, HttpAddress *out);
