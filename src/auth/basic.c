/* HTTP basic authentication (RFC 7617); the contract is in basic.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/basic.h"

#include "auth/htpasswd.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a login is remembered after its last use, and how many are. A change of the file ends
 * all at once. */
enum { KNOWN_MS = 60 * 60 * 1000, REFUSED_MS = 60 * 1000, REMEMBERED = 4096, HEADER_LIMIT = 4096 };

/* A version of the file. It is counted, because one thread may check a password while another reads
 * a newer version. */
typedef struct Version {
    Htpasswd *htpasswd; /* NULL if the file could not be read */
    GError *error;      /* why it could not */
    struct stat stamp;
    unsigned references; /* guarded by Basic.lock */
} Version;

struct Basic {
    char *path;
    uint8_t key[32]; /* of the HMAC; random since the start */
    IdentityCache *cache;
    Lock lock; /* guards references too; not held while a thread reads or checks */
    Version *version GUARDED;
};

/* One login that is checked. */
typedef struct Login {
    Basic *basic;
    char *user, *password; /* parts of one decoded buffer */
} Login;

UNSHARED Basic *
basic_new(const char *path)
{
    Basic *basic = g_new0(Basic, 1);
    basic->path = g_strdup(path);
    secret_random(basic->key, sizeof basic->key);
    basic->cache = identity_cache_new(REMEMBERED);
    lock_init(&basic->lock, LOCK_RANK_PASSWORDS);
    return basic;
}

static void
version_unref(Version *version)
{
    if (version == NULL || --version->references > 0)
        return;
    htpasswd_free(version->htpasswd);
    g_clear_error(&version->error);
    g_free(version);
}

void UNSHARED
basic_free(Basic *basic)
{
    if (basic == NULL)
        return;
    version_unref(basic->version);
    identity_cache_free(basic->cache);
    lock_destroy(&basic->lock);
    secret_wipe(basic->key, sizeof basic->key);
    g_free(basic->path);
    g_free(basic);
}

