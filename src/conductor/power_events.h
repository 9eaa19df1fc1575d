/* Tells Nova when the machine under one of its servers was switched
 * ([nova]send_power_notifications). What waits is sent by one thread: nobody waits for Nova, and no
 * power change fails because of it.
 *
 * For each server only the last state waits, so that Nova hears the states of a server in order.
 * Any thread may call these functions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/resources.h"
#include "openstack/session.h"

typedef struct PowerEvents PowerEvents;

/* openstack: borrowed; NULL: nothing is told. */
PowerEvents *power_events_new(const Openstack *openstack);

/* Queues the state of a node's power for Nova, if the node has an instance and Nova can be reached
 * by the configuration. Never blocks; the log says what Nova refuses. */
void power_events_tell(PowerEvents *events, const Node *node);

/* Takes no more, and waits until what was queued is sent, at most for limit_ms; the first failure
 * drops the rest. False: a call still runs, and nothing may be freed. */
bool power_events_finish(PowerEvents *events, unsigned limit_ms) G_GNUC_WARN_UNUSED_RESULT;

/* After power_events_finish. NULL is fine. */
void power_events_free(PowerEvents *events);
