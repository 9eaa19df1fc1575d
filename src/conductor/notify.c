/* What the world is told of a node, and what is remembered of it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/internal.h"
#include "db/records.h"
#include "model/secrets.h"

#include <string.h>

/* Fields of Ironic's NodePayload that say something about the node's way. */
static const char *const payload_fields[] = {
    "uuid",
    "name",
    "driver",
    "power_state",
    "target_power_state",
    "provision_state",
    "target_provision_state",
    "provision_updated_at",
    "last_error",
    "maintenance",
    "maintenance_reason",
    "fault",
    "instance_uuid",
    "resource_class",
    "conductor_group",
    "owner",
    "lessee",
    "boot_mode",
    "secure_boot",
    "clean_step",
    "deploy_step",
    "created_at",
    "updated_at",
};

void
notify_node(const Task *task, const char *what, const char *status, json_t *extra)
{
    json_t *payload = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(payload_fields); i++) {
        const Field *field = resource_field(&node_resource, payload_fields[i]);
        json_object_set_new(payload, payload_fields[i], record_get(task->node, field));
    }
    if (extra != NULL)
        json_object_update(payload, extra);
    json_decref(extra);
    secret_mask(payload); /* the arguments of a step */
    g_autofree char *type = g_strdup_printf("baremetal.node.%s.%s", what, status);
    events_publish(task->services->events, type, payload);
}

void
history_add(Task *task, const char *severity, const char *type, const char *event)
{
    if (!config_boolean(config_current(), OPT_CONDUCTOR_NODE_HISTORY))
        return;
    g_autoptr(NodeHistory) row = node_history_new();
    row->node_uuid = g_strdup(task->node->uuid);
    row->severity = g_strdup(severity);
    row->event_type = g_strdup(type);
    row->event = g_strdup(event);
    row->conductor = g_strdup(task->services->conductor_host);
    row->user = g_strdup(task->user_id);
    g_autoptr(GError) error = NULL;
    if (!db_record_insert(task->services->db, &node_history_resource, row, &error))
        log_warning("conductor.history", "an event was not remembered: %s", error->message);
}
