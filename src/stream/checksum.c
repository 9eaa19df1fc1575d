/* Checksums with libcrypto; the contract is in checksum.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/checksum.h"

#include <openssl/evp.h>
#include <string.h>

struct Checksum {
    EVP_MD_CTX *context;
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
checksum_known(const char *algorithm)
{
    for (size_t i = 0; i < G_N_ELEMENTS(algorithms); i++)
        if (g_strcmp0(algorithms[i].name, algorithm) == 0)
            return true;
    return false;
}

const char *
checksum_algorithm_of(const char *text)
{
    size_t length = strspn(text, "0123456789abcdefABCDEF");
    for (size_t i = 0; text[length] == '\0' && i < G_N_ELEMENTS(algorithms); i++)
        if (algorithms[i].digits == length)
            return algorithms[i].name;
    return NULL;
}

Checksum *
checksum_new(const char *algorithm, GError **error)
{
    const EVP_MD *digest = checksum_known(algorithm) ? EVP_get_digestbyname(algorithm) : NULL;
    if (digest == NULL) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "checksums of kind '%.40s' are not known; take sha256 or sha512", algorithm);
        return NULL;
    }
    Checksum *checksum = g_new0(Checksum, 1);
    checksum->context = EVP_MD_CTX_new();
    if (checksum->context == NULL || EVP_DigestInit_ex(checksum->context, digest, NULL) != 1)
        g_error("libcrypto gives no %s", algorithm);
    return checksum;
}

void
checksum_add(Checksum *checksum, const void *data, size_t size)
{
    EVP_DigestUpdate(checksum->context, data, size);
}

char *
checksum_text(Checksum *checksum)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(checksum->context, bytes, &size);
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < size; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}

void
checksum_free(Checksum *checksum)
{
    if (checksum == NULL)
        return;
    EVP_MD_CTX_free(checksum->context);
    g_free(checksum);
}

/* "<checksum> [*]name" */
static char *
of_line(const char *line, const char *name)
{
    size_t length = strcspn(line, " \t");
    const char *after = line + length + strspn(line + length, " \t");
    if (*after == '*')
        after++;
    return length > 0 && strcmp(after, name) == 0 ? g_strndup(line, length) : NULL;
}

char *
checksum_name_of_url(const char *url)
{
    g_autofree char *path = g_strndup(url, strcspn(url, "?#"));
    return g_path_get_basename(path);
}

char *
checksum_find(const char *text, const char *name)
{
    g_autofree char *copy = g_strdup(text);
    g_strstrip(copy);
    if (*copy != '\0' && strpbrk(copy, " \t\r\n") == NULL)
        return g_steal_pointer(&copy);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", 0);
    char *found = NULL;
    for (char **line = lines; *line != NULL && found == NULL; line++)
        found = of_line(g_strstrip(*line), name);
    return found;
}
