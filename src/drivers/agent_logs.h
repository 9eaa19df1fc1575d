/* The log of the agent on a node's machine: read while it runs, and kept when its work is over, as
 * [agent]deploy_logs_* say.
 *
 * From a worker; each call blocks for [agent]command_timeout at most, and for two minutes more
 * while Swift takes the logs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Of one node so many files are kept on this conductor: the oldest go. */
enum { AGENT_LOGS_KEPT = 10 };

/* A part of the log from a byte on. Steel's agent has it; Ironic's has none to be followed.
 *
 * text    out, the caller's; "" when there is no more yet
 * offset  in: where to begin; out: where the next part begins
 * Errors  INVALID: no agent has called; those of agent_log */
bool agent_logs_read(Task *task, char **text, int64_t *offset,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Has the agent pack its logs, and keeps them below [agent]deploy_logs_local_path or in Swift. Logs
 * a failure.
 *
 * label   what the agent was there for, a part of the file's name; NULL: nothing
 * failed  the work has failed: it is that [agent]deploy_logs_collect asks for
 * Returns where they are: a path, or "container/name in Swift"; the caller's. NULL: nothing was
 *         kept */
char *agent_logs_collect(Task *task, const char *label, bool failed);

/* Keeps logs that the agent has packed already, in Base64, as above. */
void agent_logs_keep(Task *task, const char *label, const char *packed, bool failed);
