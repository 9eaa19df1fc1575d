/* Finds an address of this machine; the contract is in own_address.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/own_address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
is_link_local(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6)
        return IN6_IS_ADDR_LINKLOCAL(
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    uint32_t v4 = ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr);
    return (v4 >> 16) == 0xa9fe;
}

static char *
address_text(const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN];
    const void *bytes =
        address->sa_family == AF_INET6
            ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
            : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    return g_strdup(inet_ntop(address->sa_family, bytes, text, sizeof text));
}

/* A connected datagram socket has a local address, although it sends nothing. */
static char *
address_towards(const struct addrinfo *there)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    struct sockaddr *address = (struct sockaddr *)&own;
    int fd = socket(there->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, there->ai_addr, there->ai_addrlen) == 0 &&
                getsockname(fd, address, &size) == 0 && !is_link_local(address);
    if (fd >= 0)
        close(fd);
    return good ? address_text(address) : NULL;
}

static char *
host_of(const char *url)
{
    CURLU *parsed = curl_url();
    char *host = NULL;
    char *copy = NULL;
    if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        size_t length = strlen(host);
        bool bracketed = host[0] == '[';
        copy = bracketed ? g_strndup(host + 1, length - 2) : g_strdup(host);
    }
    curl_free(host);
    curl_url_cleanup(parsed);
    return copy;
}

char *
own_address_to(const char *url, GError **error)
{
    g_autofree char *host = host_of(url);
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *list = NULL;
    if (host == NULL) {
        agent_fail(error, AGENT_ERROR_LOOKUP_ADDRESS, "ipa-api-url is no URL");
        return NULL;
    }
    int code = getaddrinfo(host, "80", &hints, &list);
    if (code != 0) {
        agent_fail(error, AGENT_ERROR_LOOKUP_ADDRESS, "the host %s of ipa-api-url: %s", host,
                   gai_strerror(code));
        return NULL;
    }
    char *found = NULL;
    for (const struct addrinfo *there = list; there != NULL && found == NULL;
         there = there->ai_next)
        found = address_towards(there);
    freeaddrinfo(list);
    if (found == NULL)
        agent_fail(error, AGENT_ERROR_LOOKUP_ADDRESS,
                   "there is no route to %s: has an interface got its address?", host);
    return found;
}

char *
own_address_of(const char *interface, GError **error)
{
    struct ifaddrs *list = NULL;
    char *found = NULL;
    if (getifaddrs(&list) != 0) {
        agent_fail(error, AGENT_ERROR_LOOKUP_ADDRESS, "addresses: %s", g_strerror(errno));
        return NULL;
    }
    for (const struct ifaddrs *at = list; at != NULL && found == NULL; at = at->ifa_next)
        if (at->ifa_addr != NULL && strcmp(at->ifa_name, interface) == 0 &&
            (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6) &&
            !is_link_local(at->ifa_addr))
            found = address_text(at->ifa_addr);
    freeifaddrs(list);
    if (found == NULL)
        agent_fail(error, AGENT_ERROR_LOOKUP_ADDRESS, "%s (ipa-network-interface) has no address",
                   interface);
    return found;
}
