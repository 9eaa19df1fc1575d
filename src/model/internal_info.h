/* What the program remembers of a node in driver_internal_info. Every key is a row of
 * internal_info.def with a type and a lifetime. No other file reads or writes that object, so that
 * every key is removed in time.
 *
 * One thread at a time uses a record. The functions read or change the record only; they save
 * nothing. Reading a key as another type than its row's is a bug and ends the program. A stored
 * value of another type counts as absent.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/resources.h"

/* How long a key lives. info_forget(node, lifetime) is called where the lifetime ends:
 *
 *   STEP       the step under way; ends when the next one begins
 *   OPERATION  the work of one verb (a deploy, a clean, a power change); ends when the node enters
 *              a stable or a failed state
 *   AGENT      one run of an agent on the machine; ends when the machine is switched off or
 *              rebooted
 *   INSTANCE   what the node is deployed with; ends with an undeploy
 *   NODE       as long as the node
 *
 * Some end together: an operation ends its step; an instance ends its agent and the operation that
 * removes it. The end of an agent ends nothing else, since a step may reboot the machine and
 * continue. */
typedef enum InfoLifetime {
    LIFETIME_STEP,
    LIFETIME_OPERATION,
    LIFETIME_AGENT,
    LIFETIME_INSTANCE,
    LIFETIME_NODE,
    LIFETIME_COUNT
} InfoLifetime;

typedef enum InfoType {
    INFO_TYPE_TEXT,
    INFO_TYPE_INTEGER,
    INFO_TYPE_BOOLEAN,
    INFO_TYPE_JSON
} InfoType;

typedef enum InfoKey {
#define INFO(code, key, type, lifetime, secret, purpose) INFO_##code,
#include "model/internal_info.def"
#undef INFO
    INFO_KEY_COUNT
} InfoKey;

typedef struct InfoRow {
    const char *key; /* in the object */
    InfoType type;
    InfoLifetime lifetime;
    bool secret; /* masked in every answer, event and log */
    const char *purpose;
} InfoRow;

const InfoRow *info_row(InfoKey key);

/* "STEP", ... as in the table. */
const char *info_lifetime_name(InfoLifetime lifetime);

/* True when the end of the first lifetime is also the end of the second; every lifetime ends
 * itself. */
bool info_ends(InfoLifetime ended, InfoLifetime other);

/* Removes every key of this lifetime and of those that end with it. */
void info_forget(Node *node, InfoLifetime lifetime);

/* True when the key has a value, whatever it is. */
bool info_has(const Node *node, InfoKey key);

/* Values; what is returned is borrowed from the node until the key changes. Absent: NULL, 0, false,
 * NULL. */
const char *info_text(const Node *node, InfoKey key);
int64_t info_integer(const Node *node, InfoKey key);
bool info_true(const Node *node, InfoKey key);
json_t *info_json(const Node *node, InfoKey key);

/* Sets a value. Text is copied, NULL removes the key; a JSON value is taken. */
void info_set_text(Node *node, InfoKey key, const char *text);
void info_set_integer(Node *node, InfoKey key, int64_t number);
void info_set_boolean(Node *node, InfoKey key, bool truth);
void info_set_json(Node *node, InfoKey key, json_t *value);

/* Removes one key before its lifetime ends. True when it was there. */
bool info_remove(Node *node, InfoKey key);

/* Removes a JSON value and gives it to the caller; NULL when absent. */
json_t *info_take_json(Node *node, InfoKey key);

/* True if both nodes have the same keys and values. */
bool info_same(const Node *a, const Node *b);

/* A copy of all keys, and the node with those keys again. The caller of the first frees. */
json_t *info_copy(const Node *node);
void info_restore(Node *node, json_t *copy);

/* Merges the changes made to `node` since `before` into `now`, which another thread has saved
 * meanwhile. The result is in `node`; `now` is changed too. Keys are merged one by one, each value
 * as a whole; the changes of `node` win. If `node` has forgotten its agent, all keys of the agent
 * go, also those saved meanwhile. */
void info_merge(Node *node, const Node *before, json_t *now);
