/* The commands that the agent is given: one at a time, each with its result, which is kept until
 * the agent ends. A command that changes the machine runs in a thread of its own; who waits for it
 * (wait=true) is called when it has ended.
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

/* Results that are kept; the oldest ones that have ended go first. */
#define COMMANDS_KEPT 256

/* What a command does. params: an object with all parameters of the command's row and no other,
 * borrowed. Returns a new reference (an object; a string is shown as Ironic's agent shows it;
 * json_null()) or NULL with an error. */
typedef json_t *(*CommandRun)(Agent *agent, const json_t *params, Progress *progress,
                              GError **error);

/* An extension's own table: which of its commands is done by which function. Ended by a row without
 * run. */
typedef struct ExtensionCommand {
    AgentCommand command;
    CommandRun run;
} ExtensionCommand;

Commands *commands_new(Agent *agent);
/* Waits until no command runs. */
void commands_finish(Commands *commands);
/* Frees what has finished. NULL is fine. */
void commands_free(Commands *commands);

/* Runs a command; for an asynchronous one, starts it. Blocks while a synchronous one runs.
 *
 * name, params  as the client gave them; params is an object
 * Returns       its result as JSON, a new reference; a command that failed is a result too
 * Errors        BUSY, INVALID_COMMAND, NOT_FOUND (no such extension), INVALID_PARAMS: there is no
 *               result */
json_t *commands_execute(Commands *commands, const char *name, json_t *params, GError **error);

/* The result as it stands, or NULL with NOT_FOUND. */
json_t *commands_find(Commands *commands, const char *id, GError **error);

/* All results, oldest first: {"commands": [...]}. */
json_t *commands_list(Commands *commands);

/* Calls back once when the command has ended: at once, from this thread, when it has. False: there
 * is none of that id. Callbacks are at most COMMANDS_WAITERS; beyond that it is called at once. */
#define COMMANDS_WAITERS 64
typedef void (*CommandDone)(void *data);
bool commands_wait(Commands *commands, const char *id, CommandDone done, void *data);

/* Wakes everybody who waits, whatever has come of the command. For the end of the agent. */
void commands_wake_all(Commands *commands);
