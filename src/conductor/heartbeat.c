/* Agents: the token of a boot, and heartbeats. Both are written without the node lock: whoever asks without a login must not
 * lock out those who have one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/secret.h"
#include "common/time_text.h"
#include "conductor/node_verbs.h"
#include "db/nodes.h"
#include "db/records.h"

#include <string.h>

json_t *
verb_get_agent_token(VerbCall *call, GError **error)
{
    Db *db = call->conductor->services.db;
    g_autoptr(Node) node = db_record_find(db, &node_resource, "uuid", call->node_uuid, error);
    if (node == NULL)
        return NULL;
    if (json_object_get(node->driver_internal_info, "agent_secret_token") != NULL)
        return json_pack("{s:n}", "agent_token");
    char token[SECRET_TEXT_SIZE];
    bool made = false;
    if (!db_node_agent_token_make(db, node->uuid, secret_text(token), &made, error))
        return NULL;
    return json_pack("{s:s?}", "agent_token", made ? token : NULL);
}

static bool
token_valid(const Node *node, const json_t *arguments, GError **error)
{
    const char *known = json_string_member(node->driver_internal_info, "agent_secret_token");
    const char *given = json_string_member(arguments, "agent_token");
    if (secret_equal(known, given))
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID, "the agent token of node %s is missing or wrong",
                      node->uuid);
}

/* What the heartbeat says, written without the lock: one statement, JSON merged by the database. */
static bool
record(Db *db, const Node *node, const json_t *arguments, GError **error)
{
    char now[TIME_TEXT_SIZE];
    time_now_text(now);
    json_t *merge = json_pack("{s:s}", "agent_last_heartbeat", now);
    static const struct {
        const char *argument, *key;
    } kept[] = {
        {"callback_url",         "agent_url"           },
        {"agent_version",        "agent_version"       },
        {"agent_verify_ca",      "agent_verify_ca"     },
        {"agent_status",         "agent_status"        },
        {"agent_status_message", "agent_status_message"}
    };
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        json_t *value = json_object_get(arguments, kept[i].argument);
        if (json_is_string(value))
            json_object_set(merge, kept[i].key, value);
    }
    g_autofree char *text = json_text_dump(merge);
    json_decref(merge);
    const DbValue values[] = {db_text(text), db_integer(time_now_ms()), db_text(node->uuid)};
    return db_execute(db,
                      "UPDATE nodes SET driver_internal_info = "
                      "json_patch(COALESCE(driver_internal_info, '{}'), ?1), "
                      "heartbeat_at_ms = ?2 WHERE uuid = ?3",
                      values, G_N_ELEMENTS(values), NULL, error);
}

json_t *
verb_heartbeat(VerbCall *call, GError **error)
{
    Db *db = call->conductor->services.db;
    g_autoptr(Node) node = db_record_find(db, &node_resource, "uuid", call->node_uuid, error);
    if (node == NULL || !token_valid(node, call->arguments, error))
        return NULL;
    const char *known = json_string_member(node->driver_internal_info, "agent_url");
    const char *given = json_string_member(call->arguments, "callback_url");
    if (known != NULL && given != NULL && strcmp(known, given) != 0) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "the callback_url of node %s may not change while its agent runs", node->uuid);
        return NULL;
    }
    return record(db, node, call->arguments, error) ? json_object() : NULL;
}
