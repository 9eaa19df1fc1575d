/* Building and parsing of IPMI datagrams.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/packet.h"

#include "bmc/ipmi/wire/bytes.h"
#include "common/error.h"

enum {
    RMCP_VERSION = 0x06,
    RMCP_NO_ACK = 0xff,
    RMCP_CLASS_IPMI = 0x07,
    RMCP_SIZE = 4,
    AUTH_NONE = 0x00,
    AUTH_RMCP_PLUS = 0x06,
    PAYLOAD_ENCRYPTED = 0x80,
    PAYLOAD_AUTHENTICATED = 0x40,
    PAYLOAD_TYPE_MASK = 0x3f,
    PAYLOAD_OEM = 0x02, /* has six more header bytes; not supported */
    TRAILER_NEXT_HEADER = 0x07,
};

static bool
parse_rmcp_plus(IpmiReader *reader, IpmiPacket *packet, GError **error)
{
    uint8_t type = ipmi_read_u8(reader);
    packet->rmcp_plus = true;
    packet->encrypted = (type & PAYLOAD_ENCRYPTED) != 0;
    packet->authenticated = (type & PAYLOAD_AUTHENTICATED) != 0;
    packet->payload_type = type & PAYLOAD_TYPE_MASK;
    if (packet->payload_type == PAYLOAD_OEM)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "OEM payload");
    packet->session_id = ipmi_read_le32(reader);
    packet->sequence = ipmi_read_le32(reader);
    packet->payload_size = ipmi_read_le16(reader);
    return true;
}

static bool
parse_15(IpmiReader *reader, IpmiPacket *packet)
{
    packet->payload_type = IPMI_PAYLOAD_MESSAGE;
    packet->sequence = ipmi_read_le32(reader);
    packet->session_id = ipmi_read_le32(reader);
    packet->payload_size = ipmi_read_u8(reader);
    return true;
}

bool
ipmi_packet_parse(const uint8_t *data, size_t size, IpmiPacket *packet, GError **error)
{
    IpmiReader reader = ipmi_reader(data, size);
    uint8_t version = ipmi_read_u8(&reader);
    ipmi_read_skip(&reader,
                   2); /* reserved; the RMCP sequence number, 0xff where no acknowledge is wanted */
    uint8_t class = ipmi_read_u8(&reader);
    if (reader.overrun || version != RMCP_VERSION || class != RMCP_CLASS_IPMI)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "not an RMCP datagram of class IPMI");
    uint8_t auth_type = ipmi_read_u8(&reader);
    IpmiPacket parsed = {0};
    if (auth_type == AUTH_RMCP_PLUS) {
        if (!parse_rmcp_plus(&reader, &parsed, error))
            return false;
    } else if (reader.overrun || auth_type != AUTH_NONE || !parse_15(&reader, &parsed)) {
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "authentication type %u", auth_type);
    }
    parsed.payload = ipmi_read_view(&reader, parsed.payload_size);
    if (parsed.payload == NULL)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                          "payload of %zu bytes in a datagram of %zu", parsed.payload_size, size);
    parsed.trailer_offset = reader.position;
    *packet = parsed;
    return true;
}

static void
write_rmcp(IpmiWriter *writer)
{
    const uint8_t rmcp[RMCP_SIZE] = {RMCP_VERSION, 0, RMCP_NO_ACK, RMCP_CLASS_IPMI};
    ipmi_write_bytes(writer, rmcp, sizeof rmcp);
}

static bool
finish(const IpmiWriter *writer, size_t *out_size, GError **error)
{
    if (writer->overflow)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "no room for a datagram in %zu bytes",
                          writer->capacity);
    *out_size = writer->size;
    return true;
}

bool
ipmi_packet_build(bool rmcp_plus, uint8_t payload_type, const uint8_t *payload, size_t size,
                  uint8_t *out, size_t capacity, size_t *out_size, GError **error)
{
    IpmiWriter writer = ipmi_writer(out, capacity);
    if (size > (rmcp_plus ? IPMI_DATAGRAM_MAX : UINT8_MAX))
        return steel_fail(error, STEEL_ERROR_INTERNAL, "payload of %zu bytes", size);
    write_rmcp(&writer);
    if (rmcp_plus) {
        ipmi_write_u8(&writer, AUTH_RMCP_PLUS);
        ipmi_write_u8(&writer, payload_type);
        ipmi_write_zeros(&writer, 8);
        ipmi_write_le16(&writer, (uint16_t)size);
    } else {
        ipmi_write_u8(&writer, AUTH_NONE);
        ipmi_write_zeros(&writer, 8);
        ipmi_write_u8(&writer, (unsigned)size);
    }
    ipmi_write_bytes(&writer, payload, size);
    return finish(&writer, out_size, error);
}

/* Appends pad, pad length, next header and the authentication code over everything from the
 * authentication type on. */
static bool
write_trailer(const IpmiKeys *keys, IpmiWriter *writer, GError **error)
{
    size_t covered = writer->size - RMCP_SIZE + 2;
    size_t pad = (4 - covered % 4) % 4;
    for (size_t i = 0; i < pad; i++)
        ipmi_write_u8(writer, 0xff);
    ipmi_write_u8(writer, (unsigned)pad);
    ipmi_write_u8(writer, TRAILER_NEXT_HEADER);
    if (writer->overflow)
        return true; /* finish() reports it */
    const IpmiSpan span = {writer->bytes + RMCP_SIZE, writer->size - RMCP_SIZE};
    uint8_t code[IPMI_DIGEST_MAX];
    if (!ipmi_hmac(keys->suite, keys->k1, keys->suite->digest_size, &span, 1, code, error))
        return false;
    ipmi_write_bytes(writer, code, keys->suite->check_size);
    return true;
}

