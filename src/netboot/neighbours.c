/* The kernel's neighbour table; the contract is in neighbours.h. Messages: rtnetlink(7),
 * linux/neighbour.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/neighbours.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MAC_SIZE 6
#define ANSWER_SIZE (32 * 1024)
/* Messages of the kernel for one question. A table of 100,000 neighbours takes fewer. */
#define ANSWER_LIMIT 1024
#define TIMEOUT_S 1

/* The MAC address is known to be right now, or was a while ago. */
#define USABLE_STATES (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

static bool
is_ipv4(const HttpAddress *address)
{
    return IN6_IS_ADDR_V4MAPPED(&address->bytes);
}

/* The address as it stands in a message of its family. */
static const void *
raw_address(const HttpAddress *address, size_t *size)
{
    *size = is_ipv4(address) ? 4 : 16;
    return address->bytes.s6_addr + (is_ipv4(address) ? 12 : 0);
}

/* The attributes of one message that matter; NULL if absent. */
typedef struct Attributes {
    const void *address, *mac;
    size_t address_size, mac_size;
} Attributes;

static Attributes
read_attributes(const uint8_t *data, size_t size)
{
    Attributes found = {0};
    struct rtattr attribute;
    while (size >= sizeof attribute) {
        memcpy(&attribute, data, sizeof attribute);
        size_t length = attribute.rta_len;
        if (length < sizeof attribute || length > size)
            break;
        if (attribute.rta_type == NDA_DST) {
            found.address = data + sizeof attribute;
            found.address_size = length - sizeof attribute;
        } else if (attribute.rta_type == NDA_LLADDR) {
            found.mac = data + sizeof attribute;
            found.mac_size = length - sizeof attribute;
        }
        size_t step = MIN(RTA_ALIGN(length), size);
        data += step;
        size -= step;
    }
    return found;
}

static void
add_mac(Neighbours *out, const uint8_t *mac)
{
    char text[MAC_TEXT_SIZE];
    g_snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
               mac[4], mac[5]);
    for (unsigned i = 0; i < out->count; i++)
        if (strcmp(out->macs[i], text) == 0)
            return;
    if (out->count < NEIGHBOUR_LIMIT)
        memcpy(out->macs[out->count++], text, sizeof text);
}

/* The part behind the header of a NEWNEIGH message. */
static void
read_neighbour(const uint8_t *data, size_t size, const HttpAddress *address, Neighbours *out)
{
    struct ndmsg head;
    size_t wanted_size;
    const void *wanted = raw_address(address, &wanted_size);
    if (size < NLMSG_ALIGN(sizeof head))
        return;
    memcpy(&head, data, sizeof head);
    Attributes found =
        read_attributes(data + NLMSG_ALIGN(sizeof head), size - NLMSG_ALIGN(sizeof head));
    if ((head.ndm_state & USABLE_STATES) != 0 && found.mac_size == MAC_SIZE &&
        found.address_size == wanted_size && memcmp(found.address, wanted, wanted_size) == 0)
        add_mac(out, found.mac);
}

bool
neighbours_read(const void *data, size_t size, const HttpAddress *address, Neighbours *out)
{
    const uint8_t *at = data;
    struct nlmsghdr head;
    while (size >= sizeof head) {
        memcpy(&head, at, sizeof head);
        if (head.nlmsg_len < sizeof head || head.nlmsg_len > size)
            return true;
        if (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR)
            return true;
        if (head.nlmsg_type == RTM_NEWNEIGH)
            read_neighbour(at + NLMSG_HDRLEN, head.nlmsg_len - sizeof head, address, out);
        size_t step = MIN((size_t)NLMSG_ALIGN(head.nlmsg_len), size);
        at += step;
        size -= step;
    }
    return false;
}

static bool
fail(GError **error, const char *what)
{
    return steel_fail(error, STEEL_ERROR_IO, "the kernel's neighbour table: %s: %s", what,
                      g_strerror(errno));
}

static bool
ask(int fd, const HttpAddress *address, GError **error)
{
    struct {
        struct nlmsghdr head;
        struct ndmsg body;
    } question = {
        .head = {.nlmsg_len = sizeof question,
                 .nlmsg_type = RTM_GETNEIGH,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                 .nlmsg_seq = 1},
        .body = {.ndm_family = is_ipv4(address) ? AF_INET : AF_INET6},
    };
    return send(fd, &question, sizeof question, 0) == (ssize_t)sizeof question ||
           fail(error, "cannot ask");
}

static bool
listen_for_answers(int fd, const HttpAddress *address, Neighbours *out, GError **error)
{
    g_autofree uint32_t *buffer = g_malloc(ANSWER_SIZE);
    for (unsigned i = 0; i < ANSWER_LIMIT; i++) {
        ssize_t size = recv(fd, buffer, ANSWER_SIZE, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return fail(error, "no answer");
        if (neighbours_read(buffer, (size_t)size, address, out))
            return true;
    }
    errno = EMSGSIZE;
    return fail(error, "no end");
}

bool
neighbours_find(const HttpAddress *address, Neighbours *out, GError **error)
{
    const struct timeval limit = {.tv_sec = TIMEOUT_S};
    out->count = 0;
    if (http_address_is_loopback(address) || http_address_is_unix(address))
        return true;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return fail(error, "no socket");
    bool good = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 ||
                fail(error, "no time limit");
    good = good && ask(fd, address, error) && listen_for_answers(fd, address, out, error);
    close(fd);
    return good;
}
