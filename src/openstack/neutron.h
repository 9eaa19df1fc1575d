/* Networks, subnets and ports in Neutron, as far as bare metal needs them (Networking API v2.0).
 * https://docs.openstack.org/api-ref/network/v2/
 *
 * Requests block: from workers, each until its own limit ([neutron]request_timeout) or the deadline
 * of the work. Any number of threads. Errors as openstack_ask's, and HTTP for an answer that is not
 * what was asked for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "openstack/neutron_answer.h"
#include "openstack/session.h"

/* Whom to ask, for whom and until when. All borrowed. */
typedef struct Neutron {
    OpenstackSession *session;
    const char *request_id; /* of the client, passed on; NULL: none */
    int64_t deadline_ms;    /* monotonic; 0: none */
} Neutron;

/* Finds a network by UUID or name.
 *
 * kind    for errors: "cleaning network"
 * Errors  INVALID: there is none, or more than one has this name */
bool neutron_network_find(const Neutron *neutron, const char *ident, const char *kind,
                          NeutronNetwork *network, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads one by its ID. NOT_FOUND. */
bool neutron_network_show(const Neutron *neutron, const char *id, NeutronNetwork *network,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool neutron_subnet_show(const Neutron *neutron, const char *id, NeutronSubnet *subnet,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks that security groups with these IDs are there; NULL-ended, none is fine. INVALID names
 * those that are missing. */
bool neutron_security_groups_check(const Neutron *neutron, const char *const *ids,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a port. After an error it may be there nevertheless: the answer may have been lost.
 *
 * attributes  the members of "port"; borrowed */
bool neutron_port_create(const Neutron *neutron, const json_t *attributes, NeutronPort *port,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Changes one; NOT_FOUND, CONFLICT. Doing it twice is doing it once.
 * port  out, optional: as it is now */
bool neutron_port_update(const Neutron *neutron, const char *id, const json_t *attributes,
                         NeutronPort *port, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads one; NOT_FOUND. */
bool neutron_port_show(const Neutron *neutron, const char *id, NeutronPort *port,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes one; one that is not there is a success. */
bool neutron_port_delete(const Neutron *neutron, const char *id,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Which ports; a NULL member does not matter. All borrowed. */
typedef struct NeutronPortFilter {
    const char *network_id, *device_owner;
    const char *const *mac_addresses; /* any of them; NULL-ended */
    const char *const *device_ids;
} NeutronPortFilter;

/* Lists ports as NeutronPort, in an array that owns them; NULL on an error. What does not fit the
 * filter is left out, whatever Neutron says. */
GPtrArray *neutron_ports_list(const Neutron *neutron, const NeutronPortFilter *filter,
                              GError **error);
