/* Secrets on their way in and out; the contract is in seal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/seal.h"

#include "common/json_text.h"
#include "common/secret.h"
#include "db/internal.h"
#include "db/secrets.h"
#include "model/secret_text.h"

#include <string.h>

typedef struct Sealing {
    SealKeys *keys;
    const SealKey *first; /* the key that seals */
    SealPlace place;      /* of the column */
    SealCounts *counts;   /* for `reseal` */
    GError *failure;
} Sealing;

static Sealing
sealing_of(Db *db, const SealPlace *place)
{
    SealKeys *keys = db_keys(db);
    return (Sealing){
        .keys = keys, .first = keys != NULL ? seal_keys_first(keys) : NULL, .place = *place};
}

/* ---- one value ---- */

static bool
fail_at(const SealPlace *place, GError **error)
{
    g_prefix_error(error,
                   "the secret %s%s%s of row %s in table %s cannot be opened: ", place->column,
                   *place->key != '\0' ? " " : "", place->key, place->row, place->table);
    return false;
}

static bool
no_key(const SealKeys *keys, const char *id, GError **error)
{
    if (keys == NULL)
        return steel_fail(error, STEEL_ERROR_DATABASE, "no file of keys is in use");
    return steel_fail(error, STEEL_ERROR_DATABASE,
                      "it is sealed with key %s, which %s does not have: add that key from where "
                      "the database comes from",
                      id, seal_keys_path(keys));
}

static bool
open_envelope(GString *out, SealKeys *keys, const SealPlace *place, const char *text, size_t size,
              GError **error)
{
    char id[SEAL_ID_SIZE] = "unknown";
    bool named = envelope_key_id(text, size, id);
    const SealKey *key = named && keys != NULL ? seal_keys_find(keys, id) : NULL;
    bool good = named && key == NULL ? no_key(keys, id, error)
                : !named ? steel_fail(error, STEEL_ERROR_DATABASE, "the sealed value is cut off")
                         : envelope_open(out, key, place, text, size, error);
    return good || fail_at(place, error);
}

static bool
is_of_key(const char *text, size_t size, const SealKey *key)
{
    char id[SEAL_ID_SIZE];
    return envelope_key_id(text, size, id) && strcmp(id, seal_key_id(key)) == 0;
}

/* ---- a secret within JSON ---- */

/* Without quotes and escapes, as it was however it is written. */
static char *
key_of(const SecretPlace *place)
{
    if (memchr(place->key, '\\', place->key_size) != NULL) {
        json_t *text = json_text_parse(place->key - 1, place->key_size + 2, 0, NULL);
        char *key = json_is_string(text) ? g_strdup(json_string_value(text)) : NULL;
        json_decref(text);
        if (key != NULL)
            return key;
    }
    return g_strndup(place->key, place->key_size);
}

/* An envelope in JSON is a string, and needs no escapes. */
static bool
is_sealed(const SecretPlace *place)
{
    return place->value_size > 2 && place->value[0] == '"' &&
           envelope_is(place->value + 1, place->value_size - 2);
}

static void
append_sealed(GString *out, const Sealing *sealing, const SealPlace *place, const char *text,
              size_t size)
{
    g_string_append_c(out, '"');
    envelope_append(out, sealing->first, place, text, size);
    g_string_append_c(out, '"');
}

static bool
seal(GString *out, const SecretPlace *secret, void *user_data)
{
    const Sealing *sealing = user_data;
    g_autofree char *key = key_of(secret);
    SealPlace place = sealing->place;
    place.key = key;
    append_sealed(out, sealing, &place, secret->value, secret->value_size);
    return true;
}

static bool
open_one(GString *out, const SecretPlace *secret, void *user_data)
{
    Sealing *sealing = user_data;
    if (!is_sealed(secret)) {
        g_string_append_len(out, secret->value, (gssize)secret->value_size);
        return true;
    }
    g_autofree char *key = key_of(secret);
    SealPlace place = sealing->place;
    place.key = key;
    return open_envelope(out, sealing->keys, &place, secret->value + 1, secret->value_size - 2,
                         &sealing->failure);
}

