/* Loading and reloading the policy; the contract is in policy_store.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/policy_store.h"

#include "common/lock.h"
#include "common/log.h"
#include "common/time_text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The directory of the files if there is no configuration file. */
#define STANDARD_DIRECTORY "/etc/steel"

/* A relative name starts at the configuration file's directory. It never starts at the working
 * directory, which may hold somebody else's policy.yaml. */
static char *
full_path(const Config *config, const char *name)
{
    const char *directory = config_directory(config);
    if (g_path_is_absolute(name))
        return g_strdup(name);
    return g_build_filename(directory != NULL ? directory : STANDARD_DIRECTORY, name, NULL);
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_policy_name(const char *name)
{
    return *name != '.' && (g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml") ||
                            g_str_has_suffix(name, ".json"));
}

/* Adds the policy files of a directory in the order of their names. An absent directory has
 * none. */
static void
add_directory(GPtrArray *paths, const char *directory)
{
    GDir *dir = g_dir_open(directory, 0, NULL);
    if (dir == NULL)
        return;
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        if (is_policy_name(name))
            g_ptr_array_add(found, g_build_filename(directory, name, NULL));
    g_dir_close(dir);
    g_ptr_array_sort(found, compare_paths);
    for (guint i = 0; i < found->len; i++)
        g_ptr_array_add(paths, g_ptr_array_index(found, i));
}

/* All files of the policy; policy_file comes first. */
static GPtrArray *
policy_paths(const Config *config)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    const char *file = config_string(config, OPT_OSLO_POLICY_POLICY_FILE);
    g_ptr_array_add(paths, full_path(config, file != NULL ? file : "policy.yaml"));
    const char *const *directories = config_list(config, OPT_OSLO_POLICY_POLICY_DIRS);
    for (; *directories != NULL; directories++) {
        g_autofree char *directory = full_path(config, *directories);
        add_directory(paths, directory);
    }
    return paths;
}

/* A stamp that differs when a file has changed. */
static char *
stamp_of(const GPtrArray *paths)
{
    GString *stamp = g_string_new(NULL);
    for (guint i = 0; i < paths->len; i++) {
        struct stat status = {0};
        const char *path = g_ptr_array_index(paths, i);
        if (stat(path, &status) != 0)
            continue;
        g_string_append_printf(stamp, "%s %ju %jd %jd.%ld\n", path, (uintmax_t)status.st_ino,
                               (intmax_t)status.st_size, (intmax_t)status.st_mtim.tv_sec,
                               status.st_mtim.tv_nsec);
    }
    return g_string_free(stamp, FALSE);
}

/* Reads all files into one set of overrides. */
static bool
read_files(const Config *config, const GPtrArray *paths, GHashTable *overrides, GError **error)
{
    bool named = config_is_explicit(config, OPT_OSLO_POLICY_POLICY_FILE);
    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        if (i == 0 && !named && !g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        if (!policy_file_read(path, overrides, error))
            return false;
    }
    return true;
}

static Policy *
compile(const Config *config, GHashTable *overrides, GError **error)
{
    const PolicyOptions options = {
        .legacy_too = !config_boolean(config, OPT_OSLO_POLICY_ENFORCE_NEW_DEFAULTS),
        .enforce_scope = config_boolean(config, OPT_OSLO_POLICY_ENFORCE_SCOPE),
    };
    Policy *policy = policy_new(overrides, &options, error);
    if (policy != NULL && policy_asks_remote(policy) &&
        !config_boolean(config, OPT_OSLO_POLICY_REMOTE_SSL_VERIFY_SERVER_CRT))
        log_warning("api.policy",
                    "another server is asked, and anyone who takes its place decides: "
                    "set [oslo_policy]remote_ssl_verify_server_crt, and ask over https");
    return policy;
}

Policy *
policy_load(const Config *config, GError **error)
{
    g_autoptr(GPtrArray) paths = policy_paths(config);
    g_autoptr(GHashTable) overrides = policy_overrides_new();
    return read_files(config, paths, overrides, error) ? compile(config, overrides, error) : NULL;
}

/* ---- the policy in force ---- */

/* A policy, and the overrides that it was made of. */
typedef struct Kept {
    Policy *policy;
    char *digest;
} Kept;

/* Policies are not freed while the program runs, so that readers need not be counted. Equal
 * overrides, as after a touched or restored file, give the same policy, so the memory is bounded by
 * the number of different ones. */
static struct {
    Lock lock;
    pthread_cond_t looked;
    GPtrArray *kept GUARDED; /* Kept, owned; NULL before the first */
    char *stamp GUARDED;     /* of the files that gave `current` or `error` */
    GError *error GUARDED;   /* why `current` is NULL */
    bool looking GUARDED;    /* a thread reads the files without the lock */
    Policy *current;         /* atomic */
    int64_t looked_ms;       /* atomic */
} store = {.lock = LOCK_INITIALIZER(POLICY), .looked = PTHREAD_COND_INITIALIZER};

static void
kept_free(void *data)
{
    Kept *kept = data;
    policy_free(kept->policy);
    g_free(kept->digest);
    g_free(kept);
}

static int
compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The overrides as one text that does not depend on the order of lines. */
static char *
digest_of(GHashTable *overrides)
{
    guint count;
    g_autofree char **names = (char **)g_hash_table_get_keys_as_array(overrides, &count);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    qsort(names, count, sizeof names[0], compare_keys);
    for (guint i = 0; i < count; i++) {
        const PolicyOverride *override = g_hash_table_lookup(overrides, names[i]);
        g_checksum_update(checksum, (const guchar *)names[i], (gssize)strlen(names[i]) + 1);
        g_checksum_update(checksum, (const guchar *) override->check,
                          (gssize)strlen(override->check) + 1);
    }
    return g_strdup(g_checksum_get_string(checksum));
}

