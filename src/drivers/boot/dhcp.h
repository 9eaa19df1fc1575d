/* Tells the DHCP server what a node's machine is to load, where the configuration names a server
 * that Steel sets up ([dhcp]dhcp_provider = dnsmasq; netboot/dnsmasq_files.h). With `none` whoever
 * set up DHCP has named boot.ipxe for all machines, and these functions do nothing.
 *
 * Each is called by a boot interface with the node locked, from a worker, and may be called again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Whether an offer could be made. INVALID or IO naming the option or folder. */
bool boot_dhcp_check(GError **error);

/* Offers iPXE to the node's cards with pxe_enabled, and the boot script to iPXE. Saves the task.
 * Errors: IO naming the file; of the database. */
bool boot_dhcp_offer(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the offer: dnsmasq no longer answers the cards. A failure is logged, since no machine is
 * told a secret by DHCP. True if the node has changed: the caller saves the task. */
bool boot_dhcp_withdraw(Task *task);
