/* The contract is in middle.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "middle.h"

#include <arpa/inet.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 48, CDB = 32, PDU_LIMIT = 2 << 20 };
enum { OP_COMMAND = 0x01, OP_DATA_IN = 0x25 };
enum { INQUIRY = 0x12, WRITE_16 = 0x8a, WRITE_SAME_16 = 0x93, UNMAP_BIT = 0x08 };
enum { PAGE_LIMITS = 0xb0, PAGE_PROVISIONING = 0xb2, LBPWS = 0x40 };

struct Middle {
    int listener;
    uint16_t target_port;
    MiddleLimits limits;
    pthread_t thread;
    /* the thread's own until it has ended */
    MiddleSeen seen;
    uint8_t page;   /* of the inquiry that was asked last; 0: none */
    uint8_t tag[4]; /* and its task */
    uint8_t *pdu;   /* owned; PDU_LIMIT bytes */
};

/* ---- what is said ---- */

static uint32_t
number_at(const uint8_t *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof number);
    return ntohl(number);
}

static void
put_number(uint8_t *bytes, uint32_t number)
{
    uint32_t wire = htonl(number);
    memcpy(bytes, &wire, sizeof wire);
}

static void
look_at_command(Middle *middle)
{
    const uint8_t *cdb = middle->pdu + CDB;
    MiddleSeen *seen = &middle->seen;
    uint32_t blocks = number_at(cdb + 10);
    if ((middle->pdu[0] & 0x3f) != OP_COMMAND)
        return;
    switch (cdb[0]) {
    case INQUIRY:
        middle->page = cdb[1] & 1 ? cdb[2] : 0;
        memcpy(middle->tag, middle->pdu + 16, sizeof middle->tag);
        break;
    case WRITE_16:
        seen->writes++;
        seen->most_written = MAX(seen->most_written, blocks);
        break;
    case WRITE_SAME_16:
        seen->sames++;
        seen->unmaps += (cdb[1] & UNMAP_BIT) != 0;
        seen->most_same = MAX(seen->most_same, blocks);
        break;
    default:
        break;
    }
}

/* Block Limits: SBC-3 6.6.3; Logical Block Provisioning: 6.6.4. */
static void
change_answer(Middle *middle, size_t size)
{
    uint8_t *data = middle->pdu + HEADER + 4u * middle->pdu[4];
    const MiddleLimits *limits = &middle->limits;
    bool answers = (middle->pdu[0] & 0x3f) == OP_DATA_IN && middle->page != 0 &&
                   memcmp(middle->pdu + 16, middle->tag, sizeof middle->tag) == 0 &&
                   data[1] == middle->page;
    if (!answers)
        return;
    if (middle->page == PAGE_LIMITS && size >= 44) {
        middle->seen.told++;
        if (limits->transfer_blocks > 0)
            put_number(data + 8, limits->transfer_blocks);
        if (limits->same_blocks > 0) {
            put_number(data + 36, (uint32_t)(limits->same_blocks >> 32));
            put_number(data + 40, (uint32_t)limits->same_blocks);
        }
    }
    if (middle->page == PAGE_PROVISIONING && size >= 6 && limits->same_never_unmaps) {
        middle->seen.told++;
        data[5] &= (uint8_t)~LBPWS;
    }
    middle->page = 0;
}

/* ---- the connection ---- */

static bool
receive(int fd, uint8_t *to, size_t size)
{
    return size == 0 || recv(fd, to, size, MSG_WAITALL) == (ssize_t)size;
}

/* Passes one on; false: the connection has ended. */
static bool
pass_on(Middle *middle, int from, int to, bool answers)
{
    uint8_t *pdu = middle->pdu;
    if (!receive(from, pdu, HEADER))
        return false;
    size_t size = (size_t)(number_at(pdu + 4) & 0xffffff), more = 4u * pdu[4];
    size_t all = HEADER + more + (size + 3) / 4 * 4;
    if (all > PDU_LIMIT || !receive(from, pdu + HEADER, all - HEADER))
        return false;
    if (answers)
        change_answer(middle, size);
    else
        look_at_command(middle);
    return send(to, pdu, all, MSG_NOSIGNAL) == (ssize_t)all;
}

static struct sockaddr_in
loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void
serve(Middle *middle, int initiator)
{
    struct sockaddr_in address = loopback(middle->target_port);
    int target = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(target, (const struct sockaddr *)&address, sizeof address) == 0;
    while (good) {
        struct pollfd look[] = {{.fd = initiator, .events = POLLIN},
                                {.fd = target, .events = POLLIN}};
        good = poll(look, 2, -1) > 0;
        if (good && look[0].revents != 0)
            good = pass_on(middle, initiator, target, false);
        if (good && look[1].revents != 0)
            good = pass_on(middle, target, initiator, true);
    }
    close(target);
    close(initiator);
}

static void *
middle_main(void *data)
{
    Middle *middle = data;
    for (int fd; (fd = accept(middle->listener, NULL, NULL)) >= 0;)
        serve(middle, fd);
    return NULL;
}

Middle *
middle_start(uint16_t target_port, MiddleLimits limits, uint16_t *port)
{
    Middle *middle = g_new0(Middle, 1);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    middle->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    middle->target_port = target_port;
    middle->limits = limits;
    middle->pdu = g_malloc(PDU_LIMIT);
    if (bind(middle->listener, (const struct sockaddr *)&address, size) != 0 ||
        listen(middle->listener, 4) != 0 ||
        getsockname(middle->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&middle->thread, NULL, middle_main, middle) != 0)
        g_error("no place between initiator and target");
    *port = ntohs(address.sin_port);
    return middle;
}

MiddleSeen
middle_end(Middle *middle)
{
    shutdown(middle->listener, SHUT_RDWR);
    pthread_join(middle->thread, NULL);
    close(middle->listener);
    MiddleSeen seen = middle->seen;
    g_free(middle->pdu);
    g_free(middle);
    return seen;
}
