/* The results that a simulated agent keeps, and the command that runs. The caller holds the
 * machine's lock.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/fleet/machine.h"

/* Limit of kept results; the oldest goes first. */
#define RESULTS_KEPT 64

/* Adds a result that runs. Borrowed until the next one is added. */
MachineResult *results_add(FleetMachine *machine, AgentCommand command) REQUIRES(machine->lock);

/* The last one, or NULL. */
MachineResult *results_last(FleetMachine *machine) REQUIRES(machine->lock);

/* The result with this id, or NULL. */
MachineResult *results_find(FleetMachine *machine, const char *id) REQUIRES(machine->lock);

/* A reference keeps a result that its machine may forget. NULL is fine for unref. */
MachineResult *result_ref(MachineResult *result);
void result_unref(MachineResult *result);

/* Sets its end: takes value; fault is borrowed, NULL: it has succeeded. */
void result_end(MachineResult *result, json_t *value, const GError *fault);

/* As clients see it, a new object: {"id", "command_name", "command_status", ...}. */
json_t *result_json(const FleetMachine *machine, const MachineResult *result)
    REQUIRES(machine->lock);

/* {"commands": [...]}, a new object. */
json_t *results_json(FleetMachine *machine) REQUIRES(machine->lock);

/* {"phase", "bytes", "total"} of the command that runs, a new object. */
json_t *work_progress_json(const FleetMachine *machine) REQUIRES(machine->lock);

/* Ends the command that runs without an effect. */
void work_clear(MachineWork *work);

/* Forgets all. */
void results_clear(FleetMachine *machine) REQUIRES(machine->lock);
