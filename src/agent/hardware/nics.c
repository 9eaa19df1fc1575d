/* Network interfaces; the contract is in nics.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/nics.h"

#include "agent/hardware/lldp.h"
#include "agent/hardware/sysfs.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#define MAC_LENGTH 17
/* The last eight bytes of an InfiniBand address identify the port (RFC 4390). */
#define INFINIBAND_LENGTH 59
#define CLIENT_ID_PREFIX "ff:00:00:00:00:00:02:00:00:02:c9:00:"

static bool
counts(const char *root, const char *name)
{
    return sysfs_exists(root, "/sys/class/net/%s/device", name) ||
           sysfs_exists(root, "/proc/net/vlan/%s", name) ||
           sysfs_exists(root, "/sys/class/net/%s/bonding", name);
}

/* The MAC and, for InfiniBand, the client id that DHCP uses. */
static char *
mac_of(const char *root, const char *name, char **client_id)
{
    char *address = sysfs_read(root, "/sys/class/net/%s/address", name);
    if (address == NULL || strlen(address) != INFINIBAND_LENGTH)
        return address;
    const char *port = address + INFINIBAND_LENGTH - 23;
    *client_id = g_strconcat(CLIENT_ID_PREFIX, port, NULL);
    char *mac = g_strdup_printf("%.8s%s", port, port + 14); /* aa:bb:cc and the last three bytes */
    g_free(address);
    return mac;
}

static json_t *
address_json(const struct ifaddrs *list, const char *name, int family)
{
    char text[INET6_ADDRSTRLEN];
    for (; list != NULL; list = list->ifa_next) {
        const struct sockaddr *address = list->ifa_addr;
        if (address == NULL || address->sa_family != family || strcmp(list->ifa_name, name) != 0)
            continue;
        const struct in6_addr *v6 =
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        const void *bytes =
            family == AF_INET6
                ? (const void *)v6
                : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
        if (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(v6) && list->ifa_next != NULL)
            continue;
        return json_string(inet_ntop(family, bytes, text, sizeof text));
    }
    return json_null();
}

static json_t *
text_json(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *
nic_json(const char *root, const char *name, const struct ifaddrs *addresses)
{
    g_autofree char *client_id = NULL;
    g_autofree char *mac = mac_of(root, name, &client_id);
    g_autofree char *vendor = sysfs_read(root, "/sys/class/net/%s/device/vendor", name);
    g_autofree char *product = sysfs_read(root, "/sys/class/net/%s/device/device", name);
    int64_t speed = sysfs_read_number(root, -1, "/sys/class/net/%s/speed", name);
    bool carrier = sysfs_read_number(root, 0, "/sys/class/net/%s/carrier", name) == 1;
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:b, s:n, s:o, s:o, s:o, s:n, s:o}", "name", name, "mac_address",
        text_json(mac), "ipv4_address", address_json(addresses, name, AF_INET), "ipv6_address",
        address_json(addresses, name, AF_INET6), "has_carrier", carrier, "lldp", "vendor",
        text_json(vendor), "product", text_json(product), "client_id", text_json(client_id),
        "biosdevname", "speed_mbps", speed > 0 ? json_integer(speed) : json_null());
}

json_t *
nics_list(const char *root)
{
    json_t *list = json_array();
    struct ifaddrs *addresses = NULL;
    if (*root == '\0' && getifaddrs(&addresses) != 0)
        addresses = NULL;
    g_auto(GStrv) names = sysfs_list(root, "/sys/class/net");
    for (char **name = names; *name != NULL; name++)
        if (counts(root, *name))
            json_array_append_new(list, nic_json(root, *name, addresses));
    if (addresses != NULL)
        freeifaddrs(addresses);
    return list;
}

void
nics_add_lldp(json_t *list, int64_t timeout_ms, const atomic_bool *stop)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    json_t *nic;
    size_t i;
    json_array_foreach(list, i, nic)
        g_ptr_array_add(names, (char *)(uintptr_t)json_string_value(json_object_get(nic, "name")));
    g_ptr_array_add(names, NULL);
    json_t *heard = lldp_listen((char *const *)names->pdata, timeout_ms, stop);
    json_array_foreach(list, i, nic)
    {
        json_t *told = json_object_get(heard, names->pdata[i]);
        json_object_set_new(nic, "lldp", told != NULL ? json_incref(told) : json_array());
    }
    json_decref(heard);
}

char *
nics_addresses(const char *root)
{
    GString *macs = g_string_new(NULL);
    json_t *list = nics_list(root), *nic;
    size_t i;
    json_array_foreach(list, i, nic)
    {
        const char *mac = json_string_value(json_object_get(nic, "mac_address"));
        if (mac != NULL && strlen(mac) == MAC_LENGTH)
            g_string_append_printf(macs, "%s%s", macs->len > 0 ? "," : "", mac);
    }
    json_decref(list);
    return g_string_free(macs, FALSE);
}
