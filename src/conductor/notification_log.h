/* Writes versioned notifications to the log, for consumers that read it: one line of JSON each, in
 * Ironic's envelope.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdbool.h>

/* The parts of an envelope without the payload; all borrowed for the call. */
typedef struct Notification {
    const char *host;         /* of the conductor */
    const char *event_type;   /* "baremetal.node.provision_set.start" */
    const char *payload_name; /* "NodeSetProvisionStatePayload" */
    const char *payload_version;
    bool is_error; /* level error; otherwise info */
} Notification;

/* True when [DEFAULT]notification_level admits notifications of level error, or of level info. */
bool notification_wanted(bool is_error);

/* Writes a notification if [DEFAULT]notification_level admits its level. Any thread.
 *
 * payload  an object without secrets, borrowed, not changed
 * The line: {"message_id": uuid, "publisher_id": "ironic-conductor.HOST", "timestamp": str,
 * "priority": "INFO",
 *           "event_type": str, "payload": {"ironic_object.name": str, "ironic_object.namespace":
 *           "ironic", "ironic_object.version": str, "ironic_object.data": payload}} */
void notification_log(const Notification *notification, json_t *payload);
