/* Boot instructions from the database: the hooks of the boot server as the daemon runs it.
 *
 * Secrets are read for a node with a boot record only (boot_record.h), for an address of one of its own ports, and for whoever
 * boot_access.h admits. Without a record the node is told to go on to its next boot device.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "netboot/boot_access.h"
#include "netboot/boot_instructions.h"

/* Loads port, node, volume targets (of type iscsi, by boot_index) and the first volume connector of type iqn.
 *
 * address  who asks
 * out      initialised for a MAC address. What is stored and cannot be used (no boot volume, properties that do not hold, an
 *          initiator name that is none) gives BOOT_ANSWER_UNUSABLE with the reason
 * Errors of the database (db.h), never NOT_FOUND */
bool boot_instructions_load(const BootSource *source, const HttpAddress *address,
                            BootInstructions *out, GError **error);

/* Whether a report in the name of a MAC address is to be believed.
 *
 * token      as it came; NULL: none
 * node_uuid  out, the caller frees; untouched on failure
 * Errors     FORBIDDEN; of the database */
bool boot_report_check(const BootSource *source, const char *mac, const HttpAddress *address,
                       const char *token, BootPhase phase, char **node_uuid, GError **error);
