/* Reads network_data.json, in the form of OpenStack's metadata service, and says what is to be done
 * for it: which commands set addresses, routes, VLANs and bonds up. Pure; any thread.
 *
 *     links     a card by its ethernet_mac_address; bond (bond_links, bond_mode, bond_miimon,
 *               bond_xmit_hash_policy); vlan (vlan_link, vlan_id); mtu
 *     networks  ipv4 and ipv6 (ip_address with netmask or /prefix, gateway, routes), ipv4_dhcp;
 *               other kinds of ipv6 are left to the routers' advertisements
 *     services  name servers, also those of networks
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stddef.h>

#define NETWORK_DATA_LIMIT (64u * 1024)
#define NETWORK_ITEMS_LIMIT 64u

/* A card of the machine. Borrowed. */
typedef struct NetworkCard {
    const char *name; /* "eth0" */
    const char *mac;  /* in lower case, with colons */
} NetworkCard;

/* One thing to do: a program to run, or a value to write to a file of sysfs. */
typedef struct NetworkAction {
    char **argv; /* owned; NULL: write */
    char *path, *value;
} NetworkAction;

typedef struct NetworkPlan {
    GPtrArray *actions; /* of NetworkAction, in their order */
    char *resolv_conf;  /* "" without name servers */
} NetworkPlan;

/* Frees the plan; NULL is fine. */
void network_plan_free(NetworkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetworkPlan, network_plan_free)

/* Errors: INVALID naming the item and what is wrong with it; NOT_FOUND naming a MAC address that no
 * card has; TOO_LARGE */
NetworkPlan *network_plan_read(const char *text, size_t size, const NetworkCard *cards,
                               size_t card_count, GError **error) G_GNUC_WARN_UNUSED_RESULT;