static bool
same_stamp(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* True if the version is that of the file. An absent file has a stamp of zeros. */
static bool
is_current(Basic *basic)
{
    struct stat stamp = {0};
    if (stat(basic->path, &stamp) != 0)
        memset(&stamp, 0, sizeof stamp);
    lock_acquire(&basic->lock);
    bool current = basic->version != NULL && same_stamp(&stamp, &basic->version->stamp);
    lock_release(&basic->lock);
    return current;
}

static ssize_t
read_all(int fd, char *buffer, size_t size)
{
    size_t filled = 0;
    while (filled < size) {
        ssize_t count = read(fd, buffer + filled, size - filled);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        filled += (size_t)count;
    }
    return (ssize_t)filled;
}

static Htpasswd *
load(const char *path, struct stat *stamp, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autofree char *text = g_malloc(HTPASSWD_FILE_LIMIT + 1);
    ssize_t size =
        fd >= 0 && fstat(fd, stamp) == 0 ? read_all(fd, text, HTPASSWD_FILE_LIMIT + 1) : -1;
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (size < 0) {
        steel_fail(error, STEEL_ERROR_CONFIG,
                   "[DEFAULT]http_basic_auth_user_file %s cannot be read: %s", path,
                   g_strerror(code));
        return NULL;
    }
    g_autofree char *warnings = NULL;
    Htpasswd *htpasswd = htpasswd_parse(path, text, (size_t)size, &warnings, error);
    if (warnings != NULL)
        log_warning("api.auth", "lines of the password file are not used: %s", warnings);
    if (htpasswd != NULL)
        log_info("api.auth", "%s has %zu users", path, htpasswd_count(htpasswd));
    return htpasswd;
}

bool
basic_refresh(Basic *basic, GError **error)
{
    if (!is_current(basic)) {
        Version *version = g_new0(Version, 1);
        version->references = 1;
        version->htpasswd = load(basic->path, &version->stamp, &version->error);
        lock_acquire(&basic->lock);
        Version *older = g_steal_pointer(&basic->version);
        basic->version = version;
        version_unref(older);
        lock_release(&basic->lock);
        identity_cache_clear(
            basic->cache); /* after the change, so that a check under way is not kept */
    }
    lock_acquire(&basic->lock);
    if (basic->version->error != NULL)
        g_propagate_error(error, g_error_copy(basic->version->error));
    bool good = basic->version->error == NULL;
    lock_release(&basic->lock);
    return good;
}

/* Splits "Basic <base64 of name:password>". */
static bool
parse_header(const char *header, Login *login, GByteArray *buffer)
{
    static const char scheme[] = "Basic ";
    if (header == NULL || strlen(header) > HEADER_LIMIT ||
        g_ascii_strncasecmp(header, scheme, strlen(scheme)) != 0)
        return false;
    header += strlen(scheme);
    header += strspn(header, " ");
    if (strspn(header, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") !=
        strlen(header))
        return false;
    gsize size = 0;
    guchar *decoded = g_base64_decode(header, &size);
    g_byte_array_append(buffer, decoded, (guint)size);
    secret_wipe(decoded, size);
    g_free(decoded);
    bool has_nul = memchr(buffer->data, '\0', size) != NULL;
    g_byte_array_append(buffer, (const guint8 *)"", 1);
    login->user = (char *)buffer->data;
    char *colon = strchr(login->user, ':');
    if (has_nul || colon == NULL || colon == login->user)
        return false;
    *colon = '\0';
    login->password = colon + 1;
    return true;
}

static void
make_key(const Basic *basic, const Login *login, uint8_t key[IDENTITY_KEY_SIZE])
{
    gsize size = IDENTITY_KEY_SIZE;
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, basic->key, sizeof basic->key);
    g_hmac_update(hmac, (const guchar *)login->user, (gssize)strlen(login->user) + 1);
    g_hmac_update(hmac, (const guchar *)login->password, (gssize)strlen(login->password));
    g_hmac_get_digest(hmac, key, &size);
    g_hmac_unref(hmac);
}

/* Runs on a thread that may wait: the slow comparison. */
static IdentityOutcome
verify(void *user_data, Bearer **bearer, GError **error)
{
    const Login *login = user_data;
    Basic *basic = login->basic;
    lock_acquire(&basic->lock);
    Version *version = basic->version;
    version->references++;
    lock_release(&basic->lock);
    IdentityOutcome outcome = IDENTITY_REFUSED;
    if (version->error != NULL) {
        g_propagate_error(error, g_error_copy(version->error));
        outcome = IDENTITY_FAILED;
    } else if (htpasswd_verify(version->htpasswd, login->user, login->password)) {
        Credentials credentials = {.user_id = g_strdup(login->user),
                                   .user_name = g_strdup(login->user)};
        *bearer = bearer_new(&credentials, INT64_MAX);
        outcome = IDENTITY_KNOWN;
    }
    lock_acquire(&basic->lock);
    version_unref(version);
    lock_release(&basic->lock);
    return outcome;
}

static IdentityOutcome
check_login(Basic *basic, Login *login, bool may_block, Bearer **bearer, GError **error)
{
    static const IdentityLifetime lifetime = {
        .known_ms = KNOWN_MS, .refused_ms = REFUSED_MS, .sliding = true};
    uint8_t key[IDENTITY_KEY_SIZE];
    make_key(basic, login, key);
    return identity_cache_get(basic->cache, key, g_get_real_time() / 1000, &lifetime,
                              may_block ? verify : NULL, login, bearer, error);
}

IdentityOutcome
basic_check(Basic *basic, const char *header, bool may_block, Bearer **bearer, GError **error)
{
    if (!is_current(basic) && !may_block)
        return IDENTITY_ASK;
    if (may_block && !basic_refresh(basic, error))
        return IDENTITY_FAILED;
    Login login = {.basic = basic};
    GByteArray *buffer =
        g_byte_array_sized_new(HEADER_LIMIT); /* never moved: it holds a password */
    IdentityOutcome outcome = IDENTITY_REFUSED;
    if (parse_header(header, &login, buffer))
        outcome = check_login(basic, &login, may_block, bearer, error);
    secret_wipe(buffer->data, buffer->len);
    g_byte_array_unref(buffer);
    return outcome;
}

char *
basic_login_name(const char *header)
{
    Login login = {0};
    GByteArray *buffer = g_byte_array_sized_new(HEADER_LIMIT); /* as above */
    char *name = parse_header(header, &login, buffer) ? g_strdup(login.user) : NULL;
    secret_wipe(buffer->data, buffer->len);
    g_byte_array_unref(buffer);
    return name;
}
