/* Serial over LAN packets as a BMC may send them, at one end of the link: foreign bytes, characters
 * that are typed, breaks and the passing of time, in any order.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "bmc/ipmi/wire/sol_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { QUEUE_MAX = 300, DATA_MAX = 40, RETRY_MS = 100, TRIES_MAX = 3 };

/* Takes as many as the first character says, so that packets are taken in part. */
static size_t
take(void *user_data, const uint8_t *bytes, size_t size)
{
    (void)user_data;
    return size > 0 ? bytes[0] % (size + 1) : 0;
}

static void
receive(SolLink *link, uint64_t now_ms, const uint8_t *data, size_t size)
{
    g_autofree uint8_t *exact = g_malloc(MAX(size, 1)); /* so that ASan sees one byte too far */
    IpmiSolPacket packet;
    if (size > 0)
        memcpy(exact, data, size);
    if (ipmi_sol_packet_parse(exact, size, &packet, NULL))
        sol_link_receive(link, now_ms, &packet);
}

static void
send(SolLink *link, uint64_t now_ms)
{
    uint8_t bytes[IPMI_SOL_HEADER_SIZE + IPMI_SOL_DATA_MAX];
    IpmiSolPacket packet;
    for (int i = 0; i < 3; i++) {
        size_t size = sol_link_next(link, now_ms, bytes, sizeof bytes);
        if (size == 0)
            return;
        if (!ipmi_sol_packet_parse(bytes, size, &packet, NULL) || packet.size > DATA_MAX)
            abort();
    }
    abort(); /* an acknowledgement and one packet are all that can be due at a time */
}

/* Chunks: length, mode, bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SolLink link;
    uint64_t now_ms = 1000;
    sol_link_open(&link, IPMI_SOL_BREAK, DATA_MAX, QUEUE_MAX, RETRY_MS, TRIES_MAX, take, NULL);
    for (size_t position = 0; position + 2 <= size;) {
        size_t length = MIN((size_t)data[position], size - position - 2);
        const uint8_t *bytes = data + position + 2;
        switch (data[position + 1] % 4) {
        case 0:
            receive(&link, now_ms, bytes, length);
            break;
        case 1:
            (void)sol_link_write(&link, bytes, length);
            break;
        case 2:
            sol_link_break(&link);
            break;
        default:
            now_ms += length;
            break;
        }
        send(&link, now_ms);
        if (link.queue->len > QUEUE_MAX || link.flight > link.queue->len)
            abort();
        position += 2 + length;
    }
    sol_link_close(&link);
    return 0;
}
