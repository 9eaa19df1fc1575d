/* Loading and reloading the policy; the contract is in policy_store.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/auth/policy_store.h"

#include "common/log.h"
#include "common/time_text.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

/* Policies are never freed while the program runs, like configurations: readers then need not be counted. */
static struct {
    pthread_mutex_t mutex; /* guards everything but `current`, which is read without it */
    Policy *current;
    GPtrArray *older;
    char *stamp;   /* of the files that `current` (or `error`) was made of */
    GError *error; /* why there is none */
    int64_t looked_ms;
} store = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static char *
full_path(const Config *config, const char *name)
{
    if (g_path_is_absolute(name) || config_directory(config) == NULL)
        return g_strdup(name);
    return g_build_filename(config_directory(config), name, NULL);
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

/* Adds the policy files of a directory in the order of their names; one that is not there has none. */
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

/* All files that make up the policy, the first of which is policy_file. */
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

/* What tells one state of the files from another. */
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

static Policy *
load(const Config *config, const GPtrArray *paths, GError **error)
{
    g_autoptr(GHashTable) overrides = policy_overrides_new();
    bool named = config_is_explicit(config, OPT_OSLO_POLICY_POLICY_FILE);
    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        if (i == 0 && !named && !g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        if (!policy_file_read(path, overrides, error))
            return NULL;
    }
    const PolicyOptions options = {
        .legacy_too = !config_boolean(config, OPT_OSLO_POLICY_ENFORCE_NEW_DEFAULTS),
        .enforce_scope = config_boolean(config, OPT_OSLO_POLICY_ENFORCE_SCOPE),
    };
    return policy_new(overrides, &options, error);
}

Policy *
policy_load(const Config *config, GError **error)
{
    g_autoptr(GPtrArray) paths = policy_paths(config);
    return load(config, paths, error);
}

/* Puts a new policy in force, or notes why there is none. With the mutex. */
static void
publish(Policy *policy, GError *error)
{
    g_clear_error(&store.error);
    if (policy == NULL && store.current == NULL) {
        store.error = error;
        return;
    }
    if (policy == NULL) {
        log_error("api.policy", "the policy stays as it was: %s", error->message);
        g_error_free(error);
        return;
    }
    if (store.older == NULL)
        store.older = g_ptr_array_new_with_free_func((GDestroyNotify)policy_free);
    if (store.current != NULL) {
        g_ptr_array_add(store.older, store.current);
        log_info("api.policy", "the policy was read again");
    }
    __atomic_store_n(&store.current, policy, __ATOMIC_RELEASE);
}

static void
look(const Config *config)
{
    g_autoptr(GPtrArray) paths = policy_paths(config);
    g_autofree char *stamp = stamp_of(paths);
    if (store.stamp != NULL && strcmp(store.stamp, stamp) == 0)
        return;
    g_free(store.stamp);
    store.stamp = g_steal_pointer(&stamp);
    GError *error = NULL;
    Policy *policy = load(config, paths, &error);
    publish(policy, error);
}

const Policy *
policy_current(int64_t interval_ms, GError **error)
{
    int64_t now = time_monotonic_ms();
    const Policy *policy = __atomic_load_n(&store.current, __ATOMIC_ACQUIRE);
    if (policy != NULL && now - __atomic_load_n(&store.looked_ms, __ATOMIC_RELAXED) < interval_ms)
        return policy;
    pthread_mutex_lock(&store.mutex);
    if (store.stamp == NULL || now - store.looked_ms >= interval_ms) {
        __atomic_store_n(&store.looked_ms, now, __ATOMIC_RELAXED);
        look(config_current());
    }
    policy = store.current;
    if (policy == NULL)
        g_propagate_error(error, g_error_copy(store.error));
    pthread_mutex_unlock(&store.mutex);
    return policy;
}

void
policy_store_clear(void)
{
    pthread_mutex_lock(&store.mutex);
    policy_free(store.current);
    store.current = NULL;
    g_clear_pointer(&store.older, g_ptr_array_unref);
    g_clear_pointer(&store.stamp, g_free);
    g_clear_error(&store.error);
    store.looked_ms = 0;
    pthread_mutex_unlock(&store.mutex);
}
