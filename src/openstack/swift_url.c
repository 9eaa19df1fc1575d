/* Temporary URLs; the contract is in swift_url.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/swift_url.h"

#include "common/http_client.h"
#include "common/secret.h"

#include <string.h>

#define NAME_LIMIT 1024u

static const struct {
    const char *word;
    GChecksumType type;
    size_t size;
    bool base64; /* with the word before it */
} digests[] = {
    {"sha1",   G_CHECKSUM_SHA1,   20, false},
    {"sha256", G_CHECKSUM_SHA256, 32, false},
    {"sha512", G_CHECKSUM_SHA512, 64, true},
};

/* ---- paths ---- */

static bool
text_good(const char *text)
{
    if (text == NULL || *text == '\0' || strlen(text) > NAME_LIMIT)
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            return false;
    return true;
}

/* Where the path of the account begins, or NULL. */
static const char *
path_of(const char *endpoint)
{
    if (!text_good(endpoint) || strpbrk(endpoint, "?# ") != NULL)
        return NULL;
    const char *host = strstr(endpoint, "://");
    if (host == NULL ||
        !(g_str_has_prefix(endpoint, "http://") || g_str_has_prefix(endpoint, "https://")))
        return NULL;
    const char *path = strchr(host + 3, '/');
    return path != host + 3 ? path : NULL;
}

/* An object's name may have slashes, which stay. */
static char *
escape_path(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);
    for (char **part = parts; *part != NULL; part++) {
        char *escaped = http_escape(*part);
        g_free(*part);
        *part = escaped;
    }
    return g_strjoinv("/", parts);
}

char *
swift_object_url(const SwiftUrl *wanted, GError **error)
{
    const char *path = path_of(wanted->endpoint);
    if (path == NULL) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "the endpoint of Swift is no http:// or https:// URL with the path of an "
                   "account");
        return NULL;
    }
    if (!text_good(wanted->container) || !text_good(wanted->object) ||
        strchr(wanted->container, '/') != NULL) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "a container or an object of Swift has no good name");
        return NULL;
    }
    size_t length = strlen(wanted->endpoint);
    while (length > 0 && wanted->endpoint[length - 1] == '/')
        length--;
    g_autofree char *container = escape_path(wanted->container),
                    *object = escape_path(wanted->object);
    return g_strdup_printf("%.*s/%s/%s", (int)length, wanted->endpoint, container, object);
}

/* ---- signatures ---- */

/* Of the text as the service will see it: the path as it is before percent-encoding. */
static char *
signed_text(const SwiftUrl *wanted)
{
    const char *path = path_of(wanted->endpoint);
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        length--;
    return g_strdup_printf("GET\n%" G_GINT64_FORMAT "\n%.*s/%s/%s", wanted->until_s, (int)length,
                           path, wanted->container, wanted->object);
}

static char *
base64_for_url(const guint8 *bytes, size_t size)
{
    char *text = g_base64_encode(bytes, size);
    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    char *end = strchr(text, '=');
    if (end != NULL)
        *end = '\0';
    return text;
}

static char *
sign(const SwiftUrl *wanted, size_t digest)
{
    guint8 bytes[64];
    gsize size = digests[digest].size;
    g_autofree char *text = signed_text(wanted);
    g_autoptr(GHmac) hmac =
        g_hmac_new(digests[digest].type, (const guchar *)wanted->key, strlen(wanted->key));
    g_hmac_update(hmac, (const guchar *)text, -1);
    if (!digests[digest].base64)
        return g_strdup(g_hmac_get_string(hmac));
    g_hmac_get_digest(hmac, bytes, &size);
    g_autofree char *encoded = base64_for_url(bytes, size);
    return g_strdup_printf("%s:%s", digests[digest].word, encoded);
}

static bool
find_digest(const char *word, size_t *found, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(digests); i++)
        if (strcmp(digests[i].word, word != NULL ? word : "sha256") == 0) {
            *found = i;
            return true;
        }
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "temporary URLs are signed with sha1, sha256 or sha512, not with '%.20s'",
                      word);
}

char *
swift_temp_url(const SwiftUrl *wanted, GError **error)
{
    size_t digest = 0;
    g_autofree char *object = swift_object_url(wanted, error);
    if (object == NULL || !find_digest(wanted->digest, &digest, error))
        return NULL;
    if (wanted->key == NULL || *wanted->key == '\0') {
        steel_fail(error, STEEL_ERROR_MISSING,
                   "the account has no key for temporary URLs; set one with: openstack object "
                   "store account set --property Temp-URL-Key=<key>");
        return NULL;
    }
    char *signature = sign(wanted, digest);
    g_autofree char *word = http_escape(signature);
    GString *url = g_string_new(NULL);
    g_string_append_printf(url, "%s?temp_url_sig=%s&temp_url_expires=%" G_GINT64_FORMAT, object,
                           word, wanted->until_s);
    secret_free(signature);
    if (wanted->filename != NULL) {
        g_autofree char *name = http_escape(wanted->filename);
        g_string_append_printf(url, "&filename=%s", name);
    }
    return g_string_free(url, FALSE);
}
