/* Secrets in JSON text; the contract is in secret_text.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/secret_text.h"

#include "common/json_text.h"
#include "model/secrets.h"

#include <string.h>

/* The end of a string literal, after its closing quote. `p` is at the opening one. */
static const char *
string_end(const char *p, const char *end)
{
    for (p++; p < end; p++) {
        if (*p == '\\')
            p++;
        else if (*p == '"')
            return p + 1;
    }
    return end;
}

/* The end of a value: a literal, a number, a string, or a whole object or array. */
static const char *
value_end(const char *p, const char *end)
{
    int depth = 0;
    while (p < end) {
        if (*p == '"') {
            p = string_end(p, end);
        } else if (*p == '{' || *p == '[') {
            depth++;
            p++;
        } else if (*p == '}' || *p == ']') {
            if (depth == 0)
                return p;
            depth--;
            p++;
        } else if (*p == ',' && depth == 0) {
            return p;
        } else {
            p++;
            continue;
        }
        if (depth == 0)
            return p;
    }
    return end;
}

static const char *
skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

/* True for values without a secret: null, false, "". */
static bool
is_void(const char *value, size_t size)
{
    return (size >= 4 && memcmp(value, "null", 4) == 0) ||
           (size >= 5 && memcmp(value, "false", 5) == 0) ||
           (size >= 2 && value[0] == '"' && value[1] == '"');
}

/* The same keys come with every node, so each thread keeps the verdicts, one key a slot. */
enum { VERDICTS = 256, VERDICT_KEY_SIZE = 31 };

typedef struct Verdict {
    char key[VERDICT_KEY_SIZE]; /* empty: the slot is free */
    bool secret;
} Verdict;

/* Judges a key with escapes ("\token" is a tab and four letters), quotes included. */
static bool
is_secret_escaped(const char *key, size_t size)
{
    json_t *text = json_text_parse(key - 1, size + 2, 0, NULL);
    bool secret = !json_is_string(text) || secret_key(json_string_value(text));
    json_decref(text);
    return secret;
}

static bool
is_secret(const char *key, size_t size)
{
    static _Thread_local Verdict verdicts[VERDICTS];
    if (size == 0)
        return false;
    if (memchr(key, '\\', size) != NULL)
        return is_secret_escaped(key, size);
    if (size >= VERDICT_KEY_SIZE) {
        g_autofree char *copy = g_strndup(key, size);
        return secret_key(copy);
    }
    unsigned hash = 5381;
    for (size_t i = 0; i < size; i++)
        hash = hash * 33 + (unsigned char)key[i];
    Verdict *verdict = &verdicts[hash % VERDICTS];
    if (memcmp(verdict->key, key, size) != 0 || verdict->key[size] != '\0') {
        memcpy(verdict->key, key, size);
        verdict->key[size] = '\0';
        verdict->secret = secret_key(verdict->key);
    }
    return verdict->secret;
}

bool
secret_text_replace(GString *out, const char *text, size_t size, SecretReplace replace,
                    void *user_data)
{
    const char *p = text, *end = text + size, *copied = text;
    while (p < end) {
        if (*p != '"') {
            p++;
            continue;
        }
        const char *key = p + 1;
        p = string_end(p, end);
        if (p <= key)
            break;
        size_t key_size = (size_t)(p - key) - 1;
        const char *colon = skip_space(p, end);
        if (colon == end || *colon != ':') /* a value, since no colon follows */
            continue;
        const char *value = skip_space(colon + 1, end);
        p = value;
        if (!is_secret(key, key_size))
            continue;
        p = value_end(value, end);
        if (is_void(value, (size_t)(end - value)))
            continue;
        g_string_append_len(out, copied, value - copied);
        copied = p;
        const SecretPlace place = {key, key_size, value, (size_t)(p - value)};
        if (!replace(out, &place, user_data))
            return false;
    }
    g_string_append_len(out, copied, end - copied);
    return true;
}
