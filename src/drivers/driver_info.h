/* Members of a node's driver_info as clients send them. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

typedef struct Node Node;

/* Fails with INVALID: "driver_info KEY must be EXPECTED". */
bool driver_info_invalid(const char *key, const char *expected, GError **error);

/* The member as text: clients turn a password of digits, or 2.0, into a JSON number. *text is owned
 * and stays NULL when the key is absent, null or "". Errors: INVALID. */
bool driver_info_text(const Node *node, const char *key, char **text, GError **error);

/* The member as a port of TCP or UDP, 1 to 65535. *port stays as it is when the key is absent or
 * null. Errors: INVALID. */
bool driver_info_port(const Node *node, const char *key, uint16_t *port, GError **error);
