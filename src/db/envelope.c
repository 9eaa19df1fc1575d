/* Envelopes; the contract is in envelope.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/envelope.h"

#include "common/secret.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#define MARK "$sealed$1$"
#define MARK_SIZE (sizeof MARK - 1)
#define ID_LENGTH (SEAL_ID_SIZE - 1)
#define HEAD_SIZE (MARK_SIZE + ID_LENGTH + 1)

enum { NONCE_SIZE = 12, TAG_SIZE = 16, DIGEST_SIZE = 32 };

struct SealKey {
    char id[SEAL_ID_SIZE];
    unsigned char cipher_key[SEAL_KEY_SIZE];
    EVP_CIPHER *cipher;
    EVP_MAC_CTX *nonces; /* HMAC with the key for nonces, before the first byte */
};

static EVP_MAC_CTX *
hmac_new(const unsigned char key[SEAL_KEY_SIZE])
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    if (context == NULL || EVP_MAC_init(context, key, SEAL_KEY_SIZE, params) != 1)
        g_error("OpenSSL has no HMAC-SHA-256");
    return context;
}

static void
hmac_end(EVP_MAC_CTX *context, unsigned char digest[DIGEST_SIZE])
{
    size_t size = 0;
    if (EVP_MAC_final(context, digest, &size, DIGEST_SIZE) != 1 || size != DIGEST_SIZE)
        g_error("OpenSSL has no HMAC-SHA-256");
}

/* A key for one use. */
static void
derive(const unsigned char bytes[SEAL_KEY_SIZE], const char *use, unsigned char out[DIGEST_SIZE])
{
    EVP_MAC_CTX *context = hmac_new(bytes);
    EVP_MAC_update(context, (const unsigned char *)use, strlen(use));
    hmac_end(context, out);
    EVP_MAC_CTX_free(context);
}

SealKey *
seal_key_new(const unsigned char bytes[SEAL_KEY_SIZE])
{
    unsigned char derived[DIGEST_SIZE];
    SealKey *key = g_new0(SealKey, 1);
    derive(bytes, "steel seal 1 cipher", key->cipher_key);
    derive(bytes, "steel seal 1 nonce", derived);
    key->nonces = hmac_new(derived);
    derive(bytes, "steel seal 1 id", derived);
    for (size_t i = 0; i < ID_LENGTH / 2; i++)
        g_snprintf(key->id + 2 * i, 3, "%02x", derived[i]);
    secret_wipe(derived, sizeof derived);
    key->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (key->cipher == NULL)
        g_error("OpenSSL has no AES-256-GCM");
    return key;
}

void
seal_key_free(SealKey *key)
{
    if (key == NULL)
        return;
    EVP_MAC_CTX_free(key->nonces);
    EVP_CIPHER_free(key->cipher);
    secret_wipe(key->cipher_key, sizeof key->cipher_key);
    g_free(key);
}

const char *
seal_key_id(const SealKey *key)
{
    return key->id;
}

bool
envelope_is(const char *text, size_t size)
{
    return size > MARK_SIZE && memcmp(text, MARK, MARK_SIZE) == 0;
}

bool
envelope_key_id(const char *text, size_t size, char id[SEAL_ID_SIZE])
{
    if (!envelope_is(text, size) || size <= HEAD_SIZE || text[HEAD_SIZE - 1] != '$')
        return false;
    memcpy(id, text + MARK_SIZE, ID_LENGTH);
    id[ID_LENGTH] = '\0';
    for (size_t i = 0; i < ID_LENGTH; i++)
        if (!g_ascii_isxdigit(id[i]))
            return false;
    return true;
}

/* The place as bytes: its words, each with the NUL that ends it. */
static GString *
place_bytes(const SealPlace *place)
{
    GString *bytes = g_string_sized_new(128);
    const char *const words[] = {place->table, place->row, place->column, place->key};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        g_string_append_len(bytes, words[i], (gssize)strlen(words[i]) + 1);
    return bytes;
}

