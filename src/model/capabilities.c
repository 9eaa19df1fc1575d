/* Capabilities; the contract is in capabilities.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/capabilities.h"

#include <string.h>

/* "k:v,k:v" with optional blanks. */
static char *
find_in_text(const char *text, const char *name)
{
    g_auto(GStrv) pairs = g_strsplit(text, ",", 256);
    for (char **pair = pairs; *pair != NULL; pair++) {
        char *colon = strchr(*pair, ':');
        if (colon == NULL)
            continue;
        *colon = '\0';
        if (strcmp(g_strstrip(*pair), name) == 0)
            return g_strdup(g_strstrip(colon + 1));
    }
    return NULL;
}

static char *
find_in_object(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    if (json_is_boolean(value))
        return g_strdup(json_is_true(value) ? "true" : "false");
    return value != NULL && !json_is_null(value) ? json_text_dump(value) : NULL;
}

/* Nova sends instance_info.capabilities as JSON text inside a string. */
static char *
find_in(const json_t *capabilities, const char *name)
{
    if (json_is_object(capabilities))
        return find_in_object(capabilities, name);
    const char *text = json_string_value(capabilities);
    if (text == NULL)
        return NULL;
    if (*text != '{')
        return find_in_text(text, name);
    json_t *object = json_text_parse(text, strlen(text), 8, NULL);
    char *found = find_in_object(object, name);
    json_decref(object);
    return found;
}

char *
capability_get(const Node *node, const char *name)
{
    char *value = find_in(json_object_get(node->instance_info, "capabilities"), name);
    return value != NULL ? value : find_in(json_object_get(node->properties, "capabilities"), name);
}

bool
capability_is_true(const Node *node, const char *name)
{
    g_autofree char *value = capability_get(node, name);
    if (value == NULL && strcmp(name, "fibre_channel_boot") == 0)
        value = capability_get(node, "fiberchannel_boot");
    if (value == NULL)
        return false;
    json_t *text = json_string(value);
    bool truth = json_is_truthy(text);
    json_decref(text);
    return truth;
}

bool
capability_wants_secure_boot(const Node *node)
{
    Node instance = {.instance_info = node->instance_info};
    return capability_is_true(&instance, "secure_boot");
}

/* "k:v,k:v" with the pair at its old place, or at the end. */
static char *
set_in_text(const char *text, const char *name, const char *value)
{
    g_auto(GStrv) pairs = g_strsplit(text, ",", 256);
    GString *out = g_string_new(NULL);
    bool found = false;
    for (char **pair = pairs; *pair != NULL; pair++) {
        g_autofree char *key = g_strndup(*pair, strcspn(*pair, ":"));
        bool same = strcmp(g_strstrip(key), name) == 0;
        if (*g_strstrip(*pair) == '\0' || (same && found))
            continue;
        g_string_append_printf(out, "%s%s", out->len > 0 ? "," : "", same ? name : *pair);
        if (same)
            g_string_append_printf(out, ":%s", value);
        found = found || same;
    }
    if (!found)
        g_string_append_printf(out, "%s%s:%s", out->len > 0 ? "," : "", name, value);
    return g_string_free(out, FALSE);
}

/* What is no object is replaced. */
static char *
set_in_object_text(const char *text, const char *name, const char *value)
{
    json_auto_t *object = json_text_parse(text, strlen(text), 8, NULL);
    if (!json_is_object(object))
        return g_strdup_printf("%s:%s", name, value);
    json_object_set_new(object, name, json_string(value));
    return json_text_dump(object);
}

void
capability_set(json_t *properties, const char *name, const char *value)
{
    json_t *capabilities = json_object_get(properties, "capabilities");
    const char *text = json_string_value(capabilities);
    if (json_is_object(capabilities)) {
        json_object_set_new(capabilities, name, json_string(value));
        return;
    }
    g_autofree char *changed = text != NULL && *text == '{'
                                   ? set_in_object_text(text, name, value)
                                   : set_in_text(text != NULL ? text : "", name, value);
    json_object_set_new(properties, "capabilities", json_string(changed));
}

static char *
unset_in_text(const char *text, const char *name)
{
    g_auto(GStrv) pairs = g_strsplit(text, ",", 256);
    GString *out = g_string_new(NULL);
    for (char **pair = pairs; *pair != NULL; pair++) {
        g_autofree char *key = g_strndup(*pair, strcspn(*pair, ":"));
        if (*g_strstrip(*pair) != '\0' && strcmp(g_strstrip(key), name) != 0)
            g_string_append_printf(out, "%s%s", out->len > 0 ? "," : "", *pair);
    }
    return g_string_free(out, FALSE);
}

void
capability_unset(json_t *properties, const char *name)
{
    json_t *capabilities = json_object_get(properties, "capabilities");
    const char *text = json_string_value(capabilities);
    if (json_is_object(capabilities)) {
        json_object_del(capabilities, name);
    } else if (text != NULL && *text != '{') {
        g_autofree char *changed = unset_in_text(text, name);
        json_object_set_new(properties, "capabilities", json_string(changed));
    }
}

const char *
capability_boot_mode(const Node *node, const char *standard)
{
    g_autofree char *mode = capability_get(node, "boot_mode");
    if (mode == NULL)
        return node->boot_mode != NULL ? node->boot_mode : standard;
    return g_ascii_strcasecmp(mode, "uefi") == 0 ? "uefi" : "bios";
}

static bool
one_of(const Node *node, const char *name, const char *first, const char *second, GError **error)
{
    g_autofree char *value = capability_get(node, name);
    if (value == NULL || g_ascii_strcasecmp(value, first) == 0 ||
        g_ascii_strcasecmp(value, second) == 0)
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID, "capability %s must be %s or %s, not '%.40s'",
                      name, first, second, value);
}

bool
capabilities_validate(const Node *node, GError **error)
{
    return one_of(node, "boot_mode", "bios", "uefi", error) &&
           one_of(node, "secure_boot", "true", "false", error) &&
           one_of(node, "disk_label", "msdos", "gpt", error);
}
