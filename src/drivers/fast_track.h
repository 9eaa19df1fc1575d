/* Fast track ([deploy]fast_track, or driver_info fast_track): an agent stays running from one
 * operation to the next, so that its machine need not start again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* True if the node's agents are to stay: driver_info wins over the configuration. Pure. */
bool fast_track_wanted(const Node *node);

/* INVALID if driver_info fast_track is no boolean. Pure. */
bool fast_track_validate(const Node *node, GError **error);

/* True if the operation can go on with the agent that runs on the machine: fast track is wanted,
 * the node boots from no volume and has no last_error, the machine is on, its agent has called
 * within [deploy]fast_track_timeout, answers now and runs no command. Otherwise the log says why
 * not.
 *
 * From a worker, with the exclusive lock; blocks on the BMC and the agent, if fast track is
 * wanted. */
bool fast_track_ready(Task *task);
