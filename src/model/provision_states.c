/* Lookups in the state tables; the contract is in provision_states.h, the tables are in
 * provision_states.def.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/provision_states.h"

#include <string.h>

static const StateInfo states[STATE_COUNT] = {
#define STATE(code, wire, history, target, flags)                                                  \
    [STATE_##code] = {#code, wire, history, STATE_##target, flags},
#define EDGE(from, event, to)
#define VERB(word, event, since, allowed_in_maintenance)
#include "model/provision_states.def"
#undef STATE
#undef EDGE
};

static const StateEdge edges[] = {
#define STATE(code, wire, history, target, flags)
#define EDGE(from, event, to) {STATE_##from, EVENT_##event, STATE_##to},
#include "model/provision_states.def"
#undef EDGE
#undef VERB
};

static const ProvisionVerb verbs[] = {
#define EDGE(from, event, to)
#define VERB(word, event, since, allowed_in_maintenance)                                           \
    {word, EVENT_##event, since, allowed_in_maintenance},
#include "model/provision_states.def"
#undef STATE
#undef EDGE
#undef VERB
};

static const char *const event_names[EVENT_COUNT] = {
    [EVENT_MANAGE] = "manage",     [EVENT_PROVIDE] = "provide", [EVENT_DEPLOY] = "deploy",
    [EVENT_REBUILD] = "rebuild",   [EVENT_DELETE] = "delete",   [EVENT_CLEAN] = "clean",
    [EVENT_INSPECT] = "inspect",   [EVENT_ADOPT] = "adopt",     [EVENT_RESCUE] = "rescue",
    [EVENT_UNRESCUE] = "unrescue", [EVENT_ABORT] = "abort",     [EVENT_DONE] = "done",
    [EVENT_FAIL] = "fail",         [EVENT_WAIT] = "wait",       [EVENT_RESUME] = "resume",
    [EVENT_SERVICE] = "service",   [EVENT_UNHOLD] = "unhold",   [EVENT_HOLD] = "hold",
};

const StateInfo *
state_info(ProvisionState state)
{
    g_return_val_if_fail(state >= 0 && state < STATE_COUNT, &states[STATE_ERROR]);
    return &states[state];
}

ProvisionState
state_from_wire(const char *wire)
{
    for (int i = 0; wire != NULL && i < STATE_COUNT; i++)
        if (strcmp(states[i].wire, wire) == 0)
            return (ProvisionState)i;
    return STATE_NONE;
}

const char *
event_name(ProvisionEvent event)
{
    return event_names[event];
}

ProvisionState
state_next(ProvisionState from, ProvisionEvent event)
{
    for (size_t i = 0; i < G_N_ELEMENTS(edges); i++)
        if (edges[i].from == from && edges[i].event == event)
            return edges[i].to;
    return STATE_NONE;
}

const ProvisionVerb *
provision_verb(const char *word)
{
    for (size_t i = 0; word != NULL && i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(verbs[i].word, word) == 0)
            return &verbs[i];
    return NULL;
}

/* True if the edge is for clients. Some are the service's own: no client may manage a node out of
 * cleaning, or request "clean" during a deletion. */
static bool
verb_is_open(const ProvisionVerb *verb, ProvisionState state)
{
    bool busy = states[state].flags & STATE_IS_BUSY;
    return !busy && state_next(state, verb->event) != STATE_NONE;
}

char *
provision_verbs_allowed(ProvisionState state)
{
    GString *words = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (verb_is_open(&verbs[i], state))
            g_string_append_printf(words, "%s%s", words->len > 0 ? ", " : "", verbs[i].word);
    if (words->len == 0)
        g_string_append(words, "none: wait until it has ended");
    return g_string_free(words, FALSE);
}

bool
provision_verb_check(const ProvisionVerb *verb, ProvisionState state, GError **error)
{
    if (verb_is_open(verb, state))
        return true;
    g_autofree char *legal = provision_verbs_allowed(state);
    return steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED,
                      "The requested action \"%s\" can not be performed on a node in the state "
                      "\"%s\". Legal now: %s",
                      verb->word, states[state].wire, legal);
}

const StateEdge *
state_edges(size_t *count)
{
    *count = G_N_ELEMENTS(edges);
    return edges;
}

char *
states_dot(void)
{
    GString *dot =
        g_string_new("digraph provision_states {\n    node [shape=box, style=rounded];\n");
    for (int i = 0; i < STATE_COUNT; i++)
        g_string_append_printf(dot, "    \"%s\"%s;\n", states[i].wire,
                               states[i].flags & STATE_IS_STABLE ? " [style=\"rounded,bold\"]"
                                                                 : "");
    for (size_t i = 0; i < G_N_ELEMENTS(edges); i++)
        g_string_append_printf(dot, "    \"%s\" -> \"%s\" [label=\"%s\"];\n",
                               states[edges[i].from].wire, states[edges[i].to].wire,
                               event_names[edges[i].event]);
    g_string_append(dot, "}\n");
    return g_string_free(dot, FALSE);
}
