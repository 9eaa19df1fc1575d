/* Authentication capabilities and cipher suite records.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/channel.h"

#include "bmc/ipmi/wire/bytes.h"
#include "common/error.h"

enum {
    AUTH_EXTENDED = 0x80, /* requests, and marks, IPMI 2.0 data */
    STATUS_KG = 0x20,
    STATUS_NAMED = 0x04,
    STATUS_NULL_NAMES = 0x02,
    STATUS_ANONYMOUS = 0x01,
    EXTENDED_20 = 0x02,
    RECORD_STANDARD = 0xc0,
    TAG_AUTHENTICATION = 0x00,
    TAG_INTEGRITY = 0x40,
    TAG_CONFIDENTIALITY = 0x80,
};

void
ipmi_auth_capabilities_request(IpmiRequest *request, IpmiPrivilege privilege)
{
    *request = (IpmiRequest){
        .net_function = IPMI_NETFN_APP,
        .command = IPMI_CMD_CHANNEL_AUTH_CAPABILITIES,
        .size = 2,
        .data = {AUTH_EXTENDED | IPMI_CHANNEL_PRESENT, (uint8_t)privilege},
    };
}

bool
ipmi_auth_capabilities_parse(const uint8_t *data, size_t size, IpmiAuthCapabilities *found,
                             GError **error)
{
    IpmiReader reader = ipmi_reader(data, size);
    uint8_t channel = ipmi_read_u8(&reader);
    uint8_t types = ipmi_read_u8(&reader);
    uint8_t status = ipmi_read_u8(&reader);
    uint8_t extended = ipmi_read_u8(&reader);
    if (reader.overrun)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                          "authentication capabilities of %zu bytes", size);
    *found = (IpmiAuthCapabilities){
        .channel = channel,
        .ipmi_20 = (types & AUTH_EXTENDED) != 0 && (extended & EXTENDED_20) != 0,
        .kg_required = (status & STATUS_KG) != 0,
        .named_users = (status & STATUS_NAMED) != 0,
        .null_usernames = (status & STATUS_NULL_NAMES) != 0,
        .anonymous_login = (status & STATUS_ANONYMOUS) != 0,
    };
    return true;
}

void
ipmi_auth_capabilities_response(const IpmiAuthCapabilities *capabilities, IpmiResponse *response)
{
    uint8_t status = 0;
    status |= capabilities->kg_required ? STATUS_KG : 0;
    status |= capabilities->named_users ? STATUS_NAMED : 0;
    status |= capabilities->null_usernames ? STATUS_NULL_NAMES : 0;
    status |= capabilities->anonymous_login ? STATUS_ANONYMOUS : 0;
    *response = (IpmiResponse){
        .size = 8,
        .data = {capabilities->channel, capabilities->ipmi_20 ? AUTH_EXTENDED : 0, status,
                 capabilities->ipmi_20 ? EXTENDED_20 : 0},
    };
}

size_t
ipmi_cipher_suites_build(int only, uint8_t *records, size_t capacity)
{
    static const int ours[] = {3, 17};
    IpmiWriter writer = ipmi_writer(records, capacity);
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++) {
        const IpmiSuite *suite = ipmi_suite(ours[i]);
        if (only != 0 && only != suite->id)
            continue;
        ipmi_write_u8(&writer, RECORD_STANDARD);
        ipmi_write_u8(&writer, (unsigned)suite->id);
        ipmi_write_u8(&writer, TAG_AUTHENTICATION | suite->authentication);
        ipmi_write_u8(&writer, TAG_INTEGRITY | suite->integrity);
        ipmi_write_u8(&writer, TAG_CONFIDENTIALITY | suite->confidentiality);
    }
    return writer.size;
}
