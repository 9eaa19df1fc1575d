/* Checksums of images; the contract is in digest.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/digest.h"

#include <openssl/evp.h>
#include <string.h>

struct Digest {
    EVP_MD_CTX *context; /* owned */
};

static const struct {
    const char *name;
    size_t digits;
} algorithms[] = {
    {"md5",    32},
    {"sha1",   40},
    {"sha224", 56},
    {"sha256", 64},
    {"sha384", 96},
    {"sha512", 128},
};

bool
digest_known(const char *algorithm)
{
    for (size_t i = 0; i < G_N_ELEMENTS(algorithms); i++)
        if (g_strcmp0(algorithms[i].name, algorithm) == 0)
            return true;
    return false;
}

const char *
digest_algorithm_of(const char *value)
{
    size_t length = strlen(value);
    if (strspn(value, "0123456789abcdefABCDEF") != length)
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(algorithms); i++)
        if (algorithms[i].digits == length)
            return algorithms[i].name;
    return NULL;
}

Digest *
digest_new(const char *algorithm, GError **error)
{
    const EVP_MD *kind = digest_known(algorithm) ? EVP_get_digestbyname(algorithm) : NULL;
    if (kind == NULL) {
        steel_fail(error, STEEL_ERROR_INVALID, "%.40s is no checksum that images are checked with",
                   algorithm);
        return NULL;
    }
    Digest *digest = g_new0(Digest, 1);
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL || EVP_DigestInit_ex(digest->context, kind, NULL) != 1)
        g_error("libcrypto gives no %s", algorithm);
    return digest;
}

void
digest_add(Digest *digest, const void *bytes, size_t size)
{
    EVP_DigestUpdate(digest->context, bytes, size);
}

char *
digest_text(Digest *digest, char text[DIGEST_TEXT_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(digest->context, bytes, &size);
    for (unsigned i = 0; i < size; i++)
        g_snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

void
digest_free(Digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->context);
    g_free(digest);
}
