/* Certificates for the listener; the contract is in tls.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

/* Certificates of a chain. */
#define CHAIN_LIMIT 16

/* A chain and its key; immutable. */
typedef struct Credentials {
    gnutls_pcert_st chain[CHAIN_LIMIT];
    unsigned chain_length;
    gnutls_privkey_t key;
    unsigned char digest[32]; /* of the content of both files */
} Credentials;

struct HttpTls {
    char *certificate_file, *key_file; /* owned */
    /* All certificates since the start: a handshake may still use an older one. They change a few
     * times a year, and an equal one is not stored twice. */
    GPtrArray *all;
};

static Credentials *current; /* atomic; owned by the listener's HttpTls */

static void
credentials_free(Credentials *credentials)
{
    for (unsigned i = 0; i < credentials->chain_length; i++)
        gnutls_pcert_deinit(&credentials->chain[i]);
    if (credentials->key != NULL)
        gnutls_privkey_deinit(credentials->key);
    g_free(credentials);
}

/* Key and certificate must belong together: both know the public key. */
static int
check_pair(const Credentials *credentials)
{
    unsigned char of_chain[64], of_key[64];
    size_t chain_size = sizeof of_chain, key_size = sizeof of_key;
    gnutls_pubkey_t public_key;
    int code = gnutls_pubkey_init(&public_key);
    if (code < 0)
        return code;
    code = gnutls_pubkey_import_privkey(public_key, credentials->key, 0, 0);
    if (code >= 0)
        code = gnutls_pubkey_get_key_id(public_key, GNUTLS_KEYID_USE_SHA256, of_key, &key_size);
    if (code >= 0)
        code = gnutls_pubkey_get_key_id(credentials->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256,
                                        of_chain, &chain_size);
    gnutls_pubkey_deinit(public_key);
    bool same = code >= 0 && chain_size == key_size && memcmp(of_chain, of_key, key_size) == 0;
    return code >= 0 && !same ? GNUTLS_E_CERTIFICATE_KEY_MISMATCH : code;
}

static int
parse(Credentials *credentials, const gnutls_datum_t *certificate, const gnutls_datum_t *key)
{
    unsigned length = CHAIN_LIMIT;
    int code = gnutls_pcert_list_import_x509_raw(credentials->chain, &length, certificate,
                                                 GNUTLS_X509_FMT_PEM, 0);
    if (code < 0)
        return code;
    credentials->chain_length = length;
    code = gnutls_privkey_init(&credentials->key);
    if (code >= 0)
        code = gnutls_privkey_import_x509_raw(credentials->key, key, GNUTLS_X509_FMT_PEM, NULL, 0);
    return code < 0 ? code : check_pair(credentials);
}

static void
digest_files(unsigned char digest[32], const gnutls_datum_t *certificate, const gnutls_datum_t *key)
{
    gnutls_hash_hd_t hash;
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
        g_error("no SHA-256");
    gnutls_hash(hash, certificate->data, certificate->size);
    gnutls_hash(hash, "", 1);
    gnutls_hash(hash, key->data, key->size);
    gnutls_hash_deinit(hash, digest);
}

static Credentials *
load(const HttpTls *tls, GError **error)
{
    g_autofree char *certificate = NULL, *key = NULL;
    size_t certificate_size, key_size;
    g_autoptr(GError) fault = NULL;
    if (!g_file_get_contents(tls->certificate_file, &certificate, &certificate_size, &fault) ||
        !g_file_get_contents(tls->key_file, &key, &key_size, &fault)) {
        steel_fail(error, STEEL_ERROR_CONFIG, "[api]enable_ssl_api: %s", fault->message);
        return NULL;
    }
    const gnutls_datum_t certificate_text = {(unsigned char *)certificate,
                                             (unsigned)certificate_size},
                         key_text = {(unsigned char *)key, (unsigned)key_size};
    Credentials *credentials = g_new0(Credentials, 1);
    digest_files(credentials->digest, &certificate_text, &key_text);
    int code = parse(credentials, &certificate_text, &key_text);
    gnutls_memset(key, 0, key_size);
    if (code >= 0)
        return credentials;
    credentials_free(credentials);
    steel_fail(error, STEEL_ERROR_CONFIG, "[api]cert_file %s and key_file %s: %s",
               tls->certificate_file, tls->key_file, gnutls_strerror(code));
    return NULL;
}

