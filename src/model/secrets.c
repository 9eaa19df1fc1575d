/* Masking of secrets; the contract is in secrets.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/secrets.h"

#include <glib.h>
#include <string.h>

/* In lower case. A longer key that contains a word is secret too. "configdrive" and "image_url"
 * hold user data and signed addresses. */
static const char *const words[] = {
    "password",      "secret",    "token",           "admin_pass",        "adminpass",
    "new_pass",      "sys_pswd",  "passphrase",      "encrypted_key",     "private_key",
    "fernetkey",     "sslkey",    "configdrive",     "encryption_key_id", "snmp_auth_key",
    "snmp_priv_key", "image_url", "ipmi_hex_kg_key",

/* Keys of the program itself that must not be shown. */
#define SECRET(key) key,
#define OPEN(key)
#define INFO(code, key, type, lifetime, secret, purpose) secret(key)
#include "model/internal_info.def"
#undef INFO
#undef SECRET
#undef OPEN
};

bool
secret_key(const char *key)
{
    g_autofree char *lower = g_ascii_strdown(key, -1);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strstr(lower, words[i]) != NULL)
            return true;
    return false;
}

bool
secret_text_suspicious(const char *text, size_t size)
{
    if (size <= 2) /* {} or [] */
        return false;
    g_autofree char *lower = g_ascii_strdown(text, (gssize)size);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strstr(lower, words[i]) != NULL)
            return true;
    return false;
}

static bool
worth_masking(const json_t *value)
{
    return !json_is_null(value) && !json_is_false(value) &&
           !(json_is_string(value) && json_string_length(value) == 0);
}

void
secret_mask(json_t *value)
{
    if (json_is_array(value)) {
        size_t index;
        json_t *item;
        json_array_foreach(value, index, item) secret_mask(item);
        return;
    }
    if (!json_is_object(value))
        return;
    const char *key;
    json_t *member;
    void *next;
    json_object_foreach_safe(value, next, key, member)
    {
        if (!secret_key(key))
            secret_mask(member);
        else if (worth_masking(member))
            json_object_set_new(value, key, json_string(SECRET_MASK));
    }
}
