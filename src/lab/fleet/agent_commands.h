/* The commands of a simulated agent: rows for the protocol's table, with what each does and how
 * long it takes.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/fleet/machine.h"

/* Runs a command, or begins it.
 *
 * name, params  as the client gave them; params is an object
 * Returns       its result as clients see it, a new object; a failed command has a result too
 * Errors        of agent_error.h: BUSY, INVALID_COMMAND, NOT_FOUND; NULL then */
json_t *agent_commands_take(FleetMachine *machine, const char *name, const json_t *params,
                            GError **error);

/* Ends the command that runs, with its effect on the machine; its agent calls soon. */
void agent_commands_end(FleetMachine *machine) REQUIRES(machine->lock);
