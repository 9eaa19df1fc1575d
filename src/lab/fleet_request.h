/* What is asked of a running fleet of simulated BMCs, of whatever protocol.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* A fleet; all borrowed. */
typedef struct FleetRequests {
    void *fleet;
    unsigned count; /* of its BMCs */
    /* Changes one BMC by the members of a request; members that are absent change nothing */
    bool (*apply)(void *fleet, unsigned index, const json_t *request, GError **error);
    json_t *(*status)(const void *fleet); /* a new reference */
} FleetRequests;

/* Answers a request: {"command": "fleet-set", "index": number or "all": true, ...} or {"command":
 * "status"}. A new reference, or NULL with INVALID or an error of `apply`; what was applied to BMCs
 * before it stays. */
json_t *fleet_answer(const FleetRequests *requests, const json_t *request, GError **error);
