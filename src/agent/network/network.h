/* Sets the ramdisk's network up by a file network_data.json, for machines without DHCP.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* Reads the file, waits for the cards that it names, NETWORK_CARDS_WAIT_MS at most, finds the
 * machine's cards, and runs `ip` for what the file asks for. Nothing is done for a file with a
 * mistake in it. Blocks, each program for a minute at most.
 *
 * root    "" outside tests
 * Errors  IO (the file), those of network_plan_read, PROCESS and TIMEOUT (a program, with its
 *         words) */
#define NETWORK_CARDS_WAIT_MS 15000
bool network_set_up(const char *root, const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