HttpTls *
http_tls_new(const char *certificate_file, const char *key_file, GError **error)
{
    HttpTls *tls = g_new0(HttpTls, 1);
    tls->certificate_file = g_strdup(certificate_file);
    tls->key_file = g_strdup(key_file);
    tls->all = g_ptr_array_new_with_free_func((GDestroyNotify)credentials_free);
    if (http_tls_reload(tls, error))
        return tls;
    http_tls_free(tls);
    return NULL;
}

/* The entry with the same content, or NULL. */
static Credentials *
find_same(const HttpTls *tls, const Credentials *fresh)
{
    for (guint i = 0; i < tls->all->len; i++) {
        Credentials *kept = tls->all->pdata[i];
        if (memcmp(kept->digest, fresh->digest, sizeof kept->digest) == 0)
            return kept;
    }
    return NULL;
}

bool
http_tls_reload(HttpTls *tls, GError **error)
{
    Credentials *fresh = load(tls, error);
    if (fresh == NULL)
        return false;
    Credentials *kept = find_same(tls, fresh);
    if (kept != NULL)
        credentials_free(fresh);
    else
        g_ptr_array_add(tls->all, fresh);
    __atomic_store_n(&current, kept != NULL ? kept : fresh, __ATOMIC_RELEASE);
    return true;
}

/* During a handshake, on an HTTP thread. */
static int
retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
         const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
         unsigned *chain_length, gnutls_privkey_t *key)
{
    (void)session;
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    Credentials *credentials = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
    *chain = credentials->chain;
    *chain_length = credentials->chain_length;
    *key = credentials->key;
    return 0;
}

/* Ciphers by OpenSSL's names. All are authenticated ones with forward secrecy. */
static const struct {
    const char *name;
    const char *cipher;
    const char *exchange; /* NULL: of TLS 1.3, where it is not the cipher's matter */
} ciphers_known[] = {
    {"TLS_AES_128_GCM_SHA256",        "AES-128-GCM",       NULL},
    {"TLS_AES_256_GCM_SHA384",        "AES-256-GCM",       NULL},
    {"TLS_CHACHA20_POLY1305_SHA256",  "CHACHA20-POLY1305", NULL},
    {"ECDHE-RSA-AES128-GCM-SHA256",   "AES-128-GCM",       "ECDHE-RSA"},
    {"ECDHE-RSA-AES256-GCM-SHA384",   "AES-256-GCM",       "ECDHE-RSA"},
    {"ECDHE-RSA-CHACHA20-POLY1305",   "CHACHA20-POLY1305", "ECDHE-RSA"},
    {"ECDHE-ECDSA-AES128-GCM-SHA256", "AES-128-GCM",       "ECDHE-ECDSA"},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", "AES-256-GCM",       "ECDHE-ECDSA"},
    {"ECDHE-ECDSA-CHACHA20-POLY1305", "CHACHA20-POLY1305", "ECDHE-ECDSA"},
};

static bool
append_cipher(GString *priorities, const char *name, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(ciphers_known); i++) {
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", ciphers_known[i].name);
        if (strcmp(ciphers_known[i].name, name) != 0)
            continue;
        g_string_append_printf(priorities, ":+%s", ciphers_known[i].cipher);
        if (ciphers_known[i].exchange != NULL)
            g_string_append_printf(priorities, ":+%s", ciphers_known[i].exchange);
        return true;
    }
    return steel_fail(error, STEEL_ERROR_CONFIG,
                      "[api]tls_ciphers: '%.80s' is not supported; these are: %s", name,
                      known->str);
}

char *
http_tls_priorities(const char *minimum_version, const char *ciphers, GError **error)
{
    bool old = strcmp(minimum_version, "1.2") == 0;
    GString *priorities = g_string_new(old ? "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
                                           : "NORMAL:-VERS-ALL:+VERS-TLS1.3");
    g_auto(GStrv) names = g_strsplit(ciphers != NULL ? ciphers : "", ":", 0);
    if (ciphers != NULL)
        g_string_append(priorities, ":-CIPHER-ALL:-KX-ALL");
    for (char **name = names; *name != NULL; name++)
        if (!append_cipher(priorities, *name, error)) {
            g_string_free(priorities, TRUE);
            return NULL;
        }
    return g_string_free(priorities, FALSE);
}

void *
http_tls_callback(void)
{
    return (void *)retrieve;
}

void
http_tls_free(HttpTls *tls)
{
    if (tls == NULL)
        return;
    if (tls->all->len > 0)
        __atomic_store_n(&current, NULL, __ATOMIC_RELEASE);
    g_ptr_array_free(tls->all, TRUE);
    g_free(tls->certificate_file);
    g_free(tls->key_file);
    g_free(tls);
}
