/* How a ramdisk sets its network up by network_data.json (OpenStack's format, as on a config
 * drive), for machines in networks without DHCP. Pure.
 *
 * The plan is lines of words for the ramdisk's init. A DEVICE is a card's address in lower case,
 * "52:54:00:00:00:01", with ".100" behind it for a VLAN:
 *
 *     up DEVICE
 *     vlan DEVICE            the card without the number gets such an interface
 *     address DEVICE 192.0.2.7/24
 *     route DEVICE 0.0.0.0/0 192.0.2.1
 *     dhcp DEVICE
 *     nameserver 192.0.2.1
 *
 * Every word is an address, a number or one of these: none means anything to a shell. Of a bond the
 * first card is used.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stddef.h>

/* The caller frees. NULL with INVALID: not network data, or nothing in it can be set up. */
char *network_plan(const char *text, size_t size, GError **error);
