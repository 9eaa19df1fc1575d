/* Serial over LAN on the wire; the contract is in sol.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/sol.h"

#include "bmc/ipmi/wire/bytes.h"
#include "bmc/ipmi/wire/packet.h"
#include "common/error.h"

enum {
    SEQUENCE_MASK = 0x0f,
    SWAPPED_SIZE = 1024, /* no BMC has so large packets: its firmware has swapped the bytes */
};

bool
ipmi_sol_packet_parse(const uint8_t *data, size_t size, IpmiSolPacket *packet, GError **error)
{
    if (size < IPMI_SOL_HEADER_SIZE || size > IPMI_SOL_HEADER_SIZE + IPMI_SOL_DATA_MAX)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "SOL packet of %zu bytes", size);
    *packet = (IpmiSolPacket){
        .sequence = data[0] & SEQUENCE_MASK,
        .acknowledged = data[1] & SEQUENCE_MASK,
        .accepted = data[2],
        .flags = data[3],
        .data = data + IPMI_SOL_HEADER_SIZE,
        .size = size - IPMI_SOL_HEADER_SIZE,
    };
    return true;
}

bool
ipmi_sol_packet_build(const IpmiSolPacket *packet, uint8_t *out, size_t capacity, size_t *out_size,
                      GError **error)
{
    IpmiWriter writer = ipmi_writer(out, capacity);
    ipmi_write_u8(&writer, packet->sequence);
    ipmi_write_u8(&writer, packet->acknowledged);
    ipmi_write_u8(&writer, packet->accepted);
    ipmi_write_u8(&writer, packet->flags);
    ipmi_write_bytes(&writer, packet->data, packet->size);
    if (writer.overflow || packet->size > IPMI_SOL_DATA_MAX)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "no room for a SOL packet in %zu bytes",
                          capacity);
    *out_size = writer.size;
    return true;
}

const char *
ipmi_sol_activation_text(uint8_t completion_code)
{
    static const char *const texts[] = {
        [IPMI_CC_PAYLOAD_ACTIVE - 0x80] = "another session has the console",
        [IPMI_CC_PAYLOAD_DISABLED - 0x80] = "SOL is disabled; enable it on the BMC",
        [IPMI_CC_PAYLOAD_LIMIT - 0x80] = "it has as many consoles open as it can",
        [IPMI_CC_PAYLOAD_NOT_ENCRYPTED - 0x80] = "SOL cannot be encrypted",
        [IPMI_CC_PAYLOAD_ENCRYPTED - 0x80] = "SOL must be encrypted",
    };
    return completion_code >= 0x80 && completion_code < 0x80 + G_N_ELEMENTS(texts)
               ? texts[completion_code - 0x80]
               : NULL;
}

static void
build(IpmiRequest *request, uint8_t command, uint8_t how)
{
    const uint8_t data[] = {IPMI_PAYLOAD_SOL, IPMI_SOL_INSTANCE, how, 0, 0, 0};
    *request = (IpmiRequest){.net_function = IPMI_NETFN_APP,
                             .command = command,
                             .repeatable = true,
                             .size = sizeof data};
    memcpy(request->data, data, sizeof data);
}

void
ipmi_build_activate_sol(IpmiRequest *request)
{
    build(request, IPMI_CMD_ACTIVATE_PAYLOAD, IPMI_SOL_ENCRYPTED | IPMI_SOL_AUTHENTICATED);
}

void
ipmi_build_deactivate_sol(IpmiRequest *request)
{
    build(request, IPMI_CMD_DEACTIVATE_PAYLOAD, 0);
}

bool
ipmi_parse_activate_sol(const IpmiResponse *response, size_t *data_max, GError **error)
{
    IpmiReader reader = ipmi_reader(response->data, response->size);
    ipmi_read_skip(&reader, 4);
    unsigned inbound = ipmi_read_le16(&reader);
    if (reader.overrun)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                          "an answer of %zu bytes to Activate Payload", response->size);
    if (inbound >= SWAPPED_SIZE)
        inbound = GUINT16_SWAP_LE_BE((uint16_t)inbound);
    *data_max = CLAMP((int)inbound - IPMI_SOL_HEADER_SIZE, 1, IPMI_SOL_DATA_MAX);
    return true;
}
