/* How machines are, as their BMCs say.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/task.h"

/* False with [conductor]enable_health_monitoring off. */
bool health_is_watched(void);

/* "OK", "Warning" or "Critical", static; NULL of anything else. */
const char *health_word(const char *text);

/* The worst health of sensors ([{"health"?: str}]), static; NULL if none tells. */
const char *health_of_sensors(const json_t *readings);

/* Notes what was read, and in the node's history that it has changed. Exclusive lock; the caller
 * saves the node. health: NULL: nothing is told any more */
void health_note(Task *task, const char *health);
