/* The provision state machine as data: states, edges, verbs. Exactly one function in the program
 * (task_process_event) writes node.provision_state.
 *
 * Pure lookups in constant tables; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <stddef.h>

typedef enum ProvisionState {
#define STATE(code, wire, history, target, flags) STATE_##code,
#define EDGE(from, event, to)
#define VERB(word, event, since, allowed_in_maintenance)
#include "model/provision_states.def"
#undef STATE
#undef EDGE
#undef VERB
    STATE_COUNT,
    STATE_NONE = -1
} ProvisionState;

typedef enum ProvisionEvent {
    EVENT_MANAGE,
    EVENT_PROVIDE,
    EVENT_DEPLOY,
    EVENT_REBUILD,
    EVENT_DELETE,
    EVENT_CLEAN,
    EVENT_INSPECT,
    EVENT_ADOPT,
    EVENT_RESCUE,
    EVENT_UNRESCUE,
    EVENT_SERVICE,
    EVENT_UNHOLD,
    EVENT_ABORT,
    EVENT_DONE,
    EVENT_FAIL,
    EVENT_WAIT,
    EVENT_HOLD,
    EVENT_RESUME,
    EVENT_COUNT
} ProvisionEvent;

enum {
    STATE_IS_STABLE = 1 << 0,  /* nothing is under way; the target is null */
    STATE_IS_WAITING = 1 << 1, /* it waits for the machine or its agent, until a deadline */
    STATE_IS_BUSY = 1 << 2,    /* a conductor works on it */
    STATE_IS_FAILURE = 1 << 3,
    STATE_UPDATE_ALLOWED = 1 << 4,  /* PATCH is allowed although a target is set */
    STATE_DELETE_ALLOWED = 1 << 5,  /* the node may be deleted */
    STATE_INTERFACES_FREE = 1 << 6, /* its interfaces may be changed */
    STATE_LOOKUP = 1 << 7,          /* an agent may look the node up */
    STATE_POWER_SYNC = 1 << 8,      /* the power sync reads it */
    STATE_HAS_INSTANCE =
        1 << 9, /* its machine may boot the instance, and be given the secrets for it */
    STATE_AGENT_MAY_STAY = 1 << 10, /* the agent of the operation before it may still run */
    STATE_IS_HELD = 1 << 11,        /* a step holds it until a client releases it: no deadline */
};

typedef struct StateInfo {
    const char *code;      /* "DEPLOYWAIT" */
    const char *wire;      /* "wait call-back": the database and the API */
    const char *history;   /* the event_type of the history's entries about it: "deploying" */
    ProvisionState target; /* where the work leads; STATE_NONE for stable states */
    unsigned flags;
} StateInfo;

typedef struct StateEdge {
    ProvisionState from;
    ProvisionEvent event;
    ProvisionState to;
} StateEdge;

/* A target of PUT states/provision. */
typedef struct ProvisionVerb {
    const char *word; /* "active" */
    ProvisionEvent event;
    unsigned since;              /* microversion */
    bool allowed_in_maintenance; /* false: refused with NODE_IN_MAINTENANCE */
} ProvisionVerb;

const StateInfo *state_info(ProvisionState state);

/* The state of a wire name, or STATE_NONE. */
ProvisionState state_from_wire(const char *wire);

const char *event_name(ProvisionEvent event);

/* The state to which the event leads, or STATE_NONE if there is no such edge. */
ProvisionState state_next(ProvisionState from, ProvisionEvent event);

/* The row of a verb, or NULL. */
const ProvisionVerb *provision_verb(const char *word);

/* The verbs a client may use in this state, as "manage, provide"; the caller frees. */
char *provision_verbs_allowed(ProvisionState state);

/* Checks a verb against a state: INVALID_STATE_REQUESTED names the legal ones. */
bool provision_verb_check(const ProvisionVerb *verb, ProvisionState state, GError **error);

/* All edges, for printing and for tests. */
const StateEdge *state_edges(size_t *count);

/* The machine as a graphviz document; the caller frees. */
char *states_dot(void);
