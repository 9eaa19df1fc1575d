/* What Neutron answers: networks, subnets and ports, read from JSON that nobody vouches for. Every
 * text has a bound and no control character, every address is one.
 *
 * Pure; any thread. Errors: HTTP naming what is wrong.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

enum {
    NEUTRON_TEXT_LIMIT = 255, /* bytes, as Neutron's own */
    NEUTRON_LIST_LIMIT = 512, /* ports in a list, addresses of a port, segments, routes */
};

/* Members are owned; text is NULL where Neutron has none. */
typedef struct NeutronNetwork {
    char *id, *name;
    int64_t mtu;              /* 0: not known */
    char **physical_networks; /* of its segments; NULL-ended, each once */
} NeutronNetwork;

typedef struct NeutronSubnet {
    char *id, *cidr, *gateway_ip;
    int ip_version; /* 4 or 6 */
    bool stateful;  /* addresses by DHCPv6 only */
    char **dns_nameservers;
    json_t *host_routes; /* [{"destination": cidr, "nexthop": address}] */
} NeutronSubnet;

typedef struct NeutronPort {
    char *id, *network_id, *name, *mac_address, *device_id, *device_owner;
    char *host_id, *vif_type;
    json_t *profile;   /* binding:profile: an object */
    json_t *fixed_ips; /* [{"subnet_id": str, "ip_address": address}] */
} NeutronPort;

bool neutron_network_read(const json_t *answer, NeutronNetwork *network,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool neutron_subnet_read(const json_t *answer, NeutronSubnet *subnet,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool neutron_port_read(const json_t *answer, NeutronPort *port,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Parses a whole answer and gives a member of it, "port"; a new reference. */
json_t *neutron_document(const char *text, size_t size, const char *member, GError **error);

/* True if the port has an address of this version. */
bool neutron_port_has_version(const NeutronPort *port, int ip_version);

/* 4, 6, or 0: it is no address. */
int neutron_ip_version(const char *address);

/* Free what the struct holds, and empty it. */
void neutron_network_clear(NeutronNetwork *network);
void neutron_subnet_clear(NeutronSubnet *subnet);
void neutron_port_clear(NeutronPort *port);
void neutron_port_free(NeutronPort *port); /* and the struct */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NeutronNetwork, neutron_network_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NeutronSubnet, neutron_subnet_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NeutronPort, neutron_port_clear)
