/* Configures DHCP for a node's machine, if Steel sets up the DHCP server: [dhcp]dhcp_provider =
 * dnsmasq (netboot/dnsmasq_files.h) or neutron (dhcp_neutron.h). With `none` the operator's DHCP
 * server names boot.ipxe for all machines, and these functions do nothing.
 *
 * A boot interface calls them with the node locked, from a worker; each may be called again. They
 * block on the disk, the database and Neutron.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "drivers/task.h"

/* What DHCP names to a card: a boot loader by TFTP, or by HTTP from the boot server; to iPXE a
 * script instead, if there is one. */
typedef struct DhcpLoader {
    ConfigOption bios, uefi; /* options with the loader's name */
    ConfigOption by_arch;    /* of machines with this properties cpu_arch instead */
    bool script;             /* iPXE gets boot.ipxe of the boot server */
    bool http;               /* for the HTTP client of UEFI firmware */
} DhcpLoader;

extern const DhcpLoader dhcp_loader_ipxe, dhcp_loader_pxe, dhcp_loader_http_ipxe, dhcp_loader_http;

/* Checks that an offer is possible. Errors: INVALID or IO naming the option or folder. */
bool boot_dhcp_check(const DhcpLoader *loader, GError **error);

/* Offers the loader to the node's cards with pxe_enabled; in Neutron to its ports there. Saves the
 * task. Errors: IO naming the file; of the database; NETWORK, TIMEOUT. */
bool boot_dhcp_offer(Task *task, const DhcpLoader *loader,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the offer: dnsmasq no longer answers the cards, Neutron's ports lose the options. Logs a
 * failure: a stale offer reveals no secret. Returns true if the node has changed: the caller saves
 * the task. */
bool boot_dhcp_withdraw(Task *task);
