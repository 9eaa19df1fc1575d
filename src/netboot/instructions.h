/* Boot instructions from the database: the hooks of the boot server as the daemon runs it.
 *
 * A boot interface that wants a node to boot from its volume records in the node's driver_internal_info
 * (INFO_BOOT)
 *
 *     "boot": {"mode": "iscsi", "token": "<16 to 128 letters, digits, - or _, unguessable>"}
 *
 * for as long as it wants that, and removes it afterwards. Without it the node is told to go on to its next boot device.
 * Secrets are read for a node with this record only, and for an address of one of its own ports only.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "netboot/boot_instructions.h"

/* The only mode there is. */
#define BOOT_RECORD_ISCSI "iscsi"

/* Loads port, node, volume targets (of type iscsi, by boot_index) and the first volume connector of type iqn.
 *
 * db   a Db
 * out  initialised for `mac`. What is stored and cannot be used (no boot volume, properties that do not hold, an initiator
 *      name that is none) gives BOOT_MODE_UNUSABLE with the reason
 * Errors of the database (db.h), never NOT_FOUND */
bool boot_instructions_load(void *db, const char *mac, BootInstructions *out, GError **error);

/* The token of the node that has this address, and its UUID; both NULL when it is unknown or not to boot from a volume. The
 * caller frees. Errors as above. */
bool boot_token_load(void *db, const char *mac, char **token, char **node_uuid, GError **error);