static void
make_nonce(const SealKey *key, const GString *place, const char *text, size_t size,
           unsigned char nonce[NONCE_SIZE])
{
    unsigned char digest[DIGEST_SIZE];
    EVP_MAC_CTX *context = EVP_MAC_CTX_dup(key->nonces);
    EVP_MAC_update(context, (const unsigned char *)place->str, place->len);
    EVP_MAC_update(context, (const unsigned char *)text, size);
    hmac_end(context, digest);
    EVP_MAC_CTX_free(context);
    memcpy(nonce, digest, NONCE_SIZE);
}

/* Encrypts: out has room for nonce, text and tag. */
static bool
encrypt(const SealKey *key, const GString *place, const char *text, size_t size, unsigned char *out)
{
    int done = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    make_nonce(key, place, text, size, out);
    bool good =
        EVP_EncryptInit_ex2(context, key->cipher, key->cipher_key, out, NULL) == 1 &&
        EVP_EncryptUpdate(context, NULL, &done, (const unsigned char *)place->str,
                          (int)place->len) == 1 &&
        EVP_EncryptUpdate(context, out + NONCE_SIZE, &done, (const unsigned char *)text,
                          (int)size) == 1 &&
        EVP_EncryptFinal_ex(context, out + NONCE_SIZE + size, &done) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, out + NONCE_SIZE + size) == 1;
    EVP_CIPHER_CTX_free(context);
    return good;
}

void
envelope_append(GString *out, const SealKey *key, const SealPlace *place, const char *text,
                size_t size)
{
    size_t sealed_size = NONCE_SIZE + size + TAG_SIZE;
    g_autofree unsigned char *sealed = g_malloc(sealed_size);
    GString *bytes = place_bytes(place);
    if (!encrypt(key, bytes, text, size, sealed))
        g_error("AES-256-GCM of OpenSSL fails");
    g_string_free(bytes, TRUE);
    g_autofree char *base64 = g_base64_encode(sealed, sealed_size);
    g_string_append(out, MARK);
    g_string_append(out, key->id);
    g_string_append_c(out, '$');
    g_string_append(out, base64);
}

/* Decrypts in place; false if anything is not as it was sealed. */
static bool
decrypt(const SealKey *key, const GString *place, unsigned char *sealed, size_t size)
{
    int done = 0;
    unsigned char *text = sealed + NONCE_SIZE;
    size_t text_size = size - NONCE_SIZE - TAG_SIZE;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool good =
        EVP_DecryptInit_ex2(context, key->cipher, key->cipher_key, sealed, NULL) == 1 &&
        EVP_DecryptUpdate(context, NULL, &done, (const unsigned char *)place->str,
                          (int)place->len) == 1 &&
        EVP_DecryptUpdate(context, text, &done, text, (int)text_size) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, text + text_size) == 1 &&
        EVP_DecryptFinal_ex(context, text + text_size, &done) == 1;
    EVP_CIPHER_CTX_free(context);
    return good;
}

bool
envelope_open(GString *out, const SealKey *key, const SealPlace *place, const char *text,
              size_t size, GError **error)
{
    char id[SEAL_ID_SIZE];
    if (!envelope_key_id(text, size, id))
        return steel_fail(error, STEEL_ERROR_DATABASE, "it is no sealed value");
    gsize sealed_size = 0;
    g_autofree char *base64 = g_strndup(text + HEAD_SIZE, size - HEAD_SIZE);
    g_autofree unsigned char *sealed = g_base64_decode(base64, &sealed_size);
    if (sealed_size < NONCE_SIZE + TAG_SIZE || sealed_size > G_MAXINT)
        return steel_fail(error, STEEL_ERROR_DATABASE, "the sealed value is cut off");
    GString *bytes = place_bytes(place);
    bool good = decrypt(key, bytes, sealed, sealed_size);
    g_string_free(bytes, TRUE);
    if (good)
        g_string_append_len(out, (char *)sealed + NONCE_SIZE,
                            (gssize)(sealed_size - NONCE_SIZE - TAG_SIZE));
    secret_wipe(sealed, sealed_size);
    return good || steel_fail(error, STEEL_ERROR_DATABASE,
                              "the sealed value was changed, or belongs to another row or field");
}
