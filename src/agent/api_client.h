/* How the agent speaks to the service: which node am I (lookup), here I am (heartbeat). Each call
 * blocks for at most a minute.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

typedef struct ApiClient {
    Agent *agent;   /* borrowed */
    unsigned minor; /* highest API version of the service, 1.<minor>; 0: not asked yet */
} ApiClient;

/* What heartbeats can say. */
#define API_VERSION_CERTIFICATE 68u

/* Asks the service once for its API version. What does not answer counts as an old one. */
unsigned api_client_version(ApiClient *client);

/* Asks which node this is until there is an answer or ipa-lookup-timeout is over, and takes note of
 * node, token and heartbeat interval.
 *
 * addresses  MACs with commas
 * node_uuid  NULL: found by the addresses
 * Errors     LOOKUP with the service's last words */
bool api_client_lookup(ApiClient *client, const char *addresses, const char *node_uuid,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes note of what a lookup answers: {"node": {...}, "config": {...}}. Errors: LOOKUP. */
bool api_client_take_lookup(Agent *agent, const json_t *body,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Says where the agent is.
 * Errors: HEARTBEAT. *conflict tells whether the node was locked. */
bool api_client_heartbeat(ApiClient *client, const char *callback_url, bool *conflict,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
