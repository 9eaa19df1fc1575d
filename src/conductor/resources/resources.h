/* Creating, changing and deleting what the API keeps: one generic way, and a row of rules per
 * resource.
 *
 * What hangs on a node is changed under the node's lock. What moves to another node is changed
 * under both locks, which are taken in the order of the UUIDs, so that two that move in opposite
 * directions do not keep each other from it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/verbs.h"

/* A node that is locked without a look at its driver: what only the database is asked about goes on
 * also if the driver is no longer enabled. */
typedef struct LockedNode {
    Conductor *conductor;
    Node *node;   /* owned: change it, then save it beside `stored` */
    Node *stored; /* owned: as the database has it */
} LockedNode;

/* Locks a node and loads it for a call. LOCKED, NODE_NOT_FOUND; CONFLICT as verb_call_holds. On
 * failure nothing is locked. */
bool locked_node_take(const VerbCall *call, const char *uuid, const char *purpose,
                      LockedNode *locked, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives the lock back. An empty one is fine. */
void locked_node_give(LockedNode *locked);

/* Holds a record to [api]max_field_size and max_record_size. original: NULL for a new one. Errors:
 * INVALID. */
bool record_fits_limits(const Resource *resource, const void *record, const void *original,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What the rules of a change are asked about. */
typedef struct Change {
    Db *db;
    const Node *now;     /* locked: the node that owns the record; NULL: none */
    const Node *next;    /* locked: the node that will own it; the same unless it moves */
    const json_t *patch; /* NULL: it is deleted */
} Change;

/* Rules of one resource. A NULL member: no rule. */
typedef struct ResourceRules {
    const Resource *resource;
    bool owned_by_node; /* has node_uuid; the node is locked for changes */
    bool (*before_create)(Conductor *conductor, void *record, GError **error);
    bool (*before_update)(const Change *change, void *record, const void *original, GError **error);
    bool (*before_destroy)(const Change *change, const void *record, GError **error);
    /* Tells another service of a change that is allowed, before it is saved. It may block: the call
     * is on a worker (dispatch.c). The node is that of `change`, locked. */
    bool (*before_save)(const VerbCall *call, const Change *change, const void *record,
                        const void *original, GError **error);
    /* Checks that the record's references exist and fit. Called before a create or update, and
     * again in the transaction that writes it. */
    bool (*fits)(Db *db, const void *record, GError **error);
    /* Saves what follows from the record in others, in the transaction that has just written it.
     * patch: NULL for a new record. */
    bool (*follow)(Db *db, const json_t *patch, const void *record, GError **error);
    /* Replace the plain insert and delete, for resources with a life of their own. */
    json_t *(*create)(VerbCall *call, void *record, GError **error);
    json_t *(*destroy)(VerbCall *call, void *record, GError **error);
} ResourceRules;

extern const ResourceRules port_rules, portgroup_rules, volume_connector_rules, volume_target_rules,
    chassis_rules, deploy_template_rules, runbook_rules, inspection_rule_rules, allocation_rules;

/* Nodes have functions of their own, because of their drivers, interfaces, locks and states. */
json_t *node_create(VerbCall *call, const json_t *values, GError **error);
json_t *node_update(VerbCall *call, const char *uuid, const json_t *patch, bool reset_interfaces,
                    GError **error);
json_t *node_destroy(VerbCall *call, const char *uuid, GError **error);

/* Sets the error for a reference that was not found: INVALID, not NOT_FOUND, since the request is
 * at fault. A database error passes through. Takes `cause`; returns false. */
bool reference_failed(GError *cause, GError **error);

/* Fills a new record with the client's values, and the other fields with their defaults. Errors:
 * INVALID naming the field. */
bool record_from_values(const Resource *resource, void *record, const json_t *values,
                        GError **error);
