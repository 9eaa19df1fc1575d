/* Takes LLDP frames apart; the contract is in lldp.h. SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/lldp.h"

#include <glib.h>

enum {
    ETHERNET_HEADER = 14,
    ETHERTYPE = 12,
    TLV_HEADER = 2,
    TLV_END = 0,
};

static char *
hex(const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    char *text = g_malloc(size * 2 + 1);
    for (size_t i = 0; i < size; i++) {
        text[i * 2] = digits[bytes[i] >> 4];
        text[i * 2 + 1] = digits[bytes[i] & 15];
    }
    text[size * 2] = '\0';
    return text;
}

json_t *
lldp_parse(const uint8_t *frame, size_t size)
{
    if (size < ETHERNET_HEADER + TLV_HEADER || frame[ETHERTYPE] != 0x88 ||
        frame[ETHERTYPE + 1] != 0xcc)
        return NULL;
    json_t *list = json_array();
    size_t at = ETHERNET_HEADER;
    while (size - at >= TLV_HEADER) {
        unsigned type = frame[at] >> 1;
        size_t length = (size_t)(frame[at] & 1) << 8 | frame[at + 1];
        at += TLV_HEADER;
        if (type == TLV_END || length > size - at)
            break;
        g_autofree char *value = hex(frame + at, length);
        json_array_append_new(list, json_pack("[i, s]", (int)type, value));
        at += length;
    }
    return list;
}
