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
 * also when the driver is not enabled any more. */
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
    const Node *now;  /* locked: the node that the record hangs on; NULL: it hangs on none */
    const Node *next; /* locked: the one that it will hang on; the same unless it moves */
} Change;

/* Rules of one resource. A NULL member: no rule. */
typedef struct ResourceRules {
    const Resource *resource;
    bool owned_by_node; /* has node_uuid; the node is locked for changes */
    bool (*before_create)(Conductor *conductor, void *record, GError **error);
    bool (*before_update)(const Change *change, void *record, const void *original, GError **error);
    bool (*before_destroy)(const Change *change, const void *record, GError **error);
    /* What the record refers to is there and fits. Asked before a create or update, and once more
     * in the transaction that writes it. */
    bool (*fits)(Db *db, const void *record, GError **error);
    /* Other than an insert, a delete: for resources with a life of their own. */
    json_t *(*create)(VerbCall *call, void *record, GError **error);
    json_t *(*destroy)(VerbCall *call, void *record, GError **error);
} ResourceRules;

extern const ResourceRules port_rules, portgroup_rules, volume_connector_rules, volume_target_rules,
    chassis_rules, deploy_template_rules, allocation_rules;

/* Nodes go their own way: drivers, interfaces, locks and states have a say. */
json_t *node_create(VerbCall *call, const json_t *values, GError **error);
json_t *node_update(VerbCall *call, const char *uuid, const json_t *patch, bool reset_interfaces,
                    GError **error);
json_t *node_destroy(VerbCall *call, const char *uuid, GError **error);

/* Tells of a reference that was looked up in vain: one to nothing is the request's fault and no
 * missing page; where the database could not say, that is told. Takes `cause`; false always. */
bool reference_failed(GError *cause, GError **error);

/* Fills a new record from the fields a client gave, the others with their defaults. INVALID names
 * the field. */
bool record_from_values(const Resource *resource, void *record, const json_t *values,
                        GError **error);
