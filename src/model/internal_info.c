/* The keys of driver_internal_info; the contract is in internal_info.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/internal_info.h"

#include <string.h>

enum { SECRET = true, OPEN = false };

static const InfoRow rows[INFO_KEY_COUNT] = {
#define INFO(code, key, type, lifetime, secret, purpose)                                           \
    {key, INFO_TYPE_##type, LIFETIME_##lifetime, secret, purpose},
#include "model/internal_info.def"
#undef INFO
};

/* The lifetimes that end with a lifetime, itself included. */
static const unsigned ends[LIFETIME_COUNT] = {
    [LIFETIME_STEP] = 1u << LIFETIME_STEP,
    [LIFETIME_OPERATION] = 1u << LIFETIME_OPERATION | 1u << LIFETIME_STEP,
    [LIFETIME_AGENT] = 1u << LIFETIME_AGENT,
    [LIFETIME_INSTANCE] = 1u << LIFETIME_INSTANCE | 1u << LIFETIME_AGENT |
                          1u << LIFETIME_OPERATION | 1u << LIFETIME_STEP,
    [LIFETIME_NODE] = (1u << LIFETIME_COUNT) - 1,
};

static const char *const lifetime_names[LIFETIME_COUNT] = {"STEP", "OPERATION", "AGENT", "INSTANCE",
                                                           "NODE"};

const InfoRow *
info_row(InfoKey key)
{
    g_assert(key < INFO_KEY_COUNT);
    return &rows[key];
}

const char *
info_lifetime_name(InfoLifetime lifetime)
{
    return lifetime_names[lifetime];
}

bool
info_ends(InfoLifetime ended, InfoLifetime other)
{
    return ends[ended] & 1u << other;
}

/* A token on virtual media is that of the agent which the machine starts next. */
static bool
outlives(const json_t *info, InfoKey key, InfoLifetime ended)
{
    return ended == LIFETIME_AGENT && key == INFO_AGENT_SECRET_TOKEN &&
           json_is_true(json_object_get(info, rows[INFO_AGENT_TOKEN_PREGENERATED].key));
}

static void
forget(json_t *info, InfoLifetime lifetime)
{
    for (InfoKey key = 0; key < INFO_KEY_COUNT; key++)
        if (info_ends(lifetime, rows[key].lifetime) && !outlives(info, key, lifetime))
            json_object_del(info, rows[key].key);
}

void
info_forget(Node *node, InfoLifetime lifetime)
{
    forget(node->driver_internal_info, lifetime);
}

static json_t *
value_of(const Node *node, InfoKey key, InfoType type)
{
    g_assert(info_row(key)->type == type);
    return json_object_get(node->driver_internal_info, rows[key].key);
}

static void
set_value(Node *node, InfoKey key, InfoType type, json_t *value)
{
    g_assert(info_row(key)->type == type);
    json_object_set_new(node->driver_internal_info, rows[key].key, value);
}

bool
info_has(const Node *node, InfoKey key)
{
    return json_object_get(node->driver_internal_info, info_row(key)->key) != NULL;
}

const char *
info_text(const Node *node, InfoKey key)
{
    return json_string_value(value_of(node, key, INFO_TYPE_TEXT));
}

int64_t
info_integer(const Node *node, InfoKey key)
{
    return json_integer_value(value_of(node, key, INFO_TYPE_INTEGER));
}

bool
info_true(const Node *node, InfoKey key)
{
    return json_is_true(value_of(node, key, INFO_TYPE_BOOLEAN));
}

json_t *
info_json(const Node *node, InfoKey key)
{
    return value_of(node, key, INFO_TYPE_JSON);
}

void
info_set_text(Node *node, InfoKey key, const char *text)
{
    if (text == NULL) {
        info_remove(node, key);
        return;
    }
    g_autofree char *valid =
        g_utf8_make_valid(text, -1); /* a BMC may send any bytes, and JSON must be UTF-8 */
    set_value(node, key, INFO_TYPE_TEXT, json_string(valid));
}

void
info_set_integer(Node *node, InfoKey key, int64_t number)
{
    set_value(node, key, INFO_TYPE_INTEGER, json_integer(number));
}

void
info_set_boolean(Node *node, InfoKey key, bool truth)
{
    set_value(node, key, INFO_TYPE_BOOLEAN, json_boolean(truth));
}

void
info_set_json(Node *node, InfoKey key, json_t *value)
{
    set_value(node, key, INFO_TYPE_JSON, value);
}

bool
info_remove(Node *node, InfoKey key)
{
    return json_object_del(node->driver_internal_info, info_row(key)->key) == 0;
}

json_t *
info_take_json(Node *node, InfoKey key)
{
    json_t *value = json_incref(info_json(node, key));
    info_remove(node, key);
    return value;
}

bool
info_same(const Node *a, const Node *b)
{
    return json_equal(a->driver_internal_info, b->driver_internal_info);
}

/* Makes `info` equal to `wanted`. Equal values stay the same objects, since a caller may use
 * them. */
static void
become(json_t *info, json_t *wanted)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach(wanted, key, value)
    {
        if (!json_equal(value, json_object_get(info, key)))
            json_object_set(info, key, value);
    }
    json_object_foreach_safe(info, next, key, value)
    {
        if (json_object_get(wanted, key) == NULL)
            json_object_del(info, key);
    }
}

/* Another agent is to start. */
static bool
token_differs(const Node *before, const Node *node)
{
    const char *old = info_text(before, INFO_AGENT_SECRET_TOKEN),
               *new = info_text(node, INFO_AGENT_SECRET_TOKEN);
    return old != NULL && new != NULL &&strcmp(old, new) != 0;
}

json_t *
info_copy(const Node *node)
{
    return json_copy(node->driver_internal_info);
}

void
info_restore(Node *node, json_t *copy)
{
    become(node->driver_internal_info, copy);
}

void
info_merge(Node *node, const Node *before, json_t *now)
{
    json_t *ours = node->driver_internal_info;
    const char *key;
    json_t *value;
    if (token_differs(before, node))
        forget(now, LIFETIME_AGENT); /* what the agent before has reported meanwhile */
    json_object_foreach(ours, key, value)
    {
        if (!json_equal(value, json_object_get(before->driver_internal_info, key)))
            json_object_set(now, key, value);
    }
    json_object_foreach(before->driver_internal_info, key, value)
    {
        if (json_object_get(ours, key) == NULL)
            json_object_del(now, key);
    }
    if (info_has(before, INFO_AGENT_SECRET_TOKEN) && !info_has(node, INFO_AGENT_SECRET_TOKEN))
        forget(now, LIFETIME_AGENT); /* also what the agent has reported meanwhile */
    become(ours, now);
}
