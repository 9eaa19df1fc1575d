/* IPMI datagrams: the RMCP header, the session header of IPMI 1.5 and of RMCP+, the sealing of
 * payloads within a session, and the IPMI LAN message inside. Pure functions for client and server;
 * any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

#include "bmc/ipmi/wire/crypto.h"
#include "bmc/ipmi/wire/message.h"

enum {
    IPMI_DATAGRAM_MAX =
        1024, /* more than the largest IPMI message with header, IV, pad and trailer */
    IPMI_MESSAGE_MAX = 7 + 1 + IPMI_DATA_MAX,
    IPMI_BMC_ADDRESS = 0x20,     /* responder's address, "the BMC" */
    IPMI_CONSOLE_ADDRESS = 0x81, /* requester's address, "remote console software 1" */
};

/* Payload types, table 13-16. */
enum {
    IPMI_PAYLOAD_MESSAGE = 0x00,
    IPMI_PAYLOAD_SOL = 0x01,
    IPMI_PAYLOAD_OPEN_REQUEST = 0x10,
    IPMI_PAYLOAD_OPEN_RESPONSE = 0x11,
    IPMI_PAYLOAD_RAKP_1 = 0x12,
    IPMI_PAYLOAD_RAKP_2 = 0x13,
    IPMI_PAYLOAD_RAKP_3 = 0x14,
    IPMI_PAYLOAD_RAKP_4 = 0x15,
};

/* A datagram taken apart; `payload` points into the datagram and may still be encrypted. */
typedef struct IpmiPacket {
    bool rmcp_plus; /* false: IPMI 1.5 header, only without authentication */
    bool encrypted;
    bool authenticated;
    uint8_t payload_type; /* IPMI_PAYLOAD_...; MESSAGE in the 1.5 form */
    uint32_t session_id;
    uint32_t sequence;
    const uint8_t *payload;
    size_t payload_size;
    size_t trailer_offset; /* from the datagram's start: where the payload ends */
} IpmiPacket;

/* Takes a datagram apart.
 *
 * data, size   the whole datagram, borrowed by *packet
 * Errors       BMC_PROTOCOL (short, not RMCP or not IPMI class, unknown authentication type, OEM
 *              payload, length past the end)
 * Source       IPMI 2.0 rev 1.1, 13.1.3 (RMCP), table 13-8 (session header)
 */
bool ipmi_packet_parse(const uint8_t *data, size_t size, IpmiPacket *packet, GError **error);

/* A payload outside of a session (id and sequence 0), with the RMCP+ header or, for a MESSAGE, with
 * that of IPMI 1.5.
 * Errors: INTERNAL (capacity). */
bool ipmi_packet_build(bool rmcp_plus, uint8_t payload_type, const uint8_t *payload, size_t size,
                       uint8_t *out, size_t capacity, size_t *out_size, GError **error);

/* A payload encrypted and authenticated with the session's keys. Errors: INTERNAL. Source: 13.6,
 * 13.28.4, 13.29. */
bool ipmi_packet_seal(const IpmiKeys *keys, uint32_t session_id, uint32_t sequence,
                      uint8_t payload_type, const uint8_t *payload, size_t size, uint8_t *out,
                      size_t capacity, size_t *out_size, GError **error);

/* Checks the authentication code of a parsed datagram and decrypts its payload. A packet that is
 * not both encrypted and authenticated is refused, since suites 3 and 17 are.
 * Errors: BMC_PROTOCOL. */
bool ipmi_packet_open(const IpmiKeys *keys, const uint8_t *data, size_t size,
                      const IpmiPacket *packet, uint8_t *plain, size_t capacity, size_t *plain_size,
                      GError **error);

/* An IPMI LAN message, request or response, 13.8. In a response the first data byte is the
 * completion code. */
typedef struct IpmiLanMessage {
    uint8_t to_address;
    uint8_t to_lun;
    uint8_t net_function; /* odd in responses */
    uint8_t from_address;
    uint8_t from_lun;
    uint8_t sequence; /* 0..63 */
    uint8_t command;
    const uint8_t *data; /* into the payload */
    size_t size;
} IpmiLanMessage;

/* Errors: BMC_PROTOCOL (short, long, either checksum). */
bool ipmi_lan_message_parse(const uint8_t *payload, size_t size, IpmiLanMessage *message,
                            GError **error);
/* Errors: INTERNAL (capacity). */
bool ipmi_lan_message_build(const IpmiLanMessage *message, uint8_t *out, size_t capacity,
                            size_t *out_size, GError **error);

/* The sequence numbers seen in one direction of a session: each once, and none older than 32 behind
 * the newest. 6.12.13. */
typedef struct IpmiWindow {
    uint32_t highest;
    uint32_t seen; /* bit n: highest - n has been seen */
} IpmiWindow;

/* True when the number is new and not too old; remembers it. 0 is never accepted. */
bool ipmi_window_accept(IpmiWindow *window, uint32_t sequence);
