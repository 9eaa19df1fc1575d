/* The agent's token and its heartbeats. Both are written without the node's lock: a client without
 * a login must not lock out clients that have one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/secret.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "conductor/provision/provision.h"
#include "conductor/verbs.h"
#include "db/nodes.h"
#include "db/records.h"
#include "drivers/agent_logs.h"
#include "drivers/fast_track.h"
#include "netboot/boot_record.h"

#include <string.h>

/* The API has looked at the state. Between two operations only an agent that runs is expected (fast
 * track), and it has its token. */
static bool
may_be_looked_up(const Node *node, GError **error)
{
    ProvisionState state = state_from_wire(node->provision_state);
    unsigned flags = state != STATE_NONE ? state_info(state)->flags : 0;
    bool between = flags & STATE_AGENT_MAY_STAY,
         stays = fast_track_wanted(node) && info_has(node, INFO_AGENT_SECRET_TOKEN);
    return !between || stays || !config_boolean(config_current(), OPT_API_RESTRICT_LOOKUP) ||
           steel_fail(error, STEEL_ERROR_NOT_FOUND, "Resource could not be found.");
}

json_t *
verb_get_agent_token(VerbCall *call, GError **error)
{
    Db *db = call->conductor->services.db;
    g_autoptr(Node) node = db_record_find(db, &node_resource, "uuid", call->node_uuid, error);
    if (node == NULL || !may_be_looked_up(node, error))
        return NULL;
    /* If the boot script has the token, a client that asks for one is not the machine. */
    if (info_has(node, INFO_AGENT_SECRET_TOKEN) || boot_record_has_token(node))
        return json_pack("{s:n}", "agent_token");
    char token[SECRET_TEXT_SIZE];
    bool made = false;
    if (!db_node_agent_token_make(db, node->uuid, secret_text(token), &made, error))
        return NULL;
    return json_pack("{s:s?}", "agent_token", made ? token : NULL);
}

static bool
refuse_token(const Node *node, GError **error)
{
    return steel_fail(error, STEEL_ERROR_INVALID, "the agent token of node %s is missing or wrong",
                      node->uuid);
}

static bool
token_valid(const Node *node, const json_t *arguments, GError **error)
{
    const char *known = info_text(node, INFO_AGENT_SECRET_TOKEN);
    const char *given = json_string_member(arguments, "agent_token");
    if (secret_equal(known, given))
        return true;
    return refuse_token(node, error);
}

/* Stores a heartbeat without the lock, in one statement: the database merges the JSON. */
static bool
record(Db *db, const Node *node, const json_t *arguments, GError **error)
{
    char now[TIME_TEXT_SIZE];
    time_now_text(now);
    json_t *merge = json_pack("{s:s,s:I}", info_row(INFO_AGENT_LAST_HEARTBEAT)->key, now,
                              info_row(INFO_AGENT_HEARD)->key, (json_int_t)steady_now_ms());
    static const struct {
        const char *argument;
        InfoKey key;
    } kept[] = {
        {"callback_url",         INFO_AGENT_URL},
        {"agent_version",        INFO_AGENT_VERSION},
        {"agent_verify_ca",      INFO_AGENT_VERIFY_CA},
        {"agent_status",         INFO_AGENT_STATUS},
        {"agent_status_message", INFO_AGENT_STATUS_MESSAGE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        json_t *value = json_object_get(arguments, kept[i].argument);
        if (json_is_string(value))
            json_object_set(merge, info_row(kept[i].key)->key, value);
    }
    bool recorded = false;
    bool good = db_node_heartbeat(db, node, merge, &recorded, error);
    json_decref(merge);
    return good && (recorded || refuse_token(node, error)); /* the agent was removed meanwhile */
}

json_t *
verb_heartbeat(VerbCall *call, GError **error)
{
    Db *db = call->conductor->services.db;
    g_autoptr(Node) node = db_record_find(db, &node_resource, "uuid", call->node_uuid, error);
    if (node == NULL || !token_valid(node, call->arguments, error))
        return NULL;
    const char *known = info_text(node, INFO_AGENT_URL);
    const char *given = json_string_member(call->arguments, "callback_url");
    if (known != NULL && given != NULL && strcmp(known, given) != 0) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "the callback_url of node %s may not change while its agent runs", node->uuid);
        return NULL;
    }
    if (!record(db, node, call->arguments, error))
        return NULL;
    provision_heartbeat(call->conductor, node);
    return json_object();
}

/* ---- progress ---- */

/* Told to who listens, and to no log: it comes every few seconds. */
static void
publish_progress(const Conductor *conductor, const Node *node)
{
    Events *events = conductor->services.events;
    ProgressState state;
    if (!events_wanted(events) ||
        !progress_board_read(conductor->services.progress, node->uuid, &state))
        return;
    const char *operation = json_string_member(info_json(node, INFO_OPERATION), "name");
    json_t *payload = progress_state_json(&state);
    json_object_set_new(payload, "uuid", json_string(node->uuid));
    json_object_set_new(payload, "name",
                        node->name != NULL ? json_string(node->name) : json_null());
    json_object_set_new(payload, "operation",
                        operation != NULL ? json_string(operation) : json_null());
    events_publish(events, "baremetal.node.progress.update",
                   &(EventAbout){node->uuid, node->owner, node->lessee}, payload);
}

json_t *
verb_agent_progress(VerbCall *call, GError **error)
{
    ProgressBoard *board = call->conductor->services.progress;
    g_autoptr(Node) node = db_record_find(call->conductor->services.db, &node_resource, "uuid",
                                          call->node_uuid, error);
    if (node == NULL || !token_valid(node, call->arguments, error))
        return NULL;
    StepKind kind;
    int64_t bytes = 0, total = -1;
    json_integer_member(call->arguments, "bytes", &bytes);
    json_integer_member(call->arguments, "total", &total);
    /* What comes after the step has ended would be shown as the next one's. */
    if (board != NULL && info_true(node, INFO_STEP_SENT) &&
        step_kind_of_state(state_from_wire(node->provision_state), &kind) &&
        progress_board_note(board, node->uuid, json_string_member(call->arguments, "phase"), bytes,
                            total, time_monotonic_ms()))
        publish_progress(call->conductor, node);
    return json_object();
}

json_t *
verb_agent_log(VerbCall *call, GError **error)
{
    g_autofree char *text = NULL;
    int64_t offset = 0;
    json_integer_member(call->arguments, "offset", &offset);
    if (!agent_logs_read(call->task, &text, &offset, error))
        return NULL;
    return json_pack("{s:s, s:I}", "log", text, "offset", (json_int_t)offset);
}