static bool
reseal_one(GString *out, const SecretPlace *secret, void *user_data)
{
    Sealing *sealing = user_data;
    if (!is_sealed(secret)) {
        sealing->counts->plain++;
        return seal(out, secret, user_data);
    }
    if (is_of_key(secret->value + 1, secret->value_size - 2, sealing->first)) {
        g_string_append_len(out, secret->value, (gssize)secret->value_size);
        return true;
    }
    sealing->counts->former++;
    g_autofree char *key = key_of(secret);
    SealPlace place = sealing->place;
    place.key = key;
    GString *text = g_string_new(NULL);
    bool good = open_envelope(text, sealing->keys, &place, secret->value + 1,
                              secret->value_size - 2, &sealing->failure);
    if (good)
        append_sealed(out, sealing, &place, text->str, text->len);
    secret_free(g_string_free(text, FALSE));
    return good;
}

/* ---- JSON of a column ---- */

char *
db_seal_text(Db *db, const SealPlace *place, const char *text)
{
    Sealing sealing = sealing_of(db, place);
    size_t size = text != NULL ? strlen(text) : 0;
    if (sealing.first == NULL || size <= 2)
        return g_strdup(text);
    GString *out = g_string_sized_new(size + size / 2);
    (void)secret_text_replace(out, text, size, seal, &sealing); /* sealing never fails */
    return g_string_free(out, FALSE);
}

bool
db_text_is_sealed(const char *text, size_t size)
{
    return memmem(text, size, "\"$sealed$", 9) != NULL;
}

char *
db_open_text(Db *db, const SealPlace *place, const char *text, size_t size, GError **error)
{
    Sealing sealing = sealing_of(db, place);
    GString *out = g_string_sized_new(size);
    if (secret_text_replace(out, text, size, open_one, &sealing))
        return g_string_free(out, FALSE);
    g_propagate_error(error, sealing.failure);
    secret_free(g_string_free(out, FALSE));
    return NULL;
}

char *
db_reseal_text(Db *db, const SealPlace *place, const char *text, size_t size, SealCounts *counts,
               GError **error)
{
    Sealing sealing = sealing_of(db, place);
    if (sealing.first == NULL)
        return g_strndup(text, size);
    sealing.counts = counts;
    GString *out = g_string_sized_new(size);
    if (secret_text_replace(out, text, size, reseal_one, &sealing))
        return g_string_free(out, FALSE);
    g_propagate_error(error, sealing.failure);
    g_string_free(out, TRUE);
    return NULL;
}

/* ---- a column that is one secret ---- */

char *
db_seal_value(Db *db, const SealPlace *place, const char *text)
{
    Sealing sealing = sealing_of(db, place);
    if (sealing.first == NULL || text == NULL || *text == '\0')
        return g_strdup(text);
    GString *out = g_string_new(NULL);
    envelope_append(out, sealing.first, place, text, strlen(text));
    return g_string_free(out, FALSE);
}

char *
db_open_value(Db *db, const SealPlace *place, const char *text, GError **error)
{
    if (!envelope_is(text, strlen(text)))
        return g_strdup(text);
    GString *out = g_string_new(NULL);
    if (open_envelope(out, db_keys(db), place, text, strlen(text), error))
        return g_string_free(out, FALSE);
    g_string_free(out, TRUE);
    return NULL;
}

char *
db_reseal_value(Db *db, const SealPlace *place, const char *text, SealCounts *counts,
                GError **error)
{
    const Sealing sealing = sealing_of(db, place);
    bool sealed = envelope_is(text, strlen(text));
    if (sealing.first == NULL || (sealed && is_of_key(text, strlen(text), sealing.first)))
        return g_strdup(text);
    char *plain = db_open_value(db, place, text, error);
    char *out = plain != NULL ? db_seal_value(db, place, plain) : NULL;
    secret_free(plain);
    if (out != NULL)
        *(sealed ? &counts->former : &counts->plain) += 1;
    return out;
}

char *
db_sealed_with(Db *db, size_t index, const SealPlace *place, const char *json_text)
{
    SealKeys *keys = db_keys(db);
    const SealKey *key = keys != NULL ? seal_keys_nth(keys, index) : NULL;
    if (key == NULL)
        return NULL;
    GString *out = g_string_new("\"");
    envelope_append(out, key, place, json_text, strlen(json_text));
    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

/* ---- for answers that show secrets ---- */

bool
db_secrets_show(Db *db, const Resource *resource, const char *row, const Field *field,
                const char *text, size_t size, GString *out, GError **error)
{
    const SealPlace place = {resource->table, row, field_column(field), ""};
    if (!db_text_is_sealed(text, size)) {
        g_string_append_len(out, text, (gssize)size);
        return true;
    }
    char *opened = db_open_text(db, &place, text, size, error);
    if (opened != NULL)
        g_string_append(out, opened);
    secret_free(opened);
    return opened != NULL;
}
