/* PUT states/provision: checks the verb, its arguments (provision_body.c), and whether the node's
 * state allows it now. The conductor checks the state again under the node's lock.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "api/controllers/provision_body.h"

#include <string.h>

/* Two edges of abort came with later versions than the verb. Ironic that knows no later ones has a
 * fault of its own for it. */
static bool
abort_exists(const Request *request, const NodeBrief *node, ProvisionState state, GError **error)
{
    if (state == STATE_INSPECTWAIT)
        return request_needs(request, 41, "abort while a node waits in inspection", error);
    if (state == STATE_DEPLOYWAIT && request->version > 82)
        return request_needs(request, 110, "abort while a node waits in a deploy", error);
    if (state == STATE_DEPLOYWAIT)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED,
                          "The requested action \"abort\" can not be performed on node \"%s\" "
                          "while it is in state \"wait call-back\": that exists from API version "
                          "1.110; \"deleted\" can",
                          node->uuid);
    return true;
}

/* True if the node's state allows the verb. A locked node gets its own error, since its state may
 * change soon. */
static bool
state_allows(const Request *request, const NodeBrief *node, const ProvisionVerb *verb,
             GError **error)
{
    ProvisionState state =
        node->provision_state != NULL ? state_from_wire(node->provision_state) : STATE_NONE;
    if ((strcmp(verb->word, "active") == 0 || strcmp(verb->word, "rebuild") == 0) &&
        node->maintenance)
        return steel_fail(error, STEEL_ERROR_NODE_IN_MAINTENANCE,
                          "The %s operation can't be performed on node %s because it's in "
                          "maintenance mode.",
                          verb->word, node->uuid);
    if (verb->event == EVENT_ABORT && !abort_exists(request, node, state, error))
        return false;
    g_autoptr(GError) illegal = NULL;
    if (provision_verb_check(verb, state, &illegal))
        return true;
    if (node->reservation != NULL)
        return steel_fail(error, STEEL_ERROR_LOCKED,
                          "Node %s is locked by host %s, please retry after the current operation "
                          "is completed.",
                          node->uuid, node->reservation);
    g_propagate_error(error, g_steal_pointer(&illegal));
    g_prefix_error(error, "node %s: ", node->uuid);
    return false;
}

static bool
verb_valid(const Request *request, const ProvisionVerb *verb, const char *word,
           const NodeBrief *node, GError **error)
{
    if (verb != NULL)
        return verb->since <= request->version ||
               steel_fail(
                   error, STEEL_ERROR_NOT_ACCEPTABLE,
                   "the provision verb %s exists from API version 1.%u, the request asks for "
                   "1.%u",
                   word, verb->since, request->version);
    ProvisionState state =
        node->provision_state != NULL ? state_from_wire(node->provision_state) : STATE_NONE;
    g_autofree char *legal = provision_verbs_allowed(state);
    return steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED,
                      "The requested action \"%.80s\" can not be performed on node \"%s\" while it "
                      "is in state \"%s\"; these can: %s",
                      word, node->uuid, node->provision_state != NULL ? node->provision_state : "",
                      legal);
}

/* Ironic looks at the state before it asks for the version of its latest verbs. */
#define STATE_COMES_FIRST 83

static bool
verb_possible(const Request *request, const ProvisionVerb *verb, const char *word,
              const NodeBrief *node, GError **error)
{
    if (verb != NULL && verb->since >= STATE_COMES_FIRST)
        return state_allows(request, node, verb, error) &&
               verb_valid(request, verb, word, node, error);
    return verb_valid(request, verb, word, node, error) && state_allows(request, node, verb, error);
}

Answer
states_provision(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    json_t *body = provision_body_read(request, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    const char *word = json_string_member(body, "target");
    if (word == NULL) {
        steel_fail(error, STEEL_ERROR_MISSING, "Missing mandatory parameter: target");
        return ANSWER_FAILED;
    }
    const ProvisionVerb *verb = provision_verb(word);
    if (!provision_body_permitted(request, &node, body, error) ||
        !verb_possible(request, verb, word, &node, error) ||
        !runbook_use(request, &node, provision_body_steps(verb), body, error) ||
        !provision_body_valid(request, &node, body, verb, error))
        return ANSWER_FAILED;
    request_set_location(request, "nodes/%s/states", request->captures[0]);
    return request_call(request, RPC_PROVISION, node.uuid, provision_body_arguments(body),
                        request_after_202);
}
