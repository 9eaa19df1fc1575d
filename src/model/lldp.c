/* LLDP's TLVs; the contract is in lldp.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/lldp.h"

#include <arpa/inet.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* 9 bits of a TLV are its length. */
#define VALUE_LIMIT 511
#define TLV_LIMIT 256
#define ADDRESS_LENGTH 6

typedef struct Value {
    uint8_t bytes[VALUE_LIMIT];
    size_t size;
} Value;

/* IEEE 802.1AB, table 8-1 */
enum {
    CHASSIS_ID = 1,
    PORT_ID = 2,
    PORT_DESCRIPTION = 4,
    SYSTEM_NAME = 5,
    SYSTEM_DESCRIPTION = 6,
    SYSTEM_CAPABILITIES = 7,
    MANAGEMENT_ADDRESS = 8,
    ORGANIZATION = 127
};

/* Subtypes of the two IDs (tables 8-2 and 8-3). */
enum { CHASSIS_MAC = 4, CHASSIS_NETWORK = 5, PORT_MAC = 3, PORT_NETWORK = 4 };

static bool
read_value(const json_t *tlv, int *type, Value *value)
{
    const json_t *number = json_array_get(tlv, 0);
    const char *text = json_string_value(json_array_get(tlv, 1));
    size_t length = text != NULL ? strlen(text) : 0;
    if (!json_is_integer(number) || text == NULL || length % 2 != 0 || length / 2 > VALUE_LIMIT)
        return false;
    for (size_t i = 0; i < length; i += 2) {
        int high = g_ascii_xdigit_value(text[i]), low = g_ascii_xdigit_value(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        value->bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    *type = (int)CLAMP(json_integer_value(number), -1, 255);
    value->size = length / 2;
    return true;
}

static json_t *
text_json(const uint8_t *bytes, size_t size)
{
    g_autofree char *copy = g_strndup((const char *)bytes, size);
    g_autofree char *text = g_utf8_make_valid(copy, -1);
    return json_string(text);
}

static json_t *
mac_json(const uint8_t *bytes, size_t size)
{
    if (size != ADDRESS_LENGTH)
        return NULL;
    return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
                        bytes[4], bytes[5]);
}

/* A family of IANA's address family numbers, and the address. NULL: another one. */
static json_t *
network_json(const uint8_t *bytes, size_t size)
{
    char text[INET6_ADDRSTRLEN];
    if (size == 1 + sizeof(struct in_addr) && bytes[0] == 1)
        return json_string(inet_ntop(AF_INET, bytes + 1, text, sizeof text));
    if (size == 1 + sizeof(struct in6_addr) && bytes[0] == 2)
        return json_string(inet_ntop(AF_INET6, bytes + 1, text, sizeof text));
    return size > 0 && bytes[0] == 6 ? mac_json(bytes + 1, size - 1) : NULL;
}

/* A chassis or port ID: its subtype says what the rest is. NULL: it is no such. */
static json_t *
id_json(const Value *value, int mac, int network)
{
    if (value->size < 2)
        return NULL;
    const uint8_t *rest = value->bytes + 1;
    size_t size = value->size - 1;
    if (value->bytes[0] == mac)
        return mac_json(rest, size);
    return value->bytes[0] == network ? network_json(rest, size) : text_json(rest, size);
}

static json_t *
chassis_json(const Value *value)
{
    return id_json(value, CHASSIS_MAC, CHASSIS_NETWORK);
}

static json_t *
port_json(const Value *value)
{
    return id_json(value, PORT_MAC, PORT_NETWORK);
}

static json_t *
whole_json(const Value *value)
{
    return text_json(value->bytes, value->size);
}

static unsigned
number_at(const Value *value, size_t offset)
{
    return (unsigned)value->bytes[offset] << 8 | value->bytes[offset + 1];
}

/* ---- for a port ---- */

static void
set_absent(json_t *object, const char *key, json_t *value)
{
    if (value != NULL && json_object_get(object, key) == NULL)
        json_object_set_new(object, key, value);
    else
        json_decref(value);
}

static void
link_one(int type, const Value *value, json_t *link)
{
    if (type == CHASSIS_ID && value->size > 0 && value->bytes[0] == CHASSIS_MAC)
        set_absent(link, "switch_id", chassis_json(value));
    else if (type == PORT_ID)
        set_absent(link, "port_id", port_json(value));
    else if (type == SYSTEM_NAME)
        set_absent(link, "switch_info", whole_json(value));
}

/* ---- all of it ---- */

static json_t *
capability_words(unsigned bits)
{
    static const char *const words[] = {
        NULL,           "Repeater", "Bridge", "WLAN", "Router", "Telephone", "DOCSIS cable device",
        "Station only", "C-Vlan",   "S-Vlan", "TPMR"};
    json_t *list = json_array();
    for (size_t i = 1; i < G_N_ELEMENTS(words); i++)
        if (bits & 1u << i)
            json_array_append_new(list, json_string(words[i]));
    return list;
}

static void
read_capabilities(const Value *value, json_t *out)
{
    if (value->size != 4)
        return;
    set_absent(out, "switch_capabilities_support", capability_words(number_at(value, 0)));
    set_absent(out, "switch_capabilities_enabled", capability_words(number_at(value, 2)));
}

static void
append(json_t *object, const char *key, json_t *value)
{
    if (value == NULL)
        return;
    json_t *list = json_object_get(object, key);
    if (list == NULL) {
        list = json_array();
        json_object_set_new(object, key, list);
    }
    json_array_append_new(list, value);
}

/* A length, then a family and an address. */
static void
read_address(const Value *value, json_t *out)
{
    size_t size = value->size > 0 ? value->bytes[0] : 0;
    if (size > 0 && size < value->size)
        append(out, "switch_mgmt_addresses", network_json(value->bytes + 1, size));
}

static void
read_untagged_vlan(const Value *value, json_t *out)
{
    if (value->size == 6)
        set_absent(out, "switch_port_untagged_vlan_id", json_integer(number_at(value, 4)));
}

static void
read_vlan(const Value *value, json_t *out)
{
    size_t length = value->size > 6 ? value->bytes[6] : 0;
    if (value->size < 7 || value->size < 7 + length)
        return;
    append(out, "switch_port_vlans",
           json_pack("{s:i,s:o}", "id", (int)number_at(value, 4), "name",
                     text_json(value->bytes + 7, length)));
}

static void
read_mtu(const Value *value, json_t *out)
{
    if (value->size == 6)
        set_absent(out, "switch_port_mtu", json_integer(number_at(value, 4)));
}

/* What organizations have added: their OUI, a subtype, and the value. */
static void
read_organization(const Value *value, json_t *out)
{
    static const struct {
        uint8_t oui[4]; /* and the subtype */
        void (*read)(const Value *value, json_t *out);
    } rows[] = {
        {{0x00, 0x80, 0xc2, 1}, read_untagged_vlan}, /* IEEE 802.1Q, annex D */
        {{0x00, 0x80, 0xc2, 3}, read_vlan},
        {{0x00, 0x12, 0x0f, 4}, read_mtu},           /* IEEE 802.3, section 79 */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (value->size >= sizeof rows[i].oui &&
            memcmp(value->bytes, rows[i].oui, sizeof rows[i].oui) == 0)
            rows[i].read(value, out);
}

static void
read_one(int type, const Value *value, json_t *out)
{
    static const struct {
        int type;
        const char *key;
        json_t *(*make)(const Value *value);
    } rows[] = {
        {CHASSIS_ID,         "switch_chassis_id",         chassis_json},
        {PORT_ID,            "switch_port_id",            port_json},
        {PORT_DESCRIPTION,   "switch_port_description",   whole_json},
        {SYSTEM_NAME,        "switch_system_name",        whole_json},
        {SYSTEM_DESCRIPTION, "switch_system_description", whole_json},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].type == type)
            set_absent(out, rows[i].key, rows[i].make(value));
    if (type == SYSTEM_CAPABILITIES)
        read_capabilities(value, out);
    else if (type == MANAGEMENT_ADDRESS)
        read_address(value, out);
    else if (type == ORGANIZATION)
        read_organization(value, out);
}

static void
each(const json_t *tlvs, void (*take)(int type, const Value *value, json_t *out), json_t *out)
{
    for (size_t i = 0; i < MIN(json_array_size(tlvs), TLV_LIMIT); i++) {
        Value value;
        int type;
        if (read_value(json_array_get(tlvs, i), &type, &value))
            take(type, &value, out);
    }
}

void
lldp_link(const json_t *tlvs, json_t *link)
{
    each(tlvs, link_one, link);
}

json_t *
lldp_read(const json_t *tlvs)
{
    json_t *out = json_object();
    each(tlvs, read_one, out);
    return out;
}
