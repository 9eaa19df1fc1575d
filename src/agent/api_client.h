/* The agent's requests to the service: lookup, which tells the agent its node, and heartbeat, which
 * tells the service the agent's URL. Each request blocks for at most a minute. One thread at a
 * time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

typedef struct ApiClient {
    Agent *agent;   /* borrowed */
    unsigned minor; /* highest API version of the service, 1.<minor>; 0: not asked yet */
} ApiClient;

/* From this minor version on a heartbeat may carry agent_verify_ca (the certificate). */
#define API_VERSION_CERTIFICATE 68u

/* Returns the service's highest minor API version; asks for it once. A service that does not answer
 * counts as an old one. */
unsigned api_client_version(ApiClient *client);

/* Asks which node this is until the service answers or ipa-lookup-timeout is over. Stores the node,
 * the token and the heartbeat interval in the agent.
 *
 * addresses  MACs, separated by commas
 * node_uuid  NULL: the service finds the node by the addresses
 * Errors     LOOKUP with the service's last answer */
bool api_client_lookup(ApiClient *client, const char *addresses, const char *node_uuid,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stores the answer of a lookup in the agent: {"node": {...}, "config": {...}}. Errors: LOOKUP. */
bool api_client_take_lookup(Agent *agent, const json_t *body,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Tells how far the command has come: {"phase", "bytes", "total"}, borrowed. Steel's own: only if
 * the lookup told an interval. Errors: HEARTBEAT. Blocks for some seconds at most. */
bool api_client_progress(ApiClient *client, const json_t *progress,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends a heartbeat with the agent's URL. Errors: HEARTBEAT; *conflict is true then if the node was
 * locked. */
bool api_client_heartbeat(ApiClient *client, const char *callback_url, bool *conflict,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
