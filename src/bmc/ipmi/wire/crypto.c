/* Cipher suites 3 and 17 over libcrypto.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "common/error.h"
#include "common/secret.h"

/* id, authentication, integrity, confidentiality, digest, check */
static const IpmiSuite suites[] = {
    {17, 3, 4, 1, 32, 16},
    {3, 1, 1, 1, 20, 12},
};

enum {
    HMAC_INPUT_MAX = 2048,
    KEY_CONSTANT_SIZE = 20, /* of the constants K1 and K2 are made of, whatever the digest, 13.32 */
};

const IpmiSuite *
ipmi_suite(int id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++)
        if (suites[i].id == id)
            return &suites[i];
    return NULL;
}

const IpmiSuite *
ipmi_suite_from_algorithms(uint8_t authentication, uint8_t integrity, uint8_t confidentiality)
{
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++)
        if (suites[i].authentication == authentication && suites[i].integrity == integrity &&
            suites[i].confidentiality == confidentiality)
            return &suites[i];
    return NULL;
}

static const EVP_MD *
suite_digest(const IpmiSuite *suite)
{
    return suite->id == 17 ? EVP_sha256() : EVP_sha1();
}

bool
ipmi_hmac(const IpmiSuite *suite, const uint8_t *key, size_t key_size, const IpmiSpan *spans,
          size_t count, uint8_t digest[IPMI_DIGEST_MAX], GError **error)
{
    uint8_t input[HMAC_INPUT_MAX];
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        if (spans[i].size > sizeof input - size)
            return steel_fail(error, STEEL_ERROR_INTERNAL, "HMAC over more than %zu bytes",
                              sizeof input);
        if (spans[i].size > 0)
            memcpy(input + size, spans[i].bytes, spans[i].size);
        size += spans[i].size;
    }
    unsigned digest_size = 0;
    uint8_t result[EVP_MAX_MD_SIZE];
    if (HMAC(suite_digest(suite), key, (int)key_size, input, size, result, &digest_size) == NULL ||
        digest_size != suite->digest_size)
        return steel_fail(error, STEEL_ERROR_INTERNAL,
                          "libcrypto refuses the HMAC of cipher suite %d", suite->id);
    memcpy(digest, result, suite->digest_size);
    secret_wipe(result, sizeof result);
    return true;
}

bool
ipmi_keys_derive(IpmiKeys *keys, GError **error)
{
    uint8_t constant[KEY_CONSTANT_SIZE];
    const IpmiSpan span = {constant, sizeof constant};
    memset(constant, 1, sizeof constant);
    if (!ipmi_hmac(keys->suite, keys->sik, keys->suite->digest_size, &span, 1, keys->k1, error))
        return false;
    memset(constant, 2, sizeof constant);
    return ipmi_hmac(keys->suite, keys->sik, keys->suite->digest_size, &span, 1, keys->k2, error);
}

void
ipmi_keys_clear(IpmiKeys *keys)
{
    secret_wipe(keys, sizeof *keys);
}

/* Runs AES-CBC-128 over whole blocks, without libcrypto's own padding. */
static bool
aes_cbc(const uint8_t *key, const uint8_t *iv, bool encrypt, const uint8_t *in, size_t size,
        uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0, last = 0;
    bool ok = context != NULL &&
              EVP_CipherInit_ex(context, EVP_aes_128_cbc(), NULL, key, iv, encrypt) == 1 &&
              EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
              EVP_CipherUpdate(context, out, &written, in, (int)size) == 1 &&
              EVP_CipherFinal_ex(context, out + written, &last) == 1 &&
              (size_t)(written + last) == size;
    EVP_CIPHER_CTX_free(context);
    return ok;
}

bool
ipmi_encrypt(const IpmiKeys *keys, const uint8_t *plain, size_t size, uint8_t *out, size_t capacity,
             size_t *out_size, GError **error)
{
    uint8_t padded[1024];
    size_t pad = (IPMI_AES_BLOCK - (size + 1) % IPMI_AES_BLOCK) % IPMI_AES_BLOCK;
    size_t whole = size + pad + 1;
    if (size > sizeof padded - IPMI_AES_BLOCK || whole + IPMI_AES_BLOCK > capacity)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "no room to encrypt %zu bytes", size);
    if (size > 0)
        memcpy(padded, plain, size);
    for (size_t i = 0; i < pad; i++)
        padded[size + i] = (uint8_t)(i + 1);
    padded[whole - 1] = (uint8_t)pad;
    if (!ipmi_random(out, IPMI_AES_BLOCK, error))
        return false;
    if (!aes_cbc(keys->k2, out, true, padded, whole, out + IPMI_AES_BLOCK))
        return steel_fail(error, STEEL_ERROR_INTERNAL, "libcrypto refuses AES-CBC-128");
    *out_size = whole + IPMI_AES_BLOCK;
    return true;
}

bool
ipmi_decrypt(const IpmiKeys *keys, const uint8_t *cipher, size_t size, uint8_t *plain,
             size_t capacity, size_t *plain_size, GError **error)
{
    if (size < 2 * IPMI_AES_BLOCK || size % IPMI_AES_BLOCK != 0 || size > 4096 || size > capacity)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                          "encrypted payload of %zu bytes is no whole number of blocks", size);
    size_t whole = size - IPMI_AES_BLOCK;
    if (!aes_cbc(keys->k2, cipher, false, cipher + IPMI_AES_BLOCK, whole, plain))
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "payload does not decrypt");
    /* The bytes of the pad are not compared: some BMCs pad with zeros, and the packet is
     * authenticated anyway. */
    size_t pad = plain[whole - 1];
    if (pad + 1 > whole)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "pad of %zu bytes in %zu", pad, whole);
    *plain_size = whole - pad - 1;
    return true;
}

bool
ipmi_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
    return secret_equal_bytes(a, b, size);
}

bool
ipmi_random(void *bytes, size_t size, GError **error)
{
    (void)error;
    secret_random(bytes, size);
    return true;
}
