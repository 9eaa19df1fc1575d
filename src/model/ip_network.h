/* Whether an IP address is of a network. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* subnet   "192.0.2.0/24", "192.0.2.0/255.255.255.0", "2001:db8::/32", or an address alone; NULL is
 *          no network
 * address  IPv4 or IPv6; NULL is no address. One of another family is not in the network
 * has      out; untouched on failure
 * Errors   INVALID: either is not what it should be */
bool ip_network_has(const char *subnet, const char *address, bool *has,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
