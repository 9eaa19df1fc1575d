/* All steps of a node: those of its interfaces' tables and those that its agent lists.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/steps/steps.h"

#define STEPS_PRIORITY_LIMIT 100000

/* The steps of the tables, a new array with rows as in StepSource.list; NULL on an error. */
json_t *catalog_of_tables(Task *task, StepKind kind, GError **error);

/* Appends the steps of agents. Skips a step if its interface does not work with that agent, or if a
 * row before it has its name. *told: false if an agent has not called yet. May block on the agent.
 * Errors: the agent's; INVALID if its answer is no list of steps. */
bool catalog_add_agents(Task *task, StepKind kind, json_t *catalog, bool *told, GError **error);

/* True if an agent will have steps of this kind for the node. */
bool catalog_expects_agent(const Task *task, StepKind kind);

/* The row with the interface and the name of this step, borrowed; NULL if absent. */
json_t *catalog_find(const json_t *rows, const json_t *step);

/* "interface.step" for messages; the caller frees. A missing part is "?". */
char *catalog_name(const json_t *step);

/* A priority may be a string of digits; 0 if absent. */
int catalog_priority(const json_t *step);
