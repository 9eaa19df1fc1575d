/* Builds the notifications of nodes and their records, and writes the history;
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/notify.h"
#include "common/log.h"
#include "common/time_text.h"
#include "db/nodes.h"
#include "db/records.h"
#include "model/releases.h"
#include "model/resources.h"
#include "model/secrets.h"

#include <string.h>

/* The payload of an event: the record's fields that it has. */
typedef struct PayloadKind {
    const Resource *resource;
    const char *object, *action; /* action NULL: all actions without a row of their own */
    const char *service;         /* "ironic-api" or "ironic-conductor" */
    const char *name;
    unsigned version;           /* "1." and this */
    const char *fields, *added; /* with spaces; added: with later versions; NULL: none */
} PayloadKind;

static const PayloadKind kinds[] = {
#define PAYLOAD(resource, object, action, service, name, version, fields, added)                   \
    {&resource##_resource, object, action, "ironic-" service, name, version, fields, added},
#include "conductor/notification_payloads.def"
#undef PAYLOAD
};

static const PayloadKind *
kind_of(const Resource *resource, const char *action)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].resource == resource &&
            (kinds[i].action == NULL || strcmp(kinds[i].action, action) == 0))
            return &kinds[i];
    return NULL;
}

/* What a sensitive rule does is nobody's to read. */
static void
redact_rule(const PayloadKind *kind, const void *record, json_t *payload)
{
    static const char *const members[] = {"actions", "conditions"};
    if (kind->resource != &inspection_rule_resource || !((const InspectionRule *)record)->sensitive)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        json_object_set_new(payload, members[i],
                            json_pack("[{s:s}]", "redacted_contents", SECRET_MASK));
}

/* What later releases have added, up to the one that the service is pinned to; raises the version
 * by one for each field. */
static void
add_later(const PayloadKind *kind, const void *record, json_t *payload, unsigned *version)
{
    unsigned newest = release_pinned_version(config_current());
    g_auto(GStrv) names = g_strsplit(kind->added != NULL ? kind->added : "", " ", 0);
    for (char **name = names; *name != NULL; name++) {
        const Field *field = resource_field(kind->resource, *name);
        if (field == NULL || field->since > newest)
            continue;
        json_object_set_new(payload, *name, record_get(record, field));
        *version += 1;
    }
}

static json_t *
payload_of(const PayloadKind *kind, const void *record, unsigned *version)
{
    json_t *payload = json_object();
    g_auto(GStrv) names = g_strsplit(kind->fields, " ", 0);
    for (char **name = names; *name != NULL; name++) {
        const Field *field = resource_field(kind->resource, *name);
        json_object_set_new(payload, *name,
                            field != NULL ? record_get(record, field) : json_null());
    }
    *version = kind->version;
    add_later(kind, record, payload, version);
    redact_rule(kind, record, payload);
    return payload;
}

/* The projects that an event concerns. A record of a node concerns the node's projects: they are
 * looked up, and the caller frees them. */
static EventAbout
event_about(const DriverServices *services, const Resource *resource, const void *record,
            char **owner, char **lessee)
{
    if (resource == &node_resource) {
        const Node *node = record;
        return (EventAbout){node->uuid, node->owner, node->lessee};
    }
    const char *node_uuid = record_text(resource, record, "node_uuid");
    if (resource == &allocation_resource || resource == &runbook_resource)
        return (EventAbout){node_uuid, record_text(resource, record, "owner"), NULL};
    g_autoptr(GError) error = NULL;
    if (node_uuid != NULL && !db_node_owners(services->db, node_uuid, owner, lessee, &error))
        log_warning("conductor.notify", "an event is not shown to the owner of node %s: %s",
                    node_uuid, error->message);
    return (EventAbout){node_uuid, *owner, *lessee};
}

/* `extra` is taken, may be NULL. */
static void
publish(const DriverServices *services, const PayloadKind *kind, const void *record,
        const char *action, const char *status, json_t *extra)
{
    unsigned minor = 0;
    json_t *payload = payload_of(kind, record, &minor);
    if (extra != NULL)
        json_object_update(payload, extra);
    json_decref(extra);
    secret_mask(payload); /* masks passwords of BMCs and volumes, and the arguments of a step */
    g_autofree char *version = g_strdup_printf("1.%u", minor);
    g_autofree char *type = g_strdup_printf("baremetal.%s.%s.%s", kind->object, action, status);
    const Notification notification = {.service = kind->service,
                                       .host = services->conductor_host,
                                       .event_type = type,
                                       .payload_name = kind->name,
                                       .payload_version = version,
                                       .request_id = log_request(),
                                       .is_error = strcmp(status, "error") == 0};
    notifier_send(services->notifier, &notification, payload);
    g_autofree char *owner = NULL, *lessee = NULL;
    const EventAbout concerns = event_about(services, kind->resource, record, &owner, &lessee);
    events_publish(services->events, type, &concerns, payload);
}

/* Builds nothing if nobody listens, which is the usual case. */
static bool
is_wanted(const DriverServices *services, const char *status)
{
    return events_wanted(services->events) ||
           notifier_wants(services->notifier, strcmp(status, "error") == 0);
}

void
notify_node(const Task *task, const char *action, const char *status, json_t *extra)
{
    if (is_wanted(task->services, status))
        publish(task->services, kind_of(&node_resource, action), task->node, action, status, extra);
    else
        json_decref(extra);
}

void
notify_record(const DriverServices *services, const Resource *resource, const void *record,
              const char *action, const char *status)
{
    const PayloadKind *kind = kind_of(resource, action);
    if (kind != NULL && is_wanted(services, status))
        publish(services, kind, record, action, status, NULL);
}

/* How long the node has been in its state; INTEGER_NULL if that is not known. */
static int64_t
seconds_in_state(const Node *node)
{
    int64_t since_ms = 0;
    if (node->provision_updated_at == NULL || !time_parse_ms(node->provision_updated_at, &since_ms))
        return INTEGER_NULL;
    return MAX(time_now_ms() - since_ms, 0) / 1000;
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
    row->project = g_strdup(task->project_id);
    row->state = g_strdup(task->node->provision_state);
    row->target_provision_state = g_strdup(task->node->target_provision_state);
    row->duration_seconds = seconds_in_state(task->node);
    g_autoptr(GError) error = NULL;
    if (!db_record_insert(task->services->db, &node_history_resource, row, &error))
        log_warning("conductor.history", "an event was not remembered: %s", error->message);
}
