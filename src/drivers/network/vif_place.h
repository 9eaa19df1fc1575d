/* Where a VIF may be attached: a port of the node, or a port group.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

#define VIF_KEY "tenant_vif_port_id" /* in internal_info */

/* One of the two; borrowed from the task. */
typedef struct VifPlace {
    Port *port;
    Portgroup *group;
} VifPlace;

/* The node's ports, then its port groups, as VifPlace; the caller frees. NULL on a database
 * error. */
GArray *vif_places(Task *task, GError **error);

/* Borrowed. The address of a group may be NULL. */
const char *vif_place_uuid(const VifPlace *place);
const char *vif_place_address(const VifPlace *place);
const char *vif_place_kind(const VifPlace *place); /* "Port", "Portgroup" */

/* A text of internal_info; NULL: absent. Borrowed. */
const char *vif_place_info(const VifPlace *place, const char *key);
/* The user's VIF; NULL: none. */
const char *vif_place_vif(const VifPlace *place);
/* The Neutron port that is in use: what Steel made for its work, or else the user's VIF. */
const char *vif_place_current(const VifPlace *place);

/* Sets a text of internal_info and saves the record; value NULL removes it, and a VIF's old place
 * in `extra` with it. Under the node's lock. */
bool vif_place_set(const Task *task, const VifPlace *place, const char *key, const char *value,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Option 61 of DHCP (RFC 2132), by which a server knows an InfiniBand port: a list of
 * extra_dhcp_opts, a new reference. client_id: NULL: removes it. */
json_t *vif_place_client_id_option(const char *client_id);

/* The wires of a place, for Neutron's binding: {"local_link_information": [...],
 * "local_group_information"?: {...}}; a new reference. NULL on a database error. */
json_t *vif_place_profile(Task *task, const VifPlace *place, GError **error);
