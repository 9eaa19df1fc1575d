/* The network ports of a simulated iLO's machine: one, or two. The contract is in inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#define CARD_PATH "PciRoot(0x0)/Pci(0x2,0x0)"
#define SOURCE "NicBoot"

static const char *const mac_states[] = {"identity.mac", "identity.second_mac"};

unsigned
redfish_port_count(const RedfishBmc *bmc)
{
    return redfish_state_text(bmc, mac_states[1])[0] != '\0' ? 2 : 1;
}

const char *
redfish_port_mac(const RedfishBmc *bmc, unsigned number)
{
    return redfish_state_text(bmc, mac_states[number == 2 ? 1 : 0]);
}

char *
redfish_port_path(unsigned number)
{
    return g_strdup_printf(CARD_PATH "/Pci(0x0,0x%x)", number - 1);
}

unsigned
redfish_port_of_source(const char *source)
{
    return g_strcmp0(source, SOURCE "2") == 0 ? 2 : 1;
}

json_t *
redfish_live_nic_sources(const RedfishCall *call)
{
    json_t *sources = json_array();
    for (unsigned i = 1; i <= redfish_port_count(call->bmc); i++) {
        g_autofree char *name = g_strdup_printf(SOURCE "%u", i);
        json_array_append_new(sources, json_string(name));
    }
    return sources;
}

json_t *
redfish_live_nic_subinstances(const RedfishCall *call)
{
    json_t *list = json_array();
    for (unsigned i = 1; i <= redfish_port_count(call->bmc); i++) {
        g_autofree char *name = g_strdup_printf(SOURCE "%u", i);
        g_autofree char *path = redfish_port_path(i);
        json_array_append_new(list, json_pack("{s:i, s:s, s:[s]}", "Subinstance", (int)i,
                                              "CorrelatableID", path, "Associations", name));
    }
    return list;
}

/* Of iLO 4's network adapter. */
json_t *
redfish_live_rest_ports(const RedfishCall *call)
{
    json_t *ports = json_array();
    for (unsigned i = 1; i <= redfish_port_count(call->bmc); i++) {
        g_autofree char *path = redfish_port_path(i);
        json_array_append_new(ports,
                              json_pack("{s:s, s:s, s:s, s:{s:s}}", "MacAddress",
                                        redfish_port_mac(call->bmc, i), "UEFIDevicePath", path,
                                        "Type", "HpBaseNetworkPort", "Status", "Health", "OK"));
    }
    return ports;
}

json_t *
redfish_live_port_count(const RedfishCall *call)
{
    return json_integer(redfish_port_count(call->bmc));
}

json_t *
redfish_live_port_members(const RedfishCall *call)
{
    json_t *members = json_array();
    for (unsigned i = 1; i <= redfish_port_count(call->bmc); i++) {
        g_autofree char *uri = g_strdup_printf("/redfish/v1/Systems/1/EthernetInterfaces/%u/", i);
        json_array_append_new(members, json_pack("{s:s}", "@odata.id", uri));
    }
    return members;
}

/* The whole resource; NULL: there is no second port. */
json_t *
redfish_live_second_port(const RedfishCall *call)
{
    g_autofree char *path = redfish_port_path(2);
    if (redfish_port_count(call->bmc) < 2)
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "@odata.type",
                     "#EthernetInterface.v1_4_1.EthernetInterface", "Id", "2", "Name", "",
                     "MACAddress", redfish_port_mac(call->bmc, 2), "UefiDevicePath", path, "Status",
                     "State", "Enabled", "Health", "OK");
}