bool
ipmi_packet_seal(const IpmiKeys *keys, uint32_t session_id, uint32_t sequence, uint8_t payload_type,
                 const uint8_t *payload, size_t size, uint8_t *out, size_t capacity,
                 size_t *out_size, GError **error)
{
    uint8_t cipher[IPMI_DATAGRAM_MAX];
    size_t cipher_size = 0;
    if (!ipmi_encrypt(keys, payload, size, cipher, sizeof cipher, &cipher_size, error))
        return false;
    IpmiWriter writer = ipmi_writer(out, capacity);
    write_rmcp(&writer);
    ipmi_write_u8(&writer, AUTH_RMCP_PLUS);
    ipmi_write_u8(&writer, PAYLOAD_ENCRYPTED | PAYLOAD_AUTHENTICATED | payload_type);
    ipmi_write_le32(&writer, session_id);
    ipmi_write_le32(&writer, sequence);
    ipmi_write_le16(&writer, (uint16_t)cipher_size);
    ipmi_write_bytes(&writer, cipher, cipher_size);
    if (!write_trailer(keys, &writer, error))
        return false;
    return finish(&writer, out_size, error);
}

static bool
check_trailer(const IpmiKeys *keys, const uint8_t *data, size_t size, const IpmiPacket *packet,
              GError **error)
{
    size_t check_size = keys->suite->check_size;
    size_t trailer_size = size - packet->trailer_offset;
    if (trailer_size < 2 + check_size || size > IPMI_DATAGRAM_MAX)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "session trailer of %zu bytes",
                          trailer_size);
    size_t covered_end = size - check_size;
    uint8_t code[IPMI_DIGEST_MAX];
    const IpmiSpan span = {data + RMCP_SIZE, covered_end - RMCP_SIZE};
    if (!ipmi_hmac(keys->suite, keys->k1, keys->suite->digest_size, &span, 1, code, error))
        return false;
    if (!ipmi_equal(code, data + covered_end, check_size))
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "wrong authentication code");
    return true;
}

bool
ipmi_packet_open(const IpmiKeys *keys, const uint8_t *data, size_t size, const IpmiPacket *packet,
                 uint8_t *plain, size_t capacity, size_t *plain_size, GError **error)
{
    if (!packet->authenticated || !packet->encrypted)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "unprotected packet in a session");
    if (!check_trailer(keys, data, size, packet, error))
        return false;
    return ipmi_decrypt(keys, packet->payload, packet->payload_size, plain, capacity, plain_size,
                        error);
}

/* Two's complement of the sum, 13.8. */
static uint8_t
checksum(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return (uint8_t)-sum;
}

bool
ipmi_lan_message_parse(const uint8_t *payload, size_t size, IpmiLanMessage *message, GError **error)
{
    if (size < 7 || size > IPMI_MESSAGE_MAX)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "IPMI message of %zu bytes", size);
    if (checksum(payload, 2) != payload[2] || checksum(payload + 3, size - 4) != payload[size - 1])
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "wrong checksum of an IPMI message");
    *message = (IpmiLanMessage){
        .to_address = payload[0],
        .net_function = payload[1] >> 2,
        .to_lun = payload[1] & 3,
        .from_address = payload[3],
        .sequence = payload[4] >> 2,
        .from_lun = payload[4] & 3,
        .command = payload[5],
        .data = payload + 6,
        .size = size - 7,
    };
    return true;
}

bool
ipmi_lan_message_build(const IpmiLanMessage *message, uint8_t *out, size_t capacity,
                       size_t *out_size, GError **error)
{
    IpmiWriter writer = ipmi_writer(out, capacity);
    ipmi_write_u8(&writer, message->to_address);
    ipmi_write_u8(&writer, (unsigned)message->net_function << 2 | (message->to_lun & 3u));
    ipmi_write_u8(&writer, writer.overflow ? 0 : checksum(out, 2));
    ipmi_write_u8(&writer, message->from_address);
    ipmi_write_u8(&writer, (message->sequence & 0x3fu) << 2 | (message->from_lun & 3u));
    ipmi_write_u8(&writer, message->command);
    ipmi_write_bytes(&writer, message->data, message->size);
    ipmi_write_u8(&writer, writer.overflow ? 0 : checksum(out + 3, writer.size - 3));
    return finish(&writer, out_size, error);
}

bool
ipmi_window_accept(IpmiWindow *window, uint32_t sequence)
{
    enum { WINDOW = 32 };
    uint32_t ahead = sequence - window->highest;
    if (sequence == 0)
        return false; /* 0 is for packets outside of a session */
    if (ahead != 0 && ahead <= INT32_MAX) {
        window->seen = ahead < WINDOW ? window->seen << ahead | 1u : 1u;
        window->highest = sequence;
        return true;
    }
    uint32_t behind = window->highest - sequence;
    if (behind >= WINDOW || (window->seen >> behind & 1u) != 0)
        return false;
    window->seen |= 1u << behind;
    return true;
}
