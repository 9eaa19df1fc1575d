/* Applies the boot reports of machines to their nodes.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/conductor.h"

/* Applies the reports of one node; a BootReportsTake with the Conductor as user. */
void boot_progress_take(void *conductor, const char *node_uuid, GQueue *reports);

/* The reason why the machine of a deploy did not report in time, from its last report; the caller
 * frees. */
char *boot_progress_late(const Node *node);
