/* The state that the agent's parts share. A process has one: the caller of agent_run makes it and
 * frees it afterwards.
 *
 *     parameters   what it was told at boot              agent_protocol/parameters.h
 *     api_client   asks the service: lookup, heartbeat   agent/api_client.h
 *     server       serves its own API                   agent/server.h
 *     commands     runs commands and keeps their results agent/commands.h
 *     extensions/  the commands that it knows, one table each
 *     steps/       its deploy and clean steps, one table
 *     hardware/    reads from sysfs what the machine is made of
 *     disk/        writes, partitions and erases disks
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent_protocol/agent_error.h"
#include "agent_protocol/parameters.h"
#include "common/lock.h"

#include <jansson.h>
#include <stdatomic.h>

typedef struct Commands Commands;
typedef struct Heartbeat Heartbeat;

/* How the agent ends. */
typedef enum AgentEnd {
    AGENT_RUNNING,
    AGENT_STOPPED,   /* by a signal */
    AGENT_RESCUE,    /* the rescue system is ready: the agent leaves it alone */
    AGENT_LOCKDOWN,  /* no more commands are accepted; the machine waits to be switched off */
    AGENT_POWER_OFF, /* switch the machine off */
    AGENT_REBOOT     /* restart it */
} AgentEnd;

typedef struct Agent {
    Parameters *parameters; /* owned */
    char *root;  /* owned: the folder that holds /sys, /proc, /dev and /etc; "" outside tests */
    char *state; /* owned: the folder for the certificate and its key */
    int64_t started_ms; /* wall clock */

    Commands *commands;             /* owned */
    _Atomic(Heartbeat *) heartbeat; /* owned; NULL: no service to call */

    atomic_int end;       /* AgentEnd */
    atomic_bool stopping; /* true once end is not AGENT_RUNNING; all waits end then */

    Lock lock;
    json_t *node GUARDED;   /* as the service last sent it; NULL: unknown */
    json_t *config GUARDED; /* the service's configuration, from the lookup; NULL: unknown */
    char *token GUARDED;    /* NULL: none */
    bool token_required GUARDED;
    bool token_seen GUARDED; /* a read has come with the token: from then on every read needs it */
    char *certificate GUARDED; /* PEM of its API; NULL: plain HTTP */
    int64_t heartbeat_timeout_s GUARDED;
    int64_t progress_interval_s GUARDED; /* 0: the service does not want to know */
    json_t *partition_uuids GUARDED;     /* of the image that was written; NULL: none */
    char *cached_image GUARDED;          /* the id of the image on the disk; NULL: none */
} Agent;

/* Makes the agent. root and state are copied; takes parameters. */
Agent *agent_new(Parameters *parameters, const char *root, const char *state);
void agent_free(Agent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Agent, agent_free)

/* A path of the system, below the agent's root; the caller frees. */
char *agent_path(const Agent *agent, const char *path);

/* Ends the agent's loop and its waits; later calls change nothing. Any thread; does not block. */
void agent_finish(Agent *agent, AgentEnd end);

/* A new reference to the node, or NULL if it is unknown. Any thread. */
json_t *agent_node(Agent *agent);
/* Stores the node; adds a reference to it. Any thread. */
void agent_set_node(Agent *agent, json_t *node);

/* A new reference to the service's configuration, or NULL before a lookup. Any thread. */
json_t *agent_config(Agent *agent);
void agent_set_config(Agent *agent, json_t *config);

/* A copy of the token, or NULL if there is none; the caller frees it with secret_free. Any
 * thread. */
char *agent_token(Agent *agent);
/* Stores a copy of the token. Any thread. */
void agent_set_token(Agent *agent, const char *token);

/* True if a request with this token may run a command. token: NULL if the request has none. Any
 * thread. */
bool agent_token_valid(Agent *agent, const char *token);
/* True if a request with this token may read results. Old services read without a token; after the
 * first read with one, each read needs it. Any thread. */
bool agent_token_may_read(Agent *agent, const char *token);