static Policy *find_kept(const char *digest) REQUIRES(&store.lock);

static Policy *
find_kept(const char *digest)
{
    for (guint i = 0; store.kept != NULL && i < store.kept->len; i++) {
        const Kept *kept = store.kept->pdata[i];
        if (strcmp(kept->digest, digest) == 0)
            return kept->policy;
    }
    return NULL;
}

static void keep(Policy *policy, char *digest) REQUIRES(&store.lock);

static void
keep(Policy *policy, char *digest)
{
    Kept *kept = g_new0(Kept, 1);
    kept->policy = policy;
    kept->digest = digest;
    if (store.kept == NULL)
        store.kept = g_ptr_array_new_with_free_func(kept_free);
    g_ptr_array_add(store.kept, kept);
}

/* Reads the files, and compiles them unless the same policy is kept. NULL with the error set. */
static Policy *
read_policy(const Config *config, const GPtrArray *paths, GError **error)
{
    g_autoptr(GHashTable) overrides = policy_overrides_new();
    if (!read_files(config, paths, overrides, error))
        return NULL;
    g_autofree char *digest = digest_of(overrides);
    lock_acquire(&store.lock);
    Policy *policy = find_kept(digest);
    lock_release(&store.lock);
    if (policy != NULL)
        return policy;
    policy = compile(config, overrides, error);
    if (policy == NULL)
        return NULL;
    lock_acquire(&store.lock);
    keep(policy, g_steal_pointer(&digest));
    lock_release(&store.lock);
    return policy;
}

/* Logs a line for each mistake. */
static void
log_mistakes(const GError *error)
{
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        log_error("api.policy", "the policy stays as it was: %s", *line);
}

static void publish(Policy *policy, GError *error) REQUIRES(&store.lock);

/* Puts a policy in force, or keeps the error. */
static void
publish(Policy *policy, GError *error)
{
    const Policy *current = __atomic_load_n(&store.current, __ATOMIC_RELAXED);
    g_clear_error(&store.error);
    if (policy == NULL && current == NULL) {
        store.error = error;
        return;
    }
    if (policy == NULL) {
        log_mistakes(error);
        g_error_free(error);
        return;
    }
    if (current != NULL)
        log_info("api.policy", "the policy was read again");
    __atomic_store_n(&store.current, policy, __ATOMIC_RELEASE);
}

/* Reads the files if they have changed. Only one thread at a time does so. */
static void policy_check_files(const char *known_stamp) EXCLUDES(&store.lock);

static void
policy_check_files(const char *known_stamp)
{
    const Config *config = config_current();
    g_autoptr(GPtrArray) paths = policy_paths(config);
    g_autofree char *stamp = stamp_of(paths);
    bool changed = g_strcmp0(known_stamp, stamp) != 0;
    GError *error = NULL;
    Policy *policy = changed ? read_policy(config, paths, &error) : NULL;
    lock_acquire(&store.lock);
    if (changed) {
        g_free(store.stamp);
        store.stamp = g_steal_pointer(&stamp);
        publish(policy, error);
    }
    store.looking = false;
    pthread_cond_broadcast(&store.looked);
    lock_release(&store.lock);
}

/* True if this thread must check the files; *known_stamp is then the stamp of the last check. */
static bool
policy_check_due(int64_t now, int64_t interval_ms, char **known_stamp)
{
    lock_acquire(&store.lock);
    bool due = store.stamp == NULL ||
               now - __atomic_load_n(&store.looked_ms, __ATOMIC_RELAXED) >= interval_ms;
    bool mine = due && !store.looking;
    if (mine) {
        store.looking = true;
        *known_stamp = g_strdup(store.stamp);
        __atomic_store_n(&store.looked_ms, now, __ATOMIC_RELAXED);
    }
    lock_release(&store.lock);
    return mine;
}

/* The policy in force. Before the first one, threads wait for the thread that reads it. */
static const Policy *
policy_or_error(GError **error)
{
    lock_acquire(&store.lock);
    while (__atomic_load_n(&store.current, __ATOMIC_ACQUIRE) == NULL && store.looking)
        lock_wait(&store.lock, &store.looked);
    const Policy *policy = __atomic_load_n(&store.current, __ATOMIC_ACQUIRE);
    if (policy == NULL)
        g_propagate_error(error, g_error_copy(store.error));
    lock_release(&store.lock);
    return policy;
}

const Policy *
policy_current(int64_t interval_ms, GError **error)
{
    int64_t now = time_monotonic_ms();
    g_autofree char *known_stamp = NULL;
    const Policy *policy = __atomic_load_n(&store.current, __ATOMIC_ACQUIRE);
    if (policy != NULL && now - __atomic_load_n(&store.looked_ms, __ATOMIC_RELAXED) < interval_ms)
        return policy;
    if (policy_check_due(now, interval_ms, &known_stamp))
        policy_check_files(known_stamp);
    return policy_or_error(error);
}

const Policy *
policy_known(void)
{
    return __atomic_load_n(&store.current, __ATOMIC_ACQUIRE);
}

void
policy_store_clear(void)
{
    lock_acquire(&store.lock);
    __atomic_store_n(&store.current, NULL, __ATOMIC_RELEASE);
    g_clear_pointer(&store.kept, g_ptr_array_unref);
    g_clear_pointer(&store.stamp, g_free);
    g_clear_error(&store.error);
    __atomic_store_n(&store.looked_ms, 0, __ATOMIC_RELAXED);
    lock_release(&store.lock);
}
