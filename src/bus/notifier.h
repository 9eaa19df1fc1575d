/* Versioned notifications in the form of oslo.messaging, through the drivers that
 * [oslo_messaging_notifications]driver names:
 *
 *   messagingv2  to RabbitMQ in oslo's envelope {"oslo.version": "2.0", "oslo.message": str}
 *   messaging    to RabbitMQ without the envelope
 *   log          a line of JSON in the log
 *   noop         nowhere
 *   prometheus_exporter  nowhere: /metrics takes its place
 *
 * Several may be named; without any the log gets them. RabbitMQ: exchange
 * [DEFAULT]control_exchange, routing key and queue "<topic>.<priority>". Nothing here waits for the
 * broker (bus.h).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include <jansson.h>

typedef struct Notifier Notifier;

/* The parts of a notification without the payload; all borrowed for the call. */
typedef struct Notification {
    const char *service;      /* "ironic-api" or "ironic-conductor" */
    const char *host;         /* of the conductor */
    const char *event_type;   /* "baremetal.node.provision_set.start" */
    const char *payload_name; /* "NodeSetProvisionStatePayload"; NULL: it is not versioned */
    const char *payload_version;
    const char *request_id; /* of the client; NULL: there is none */
    bool is_error;          /* level error; otherwise info */
} Notification;

/* Checks the options above, for config_add_check. Errors: CONFIG. */
bool notifier_check(const Config *config, GError **error);

/* Starts; connects to RabbitMQ only if a driver needs it and [DEFAULT]notification_level is set.
 * Never waits for it. Errors: CONFIG. */
Notifier *notifier_new(const Config *config, GError **error);

/* Sends what waits, at most for limit_ms, and frees. False: the process must end without freeing
 * (bus_stop). NULL is fine. */
bool notifier_stop(Notifier *notifier, unsigned limit_ms) G_GNUC_WARN_UNUSED_RESULT;

/* True when [DEFAULT]notification_level admits notifications of level error, or of level info, and
 * a driver takes them. Any thread. */
bool notifier_wants(const Notifier *notifier, bool is_error);

/* Sends a notification if its level is wanted; never blocks. Any thread.
 *
 * payload  an object without secrets, borrowed, not changed: "ironic_object.data" of the message
 *
 * The message:
 *   {"message_id": uuid, "publisher_id": "SERVICE.HOST", "event_type": str, "priority": "INFO" or
 *    "ERROR", "payload": {"ironic_object.name": str, "ironic_object.namespace": "ironic",
 *    "ironic_object.version": str, "ironic_object.data": payload}, "timestamp": "2026-11-21
 *    09:14:02.113000"}; on the bus also "_unique_id": hex and the context of the request as oslo
 * packs it, "_context_request_id"... without its token. */
void notifier_send(Notifier *notifier, const Notification *notification, json_t *payload);

/* Sends readings of sensors to the topic "notifications", by the drivers that are named, whatever
 * notification_level is, as Ironic does; the message is as above, but `payload` stands there as it
 * is. notification: without a version. Never blocks. Any thread. */
void notifier_send_sensors(Notifier *notifier, const Notification *notification, json_t *payload);
