/* What switches tell of themselves: LLDP, IEEE 802.1AB. SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LLDP_FRAME_LIMIT 9216u

/* Takes an Ethernet frame apart, into its TLVs as Ironic's inventory has them, a new reference:
 *     [[type, "value in hex"], ...]
 * without the TLV that ends the list. What comes after a TLV that is longer than the frame is left
 * out. NULL: the frame is not LLDP. Pure. */
json_t *lldp_parse(const uint8_t *frame, size_t size);

/* Listens on interfaces at the same time, until each has been told something or the time is over.
 *
 * names    NULL-ended
 * stop     ends it early; may be NULL
 * Returns  {interface: list of lldp_parse}, a new reference, with those that heard something. An
 *          interface that cannot be listened on is one that hears nothing; the log says why. */
json_t *lldp_listen(char *const *names, int64_t timeout_ms, const atomic_bool *stop);
