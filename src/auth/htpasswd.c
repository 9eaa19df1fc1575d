/* Reading htpasswd files and checking passwords with libxcrypt; the contract is in htpasswd.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/htpasswd.h"

#include "common/secret.h"

#include <crypt.h>
#include <string.h>

/* "$2y$12$" and 53 characters of salt and digest. */
enum { HASH_LENGTH = 60, PREFIX_LENGTH = 7, NAME_LIMIT = 255 };

#define BCRYPT_ALPHABET "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

struct Htpasswd {
    GHashTable *hashes; /* name -> hash, both owned */
    char *dummy;        /* the hash that unknown users are compared with */
};

void
htpasswd_free(Htpasswd *htpasswd)
{
    if (htpasswd == NULL)
        return;
    g_hash_table_unref(htpasswd->hashes);
    g_free(htpasswd->dummy);
    g_free(htpasswd);
}

/* The mistake of a hash, or NULL. */
static const char *
hash_fault(const char *hash)
{
    static const char *const prefixes[] = {"$2y$", "$2b$", "$2a$"};
    bool known = false;
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
        known = known || g_str_has_prefix(hash, prefixes[i]);
    if (!known)
        return "the password is not hashed with bcrypt; use htpasswd -B";
    if (strlen(hash) != HASH_LENGTH || !g_ascii_isdigit(hash[4]) || !g_ascii_isdigit(hash[5]) ||
        hash[6] != '$' ||
        strspn(hash + PREFIX_LENGTH, BCRYPT_ALPHABET) != HASH_LENGTH - PREFIX_LENGTH)
        return "the bcrypt hash is damaged";
    int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
    if (cost < 4 || cost > HTPASSWD_COST_LIMIT)
        return "the cost of the bcrypt hash is not between 4 and 16";
    return NULL;
}

static void
warn(GString *warnings, const char *name, unsigned line, const char *fault)
{
    g_string_append_printf(warnings, "%s%s:%u: %s", warnings->len > 0 ? "\n" : "", name, line,
                           fault);
}

static void
take_line(Htpasswd *htpasswd, const char *name, unsigned line, char *text, GString *warnings)
{
    g_strstrip(text);
    if (*text == '\0' || *text == '#')
        return;
    char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || colon - text > NAME_LIMIT) {
        warn(warnings, name, line, "expected name:hash");
        return;
    }
    *colon = '\0';
    char *hash = colon + 1;
    hash[strcspn(hash, ":")] = '\0'; /* Apache ignores further columns */
    const char *fault = hash_fault(hash);
    if (fault == NULL && g_hash_table_contains(htpasswd->hashes, text))
        fault = "this name was there before; the first line counts";
    if (fault != NULL)
        warn(warnings, name, line, fault);
    else
        g_hash_table_insert(htpasswd->hashes, g_strdup(text), g_strdup(hash));
}

/* A hash with the greatest cost of the file: an unknown user must take as long as a known one. */
static char *
make_dummy(const Htpasswd *htpasswd)
{
    int cost = 10;
    GHashTableIter iterator;
    void *hash;
    bool first = true;
    g_hash_table_iter_init(&iterator, htpasswd->hashes);
    while (g_hash_table_iter_next(&iterator, NULL, &hash)) {
        int other = (int)g_ascii_strtoll((const char *)hash + 4, NULL, 10);
        cost = first ? other : MAX(cost, other);
        first = false;
    }
    return g_strdup_printf("$2y$%02d$%.53s", cost,
                           "......................AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

Htpasswd *
htpasswd_parse(const char *name, const char *text, size_t size, char **warnings, GError **error)
{
    if (size > HTPASSWD_FILE_LIMIT || memchr(text, '\0', size) != NULL) {
        steel_fail(error, STEEL_ERROR_CONFIG, "%s %s", name,
                   size > HTPASSWD_FILE_LIMIT ? "is larger than 1 MiB" : "is no text file");
        return NULL;
    }
    g_autoptr(Htpasswd) htpasswd = g_new0(Htpasswd, 1);
    htpasswd->hashes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GString) faults = g_string_new(NULL);
    unsigned line = 0;
    for (const char *p = text, *end = text + size; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t length = (size_t)((newline != NULL ? newline : end) - p);
        g_autofree char *copy = g_strndup(p, length);
        take_line(htpasswd, name, ++line, copy, faults);
        p += length + 1;
        if (g_hash_table_size(htpasswd->hashes) > HTPASSWD_USER_LIMIT) {
            steel_fail(error, STEEL_ERROR_CONFIG, "%s has more than %d users", name,
                       HTPASSWD_USER_LIMIT);
            return NULL;
        }
    }
    htpasswd->dummy = make_dummy(htpasswd);
    if (warnings != NULL && faults->len > 0)
        *warnings = g_strdup(faults->str);
    return g_steal_pointer(&htpasswd);
}

size_t
htpasswd_count(const Htpasswd *htpasswd)
{
    return g_hash_table_size(htpasswd->hashes);
}

bool
htpasswd_verify(const Htpasswd *htpasswd, const char *user, const char *password)
{
    const char *known = g_hash_table_lookup(htpasswd->hashes, user);
    const char *hash = known != NULL ? known : htpasswd->dummy;
    struct crypt_data *data = g_malloc0(sizeof *data); /* 32 KiB: too much for a stack */
    /* The sanitizers intercept crypt_r and fail to find the original, so crypt_rn is called. */
    const char *computed = crypt_rn(password, hash, data, (int)sizeof *data);
    bool same = computed != NULL && strlen(computed) == HASH_LENGTH &&
                secret_equal_bytes(computed, hash, HASH_LENGTH);
    secret_wipe(data, sizeof *data);
    g_free(data);
    return same && known != NULL;
}
