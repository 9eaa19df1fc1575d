/* Serial over LAN: the payload that carries a serial port's characters within a session, the
 * messages that switch it on and off, and its parameters. Pure functions for client and server;
 * any thread. Source: IPMI 2.0 rev 1.1, 15 (payload), 24 (activation), 26 (parameters).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

#include "bmc/ipmi/wire/message.h"

enum {
    IPMI_SOL_HEADER_SIZE = 4,
    IPMI_SOL_DATA_MAX = 255, /* characters in one packet: the accepted ones are counted in a byte */
    IPMI_SOL_SEQUENCES = 15, /* 1 to 15; 0 marks a packet without characters */
    IPMI_SOL_INSTANCE = 1,   /* the serial port; BMCs have one */
};

/* The fourth byte of the payload, table 15-2. The first one means the same in both directions. */
enum {
    IPMI_SOL_NACK = 0x40,
    /* from the BMC */
    IPMI_SOL_UNAVAILABLE = 0x20, /* it takes no characters now */
    IPMI_SOL_DEACTIVATED = 0x10, /* SOL has ended, or ends */
    IPMI_SOL_OVERRUN = 0x08,     /* it has lost characters of the machine */
    IPMI_SOL_BREAK_SEEN = 0x04,
    /* from the client */
    IPMI_SOL_BREAK = 0x10,
};

/* One payload; `data` points into what it was parsed from. */
typedef struct IpmiSolPacket {
    uint8_t sequence;     /* 0: it has no characters, and is not acknowledged */
    uint8_t acknowledged; /* the packet that it acknowledges; 0: none */
    uint8_t accepted;     /* characters of that one that were taken */
    uint8_t flags;        /* IPMI_SOL_... */
    const uint8_t *data;
    size_t size;
} IpmiSolPacket;

/* Parsing: BMC_PROTOCOL (short, more characters than a packet can have), *packet untouched.
 * Building: INTERNAL (does not fit). */
bool ipmi_sol_packet_parse(const uint8_t *data, size_t size, IpmiSolPacket *packet, GError **error);
bool ipmi_sol_packet_build(const IpmiSolPacket *packet, uint8_t *out, size_t capacity,
                           size_t *out_size, GError **error);

/* Activate Payload asks with these in its fourth byte, 24.1. */
enum {
    IPMI_SOL_ENCRYPTED = 0x80,
    IPMI_SOL_AUTHENTICATED = 0x40,
};

/* Completion codes of Activate and Deactivate Payload, 24.1 and 24.2. */
enum {
    IPMI_CC_PAYLOAD_ACTIVE = 0x80,     /* activate: another session has it */
    IPMI_CC_PAYLOAD_NOT_ACTIVE = 0x80, /* deactivate: it was not active */
    IPMI_CC_PAYLOAD_DISABLED = 0x81,
    IPMI_CC_PAYLOAD_LIMIT = 0x82,
    IPMI_CC_PAYLOAD_NOT_ENCRYPTED = 0x83, /* it cannot be encrypted */
    IPMI_CC_PAYLOAD_ENCRYPTED = 0x84,     /* it must be encrypted */
};

/* What such a code means, in words; NULL: it has no meaning of its own here. Static. */
const char *ipmi_sol_activation_text(uint8_t completion_code);

void ipmi_build_activate_sol(IpmiRequest *request);
void ipmi_build_deactivate_sol(IpmiRequest *request);

/* How many characters a packet to this BMC may have, from the answer to Activate Payload: 1 to
 * IPMI_SOL_DATA_MAX. Errors: BMC_PROTOCOL (short). */
bool ipmi_parse_activate_sol(const IpmiResponse *response, size_t *data_max, GError **error);

/* SOL Configuration Parameters, table 26-5. */
enum {
    IPMI_SOL_PARAMETER_PROGRESS = 0,
    IPMI_SOL_PARAMETER_ENABLE = 1,
    IPMI_SOL_PARAMETER_AUTHENTICATION = 2,
    IPMI_SOL_PARAMETER_ACCUMULATE = 3,
    IPMI_SOL_PARAMETER_RETRY = 4,
    IPMI_SOL_PARAMETER_RATE = 5,
    IPMI_SOL_PARAMETER_RATE_NOW = 6,
    IPMI_SOL_PARAMETER_CHANNEL = 7,
    IPMI_SOL_PARAMETER_PORT = 8,
    IPMI_SOL_PARAMETER_COUNT = 9,
};
