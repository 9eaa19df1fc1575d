/* Client of the agent that runs on a machine (steel-agent, ironic-python-agent): sends commands and
 * reads their results. It does not know nodes.
 *
 *     POST <url>/v1/commands/?wait=true&agent_token=T {"name": "deploy.get_deploy_steps", "params":
 *     {...}}
 *     GET  <url>/v1/commands/?agent_token=T             {"commands": [RESULT, ...]}, oldest first
 *
 * An agent's answers are not trusted: they are bounded, their types are checked, their texts are
 * cut. Redirects are not followed.
 *
 * Each call blocks until timeout_ms at most; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

/* An agent's address, and how it proves its identity; all borrowed. */
typedef struct AgentPeer {
    const char *url;   /* from its heartbeat: "https://192.0.2.7:9999" */
    const char *token; /* NULL: none */
    /* PEM: only the owner of its key is the agent; NULL: an authority signs */
    const char *certificate;
    const char *ca_file; /* without a certificate: file of authorities; NULL: the system's */
    bool insecure;       /* without a certificate: accept any */
    int timeout_ms;
} AgentPeer;

typedef enum AgentStatus {
    AGENT_STATUS_IS_UNKNOWN, /* an unknown word */
    AGENT_STATUS_IS_RUNNING,
    AGENT_STATUS_IS_SUCCEEDED,
    AGENT_STATUS_IS_FAILED,
    AGENT_STATUS_IS_MISMATCH,
} AgentStatus;

/* A command and its result. */
typedef struct AgentResult {
    char *id; /* owned; the agent's id of this command; NULL: none */
    /* owned; "execute_deploy_step", without its extension; NULL: the agent has had no command */
    char *command;
    AgentStatus status;
    char *words;    /* owned; FAILED: the agent's own words; NULL otherwise */
    json_t *result; /* owned; the command's own result; NULL: none */
} AgentResult;

void agent_result_clear(AgentResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AgentResult, agent_result_clear)

/* Sends a command.
 *
 * name    "standby.sync"
 * params  an object, borrowed; NULL: none
 * wait    wait until the command has ended; for quick commands
 * out     in {0}
 * Errors  AGENT_BUSY (it runs another one), HTTP, TIMEOUT (it cannot be reached now): the caller
 *         may retry; AGENT_REFUSED: it refuses the command, with its own words */
bool agent_command(const AgentPeer *peer, const char *name, const json_t *params, bool wait,
                   AgentResult *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The last command that was sent to the agent. out: in {0}. Errors as for agent_command. */
bool agent_last_command(const AgentPeer *peer, AgentResult *out,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A part of the agent's log, which Steel's agent has: GET <url>/v1/log?offset=N.
 *
 * text    out, the caller's; "" when there is no more
 * offset  in: the byte to begin at; out: where the next part begins
 * Errors  HTTP, TIMEOUT; AGENT_REFUSED; UNSUPPORTED: this agent has no log to read */
bool agent_log(const AgentPeer *peer, char **text, int64_t *offset,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The public key of a certificate as "sha256//<base64>"; the caller frees. Errors: INVALID (no
 * certificate). Pure. */
char *agent_pin(const char *certificate, GError **error);

/* Reads one result of an agent's answer; a result of an unexpected form is UNKNOWN. out: in {0}.
 * Pure. */
void agent_result_read(const json_t *object, AgentResult *out);
