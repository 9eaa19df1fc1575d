/* Which port or port group of a node gets a VIF.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/network/vif_place.h"

/* What the user asks for; all borrowed. */
typedef struct VifWish {
    const char *id;
    const char *port_uuid, *portgroup_uuid; /* only there; NULL: anywhere */
    /* those of the VIF's network: a port with a physical network must have one of them; NULL or
     * empty: it does not matter */
    const char *const *physical_networks;
} VifWish;

/* Chooses: a place whose physical network is one of the VIF's goes first, then a port group, then
 * one with pxe_enabled.
 *
 * places  all of the node's (vif_places)
 * Errors  CONFLICT: the VIF is attached already; INVALID: no place is free; NETWORK: the ports of a
 *         group have different physical networks */
bool vif_choose(const Node *node, const GArray *places, const VifWish *wish, VifPlace *chosen,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* True if the port says what its network interface needs: `neutron` needs local_link_connection,
 * but of InfiniBand, whose switch knows it (extra client-id). Errors: NETWORK, UNSUPPORTED */
bool vif_choice_port_fits(const Node *node, const Port *port, GError **error);
