/* The agent: what its parts share. One for the process; made by agent_run's caller, freed after it.
 *
 *     parameters   what it was told                 agent/parameters.h
 *     api_client   asks the service: lookup, heartbeat
 *     server       its own API                      agent/server.h
 *     commands     what runs and what has run       agent/commands.h
 *     extensions/  what it can be told to do, a table each
 *     steps/       what a deploy or clean step does, a table
 *     hardware/    what the machine is made of, read from sysfs
 *     disk/        what is done to disks
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent_error.h"
#include "agent/parameters.h"
#include "common/lock.h"

#include <jansson.h>
#include <stdatomic.h>

typedef struct Commands Commands;
typedef struct Heartbeat Heartbeat;

/* How the agent ends. */
typedef enum AgentEnd {
    AGENT_GOES_ON,
    AGENT_STOPPED,   /* by a signal */
    AGENT_RESCUE,    /* the rescue system is ready: the agent leaves it alone */
    AGENT_LOCKDOWN,  /* nothing may be asked any more, the machine waits to be switched off */
    AGENT_POWER_OFF, /* switch the machine off */
    AGENT_REBOOT     /* restart it */
} AgentEnd;

typedef struct Agent {
    Parameters *parameters; /* owned */
    char *root;  /* owned: where /sys, /proc, /dev and /etc are looked for; "" outside tests */
    char *state; /* owned: folder for certificate and key */
    int64_t started_ms; /* wall clock */

    Commands *commands;             /* owned */
    _Atomic(Heartbeat *) heartbeat; /* owned; NULL: nobody is called */

    atomic_int end;       /* AgentEnd */
    atomic_bool stopping; /* end is not AGENT_GOES_ON: waits end */

    Lock lock;
    json_t *node GUARDED;   /* as the service last told it; NULL: not known */
    json_t *config GUARDED; /* what the lookup told of the service; NULL: nothing */
    char *token GUARDED;    /* NULL: none */
    bool token_required GUARDED;
    bool token_seen GUARDED;   /* a read came with the token: whoever asks sends it always */
    char *certificate GUARDED; /* PEM that it listens with; NULL: plain HTTP */
    int64_t heartbeat_timeout_s GUARDED;
    json_t *partition_uuids GUARDED; /* of the image that was written; NULL: none was */
    char *cached_image GUARDED;      /* its id */
} Agent;

/* root, state  copied; parameters are taken over */
Agent *agent_new(Parameters *parameters, const char *root, const char *state);
void agent_free(Agent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Agent, agent_free)

/* A path of the system, below the agent's root; the caller frees. */
char *agent_path(const Agent *agent, const char *path);

/* Ends the agent's loop; the first call counts. Any thread. */
void agent_finish(Agent *agent, AgentEnd end);

/* A new reference to the node, or NULL. */
json_t *agent_node(Agent *agent);
/* Takes note of the node; a new reference is taken. */
void agent_set_node(Agent *agent, json_t *node);

/* A new reference to what the lookup told of the service's configuration, or NULL. */
json_t *agent_config(Agent *agent);
void agent_set_config(Agent *agent, json_t *config);

/* A copy of the token, to be freed by secret_free, or NULL. */
char *agent_token(Agent *agent);
/* Copies the token. */
void agent_set_token(Agent *agent, const char *token);

/* Whether a command may be given with this token (NULL: none came). */
bool agent_token_valid(Agent *agent, const char *token);
/* Whether results may be read with it. Old services ask without; one that has asked with the token
 * must always. */
bool agent_token_may_read(Agent *agent, const char *token);
