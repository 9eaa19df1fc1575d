/* What a booting machine says, as the node's work sees it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/conductor.h"

/* A BootReportsTake with the Conductor: what the machines' reports mean for a node. */
void boot_progress_take(void *conductor, const char *node_uuid, GQueue *reports);

/* Why a deploy fails whose machine did not call in time, by its last report; the caller frees. */
char *boot_progress_late(const Node *node);
