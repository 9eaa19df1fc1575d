/* The users' ports in Neutron, the VIFs: connected to the machine and taken off it. They stay the
 * user's; Steel never deletes them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/network/vif_place.h"
#include "openstack/neutron.h"

/* How a VIF is bound. */
typedef enum TenantBinding {
    TENANT_FLAT,  /* all machines are on one network: no switch is told anything */
    TENANT_WIRED, /* with the wires of the machine, for the switch */
} TenantBinding;

/* Connects one. Errors: NETWORK, TIMEOUT */
bool tenant_port_bind(Task *task, const Neutron *neutron, const VifPlace *place,
                      TenantBinding binding, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Connects all; bound: out, optional: how many. */
bool tenant_ports_bind(Task *task, TenantBinding binding, guint *bound,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes one off its machine, and gives it an address of Neutron's again if the machine's was one.
 * One that is gone is a success. */
bool tenant_port_unbind(const Neutron *neutron, const char *vif, bool reset_mac,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes all off; the first failure is told after all were tried. */
bool tenant_ports_unbind(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives one the machine's address. A bound one is unbound for it, and bound again. Errors: NETWORK,
 * INVALID: there is no such port */
bool tenant_port_set_mac(const Neutron *neutron, const char *vif, const char *address,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
