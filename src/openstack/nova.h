/* Events that Nova is told, as far as bare metal has some (Compute API v2.1, microversion 2.76).
 * https://docs.openstack.org/api-ref/compute/#create-external-events-os-server-external-events
 *
 * Requests block: from workers. Any number of threads. Errors as openstack_ask's, and HTTP for an
 * answer that is not what was asked for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "openstack/session.h"

enum { NOVA_EVENTS_MOST = 50 }; /* in one request */

/* A machine was switched: the server on it is on or off now. */
typedef struct NovaPowerUpdate {
    const char *server_uuid; /* borrowed */
    bool on;
} NovaPowerUpdate;

/* Tells Nova of power changes in one request.
 *
 * count        1 to NOVA_EVENTS_MOST
 * deadline_ms  monotonic; 0: none
 * Errors       NOT_FOUND: Nova knows none of the servers; CONFLICT: it refuses some of the events,
 *              which the message names */
bool nova_power_update(OpenstackSession *session, const NovaPowerUpdate *updates, size_t count,
                       int64_t deadline_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;
