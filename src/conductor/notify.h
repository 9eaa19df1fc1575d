/* Publishes notifications about nodes and records, and writes a node's history.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Publishes "baremetal.node.<action>.<status>" with the node's payload and `extra` members (taken,
 * may be NULL): to the event stream, and as a notification to the log. status: "start", "end",
 * "success", "error". */
void notify_node(const Task *task, const char *action, const char *status, json_t *extra);

/* Does the same for a record of any resource that has notifications; nothing for others. action:
 * "create", "update", "delete". */
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

/* Adds an event to the node's history, if [conductor]node_history is true. severity "ERROR" or
 * "INFO". */
void history_add(Task *task, const char *severity, const char *type, const char *event);
