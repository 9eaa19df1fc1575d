/* Speaks to the agent that runs on a machine (steel-agent, ironic-python-agent): gives it commands,
 * and asks what became of them. Knows nothing of nodes.
 *
 *     POST <url>/v1/commands/?wait=true&agent_token=T {"name": "deploy.get_deploy_steps", "params":
 *     {...}}
 *     GET  <url>/v1/commands/?agent_token=T             {"commands": [RESULT, ...]}, oldest first
 *
 * What an agent answers is not trusted: it is bounded, its types are checked, its words are cut.
 * Redirects are not followed.
 *
 * Each call blocks until timeout_ms at most; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

/* Where an agent is and what it is known by; all borrowed. */
typedef struct AgentPeer {
    const char *url;   /* as it has said: "https://192.0.2.7:9999" */
    const char *token; /* NULL: none */
    /* PEM: whoever has its key is the agent, nobody else; NULL: an authority signs */
    const char *certificate;
    const char *ca_file; /* where there is no certificate: authorities; NULL: the system's */
    bool insecure;       /* where there is no certificate: believe anybody */
    int timeout_ms;
} AgentPeer;

typedef enum AgentStatus {
    AGENT_STATUS_IS_UNKNOWN, /* a word that is none of these */
    AGENT_STATUS_IS_RUNNING,
    AGENT_STATUS_IS_SUCCEEDED,
    AGENT_STATUS_IS_FAILED,
    AGENT_STATUS_IS_MISMATCH,
} AgentStatus;

/* A command and what has become of it. */
typedef struct AgentResult {
    char *id; /* owned; the agent's name for this very command; NULL: it has none */
    /* owned; "execute_deploy_step": without its extension; NULL: the agent was given none */
    char *command;
    AgentStatus status;
    char *words;    /* owned; FAILED: why, in the agent's words; NULL else */
    json_t *result; /* owned; what the command has found out; NULL: nothing */
} AgentResult;

void agent_result_clear(AgentResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AgentResult, agent_result_clear)

/* Gives a command.
 *
 * name    "standby.sync"
 * params  an object, borrowed; NULL: none
 * wait    answer when the command has ended; of use for those that are quick
 * out     in {0}
 * Errors  AGENT_BUSY (it runs another one), HTTP, TIMEOUT (it cannot be reached now): the same may
 *         be tried later; AGENT_REFUSED: it does not take the command, with what it said */
bool agent_command(const AgentPeer *peer, const char *name, const json_t *params, bool wait,
                   AgentResult *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The last command that the agent was given. out: in {0}. Errors as above. */
bool agent_last_command(const AgentPeer *peer, AgentResult *out,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The public key of a certificate as "sha256//<base64>"; the caller frees. INVALID: it is no
 * certificate. Pure. */
char *agent_pin(const char *certificate, GError **error);

/* Reads one result of an agent's answer; what has another form than expected is UNKNOWN. out: in
 * {0}. Pure. */
void agent_result_read(const json_t *object, AgentResult *out);
