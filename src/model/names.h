/* Rules for names and addresses that come from outside. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

/* A node's, port group's or allocation's name: 1 to 255 of A-Z a-z 0-9 . _ ~ - (RFC 3986,
 * unreserved), not in the form of a UUID, not a word of the node's own path (maintenance,
 * management, states, ...). INVALID otherwise. */
bool node_name_valid(const char *name, GError **error);

/* A runbook's name: the same alphabet and length, not in the form of a UUID. INVALID otherwise. */
bool runbook_name_valid(const char *name, GError **error);

/* A trait: CUSTOM_ followed by A-Z 0-9 _, or a standard one of the same alphabet; at most 255
 * characters. */
bool trait_name_valid(const char *name, GError **error);

/* A list of traits: at most TRAITS_LIMIT. INVALID otherwise. */
enum { TRAITS_LIMIT = 50 };
bool trait_list_valid(const json_t *traits, GError **error);

/* A MAC address in the usual spellings (colons or hyphens, either case) as aa:bb:cc:dd:ee:ff; the
 * caller frees. INVALID otherwise. */
char *mac_address_normalize(const char *text, GError **error);
