/* Runs the agent's commands, one at a time, and keeps their results until the agent ends. A command
 * that changes the machine runs in a thread of its own; commands_wait calls a function when it has
 * ended. Any thread.
 *
 * A result as clients see it:
 *     {"id": uuid, "command_name": str without extension, "command_status": "RUNNING" | "SUCCEEDED"
 *     | "FAILED" |
 *      "CLEAN_VERSION_MISMATCH", "command_error": null | {type, code, message, details},
 *      "command_result": null | object}
 * While a command runs, command_result is null or {"progress": {"phase": str, "bytes": int,
 * "total": int | null}}.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "agent/progress.h"

/* Limit of kept results. When it is reached, the oldest finished result is removed. */
#define COMMANDS_KEPT 256

/* Does a command's work, in the command's own thread or, for a synchronous one, in the caller's.
 * params: an object that commands.c has checked against the command's row; borrowed. Returns a new
 * reference (an object; a string, shown as {"result": str} like in Ironic's agent; json_null()) or
 * NULL with an error. */
typedef json_t *(*CommandRun)(Agent *agent, const json_t *params, Progress *progress,
                              GError **error);

/* A row of an extension's table: the function that does a command. A row without run ends the
 * table. */
typedef struct ExtensionCommand {
    AgentCommand command;
    CommandRun run;
} ExtensionCommand;

Commands *commands_new(Agent *agent);
/* Waits until no command runs. Blocks without a limit: agent_finish makes running commands give
 * up. */
void commands_finish(Commands *commands);
/* Frees the results. No command may run: call commands_finish first. NULL is fine. */
void commands_free(Commands *commands);

/* Runs a command; for an asynchronous one, starts it. Blocks while a synchronous one runs.
 *
 * name, params  as the client gave them; params is an object
 * Returns       its result as JSON, a new reference; a failed command has a result too
 * Errors        BUSY, INVALID_COMMAND, NOT_FOUND (no such extension), INVALID_PARAMS; NULL then */
json_t *commands_execute(Commands *commands, const char *name, json_t *params, GError **error);

/* The present result of a command, a new reference. Errors: NOT_FOUND. */
json_t *commands_find(Commands *commands, const char *id, GError **error);

/* All results, oldest first: {"commands": [...]}, a new reference. */
json_t *commands_list(Commands *commands);

/* {"phase", "bytes", "total"} of the last command, a new reference: of the phase under way, or of
 * the one that moved most when it has ended. NULL: there is nothing to tell. */
json_t *commands_progress(Commands *commands);

/* Calls `done` once, when the command ends, from the thread that ran it; from this thread and at
 * once if the command has ended already, or if COMMANDS_WAITERS wait for it. Returns false, without
 * a call, if no command has this id. */
#define COMMANDS_WAITERS 64
typedef void (*CommandDone)(void *data);
bool commands_wait(Commands *commands, const char *id, CommandDone done, void *data);

/* Calls all waiting `done` functions although their commands run. For the end of the agent. */
void commands_wake_all(Commands *commands);
