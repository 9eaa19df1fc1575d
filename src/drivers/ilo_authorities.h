/* The authorities of the servers that a machine's firmware boots from over HTTPS: those of
 * [DEFAULT]webserver_verify_ca, which the firmware behind an iLO 5 is to trust.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* The file of authorities; NULL: the option names none. Borrowed from the configuration. */
const char *ilo_authorities_file(void);

/* driver_info ilo_add_certificates, true unless it is given. Errors: INVALID. */
bool ilo_authorities_wanted(const Node *node, bool *wanted, GError **error);

/* Gives the firmware those that it does not trust yet, from its next self-test on; nothing if the
 * node does not want it. Blocks on the iLO.
 *
 * Errors  INVALID, IO (the file), those of ilo_node_open, UNSUPPORTED, and what the iLO says */
bool ilo_authorities_add(Task *task, GError **error);
