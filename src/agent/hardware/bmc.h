/* The address of the machine's BMC, asked over IPMI's own way inside the machine.
 * Source of the commands: IPMI 2.0 r1.1, 23.2 Get LAN Configuration Parameters.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BMC_ANSWER_LIMIT 64u

/* Asks the BMC once. answer: out, from the completion code on; *size: its room, then its length. */
typedef bool (*BmcAsk)(void *self, uint8_t function, uint8_t command, const uint8_t *data,
                       size_t data_size, uint8_t *answer, size_t *size);

/* All owned; NULL: not known. */
typedef struct BmcAddresses {
    char *v4;  /* "0.0.0.0": no channel has one */
    char *v6;  /* "::/0": no channel has one */
    char *mac; /* of the channel with the address of IPv4, else of the first one that has any */
} BmcAddresses;

void bmc_addresses_clear(BmcAddresses *addresses);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BmcAddresses, bmc_addresses_clear)

/* What the channels of a BMC have, in the order of their numbers; the first address of each kind
 * that is none of 0.0.0.0 and :: counts. */
void bmc_addresses_ask(BmcAddresses *addresses, BmcAsk ask, void *self);

/* The same of this machine, by <root>/dev/ipmi0. All NULL where there is no such device. Blocks for
 * at most some seconds. */
void bmc_addresses_read(BmcAddresses *addresses, const char *root);
