/* Creating, changing and deleting what the API keeps: one generic way, and a row of rules per resource.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/verbs.h"

/* Rules of one resource. A NULL member: no rule. `task` is the locked task of the node that owns the record, NULL when
 * it has none. */
typedef struct ResourceRules {
    const Resource *resource;
    bool owned_by_node; /* has node_uuid; the node is locked for changes */
    bool (*before_create)(Conductor *conductor, void *record, GError **error);
    bool (*before_update)(Task *task, void *record, const void *original, const json_t *patch,
                          GError **error);
    bool (*before_destroy)(Task *task, const void *record, GError **error);
    /* Other than an insert, an update, a delete: for resources with a life of their own. */
    json_t *(*create)(VerbCall *call, void *record, GError **error);
    json_t *(*destroy)(VerbCall *call, void *record, GError **error);
} ResourceRules;

extern const ResourceRules port_rules, portgroup_rules, volume_connector_rules, volume_target_rules,
    chassis_rules, deploy_template_rules, allocation_rules;

json_t *verb_create(VerbCall *call, GError **error);
json_t *verb_update(VerbCall *call, GError **error);
json_t *verb_destroy(VerbCall *call, GError **error);

/* Nodes go their own way: drivers, interfaces, locks and states have a say. */
json_t *node_create(VerbCall *call, const json_t *values, GError **error);
json_t *node_update(VerbCall *call, const char *uuid, const json_t *patch, bool reset_interfaces,
                    GError **error);
json_t *node_destroy(VerbCall *call, const char *uuid, GError **error);

/* Tells of a reference that was looked up in vain: one to nothing is the request's fault and no missing page; where the
 * database could not say, that is told. Takes `cause`; false always. */
bool reference_failed(GError *cause, GError **error);

/* Fills a new record from the fields a client gave, the others with their defaults. INVALID names the field. */
bool record_from_values(const Resource *resource, void *record, const json_t *values,
                        GError **error);
