/* Boot instructions from the database: the hooks of the boot server as the daemon runs it.
 *
 * Secrets are read only for a node with a boot record (boot_record.h), for a MAC address of its
 * ports, and for a client that boot_access.h admits. Without a record the machine's script says to
 * use its next boot device.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "netboot/boot_access.h"
#include "netboot/boot_instructions.h"

/* Loads port, node, volume targets (of type iscsi, by boot_index) and the first volume connector of
 * type iqn.
 *
 * address  the client
 * out      initialised for a MAC address. Stored data that cannot be used (no boot volume, invalid
 *          properties, an invalid initiator name) gives BOOT_ANSWER_UNUSABLE with the reason
 * Errors of the database (db.h), never NOT_FOUND */
bool boot_instructions_load(const BootSource *source, const HttpAddress *address,
                            BootInstructions *out, GError **error);

/* Loads what files tell a machine (BootRecord.by_files; loader_config.h). The boot server tells
 * such a machine to use its next boot device. Without a record: BOOT_ANSWER_NONE.
 *
 * node    as it is in memory, with the record
 * out     initialised for the card's MAC address
 * Errors  UNSUPPORTED: the record is not one for files; of the database */
bool boot_instructions_of_files(Db *db, const Node *node, BootInstructions *out, GError **error);

/* Checks a report that a client makes for a MAC address.
 *
 * token      as it came; NULL: none
 * node_uuid  out, the caller frees; untouched on failure
 * Errors     FORBIDDEN; of the database */
bool boot_report_check(const BootSource *source, const char *mac, const HttpAddress *address,
                       const char *token, BootPhase phase, char **node_uuid, GError **error);
