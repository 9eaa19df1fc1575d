/* What is made of what an agent has found out about a machine: hooks, as Ironic's, one row of a
 * table each, run in the order of [inspector]hooks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* What a hook works on. The inventory is read only; what hooks find out for each other and for the
 * operator goes into the plug-in data. */
typedef struct Inspection {
    Task *task;          /* hooks change its node (not saved) and the node's ports (at once) */
    json_t *inventory;   /* owned; an object */
    json_t *plugin_data; /* owned; an object */
} Inspection;

/* A hook. prepare runs before any `run`, and refuses what cannot be used. Either may be NULL.
 *
 * needs   another hook that must stand before it; NULL: none
 * Errors  INVALID: the inspection has failed, with a sentence for the operator; DATABASE
 * Again   safe */
typedef struct InspectionHook {
    const char *name, *needs;
    bool (*prepare)(Inspection *inspection, GError **error);
    bool (*run)(Inspection *inspection, GError **error);
} InspectionHook;

/* Checks the configuration: hooks and PCI aliases that cannot be. INVALID. Pure. */
bool inspection_configured(GError **error);

/* Whether this has the form of an inventory: an object with interfaces that have addresses. INVALID
 * says what is missing. Pure. */
bool inspection_inventory_valid(const json_t *inventory, GError **error);

/* Keeps an inventory for clients, where the configuration wants inventories kept; else forgets the
 * one before. Both are borrowed objects. Errors: DATABASE */
bool inspection_store(Task *task, const json_t *inventory, const json_t *plugin_data,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Keeps what was found out, for inspection_finish, also in another life of the process. The node is
 * not saved. Both are borrowed objects. */
bool inspection_keep(Task *task, const json_t *inventory, const json_t *plugin_data,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* True between the two. */
bool inspection_kept(const Task *task);

/* Runs the hooks on what was kept, and keeps what they make of it, where the configuration wants
 * inventories kept. Needs the lock; asks the database only; the node is not saved. */
bool inspection_finish(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;
