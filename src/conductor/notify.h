/* Notifications about nodes and records, and the entries of a node's history.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Publishes "baremetal.node.<action>.<status>" with the node's payload and `extra` members (taken,
 * may be NULL): to the event stream, and as a notification to the log. status: "start", "end",
 * "success", "error". */
void notify_node(const Task *task, const char *action, const char *status, json_t *extra);

/* The same for any record that there are notifications of; nothing for others. action: "create",
 * "update", "delete". */
void notify_record(const DriverServices *services, const Resource *resource, const void *record,
                   const char *action, const char *status);

/* notify_record with status "end" or "error"; returns `good`. */
static inline bool
notify_record_end(const DriverServices *services, const Resource *resource, const void *record,
                  const char *action, bool good)
{
    notify_record(services, resource, record, action, good ? "end" : "error");
    return good;
}

/* Remembers an event in the node's history, if [conductor]node_history. severity "ERROR" or
 * "INFO". */
void history_add(Task *task, const char *severity, const char *type, const char *event);
