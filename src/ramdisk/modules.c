/* Kernel modules in load order; the contract is in modules.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/modules.h"

#include "common/error.h"
#include "common/process.h"
#include "ramdisk/program_limit.h"

#include <stdint.h>
#include <string.h>

#define DEPTH_LIMIT 16
#define PLAIN ".ko"
#define COMPRESSED ".xz"
#define MAY_BE_MISSING "?"

/* The state of one resolution. */
typedef struct Resolution {
    GHashTable *available; /* name -> path, both owned */
    GHashTable *built_in;  /* set of names, owned */
    GHashTable *added;     /* set of names, owned by `available` */
    GPtrArray *order;      /* paths, owned */
} Resolution;

char *
modules_name(const char *path)
{
    char *name = g_path_get_basename(path);
    char *end = strstr(name, PLAIN);
    if (end != NULL)
        *end = '\0';
    return g_strdelimit(name, "-", '_');
}

/* .modinfo is a list of NUL-ended "key=value"; the key starts after a NUL. */
char **
modules_values(const char *contents, size_t size, const char *key)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    g_autofree char *pattern = g_strdup_printf("_%s=", key);
    size_t length = strlen(pattern);
    const char *at = contents, *end = contents + size;
    pattern[0] = '\0';
    while ((at = memmem(at, (size_t)(end - at), pattern, length)) != NULL) {
        at += length;
        g_ptr_array_add(values, g_strndup(at, strnlen(at, (size_t)(end - at))));
    }
    g_ptr_array_add(values, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&values), FALSE);
}

char **
modules_depends(const char *contents, size_t size)
{
    g_auto(GStrv) values = modules_values(contents, size, "depends");
    if (values[0] == NULL || *values[0] == '\0')
        return g_new0(char *, 1);
    return g_strsplit(g_strdelimit(values[0], "-", '_'), ",", -1);
}

static void
collect(GHashTable *available, const char *folder, int depth)
{
    g_autoptr(GDir) dir = depth < DEPTH_LIMIT ? g_dir_open(folder, 0, NULL) : NULL;
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_str_has_suffix(name, PLAIN) || g_str_has_suffix(name, PLAIN COMPRESSED)) {
            char *module = modules_name(path);
            g_hash_table_replace(available, module, g_steal_pointer(&path));
        } else if (g_file_test(path, G_FILE_TEST_IS_DIR) &&
                   !g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
            collect(available, path, depth + 1);
        }
    }
}

/* Reads <folder>/<release>/modules.builtin, a list of paths. */
static void
collect_built_in(GHashTable *built_in, const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *release;
    while (dir != NULL && (release = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, release, "modules.builtin", NULL);
        g_autofree char *text = NULL;
        if (!g_file_get_contents(path, &text, NULL, NULL))
            continue;
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line != NULL; line++)
            if (**line != '\0')
                g_hash_table_add(built_in, modules_name(*line));
    }
}

/* Replaces a compressed module by its plain form, which the guest can load. The path of that, or
 * NULL. */
static char *
make_plain(const char *path, GError **error)
{
    if (!g_str_has_suffix(path, COMPRESSED))
        return g_strdup(path);
    const char *argv[] = {"busybox", "unxz", path, NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
    if (!process_run(&spec, NULL, error))
        return NULL;
    return g_strndup(path, strlen(path) - strlen(COMPRESSED));
}

/* The dependencies of a module, NULL on failure. busybox makes an empty file of an uncompressed
 * module. */
static char **
read_depends(const char *path, GError **error)
{
    g_autofree char *contents = NULL;
    gsize size = 0;
    g_autoptr(GError) cause = NULL;
    if (!g_file_get_contents(path, &contents, &size, &cause))
        steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    else if (size == 0)
        steel_fail(error, STEEL_ERROR_INVALID, "the module %s is damaged", path);
    else
        return modules_depends(contents, size);
    return NULL;
}

static bool
resolve_one(Resolution *resolution, const char *name, int depth, GError **error)
{
    const char *path = g_hash_table_lookup(resolution->available, name);
    if (path == NULL) {
        if (g_hash_table_contains(resolution->built_in, name))
            return true;
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "the kernel has no module %s", name);
    }
    if (g_hash_table_contains(resolution->added, path))
        return true;
    if (depth > DEPTH_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "modules depend on each other in a circle at %s", name);
    g_autofree char *plain = make_plain(path, error);
    if (plain == NULL)
        return false;
    g_auto(GStrv) depends = read_depends(plain, error);
    if (depends == NULL)
        return false;
    for (char **dependency = depends; *dependency != NULL; dependency++)
        if (!resolve_one(resolution, *dependency, depth + 1, error))
            return false;
    g_hash_table_add(resolution->added, (gpointer)(uintptr_t)path);
    g_ptr_array_add(resolution->order, g_steal_pointer(&plain));
    return true;
}

GPtrArray *
modules_resolve(const char *folder, const char *const *names, GError **error)
{
    g_autoptr(GHashTable) available =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) built_in = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) added = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GPtrArray) order = g_ptr_array_new_with_free_func(g_free);
    collect(available, folder, 0);
    collect_built_in(built_in, folder);
    Resolution resolution = {available, built_in, added, order};
    for (size_t i = 0; names[i] != NULL; i++) {
        g_autofree char *name = g_strdelimit(g_strdup(names[i]), "-", '_');
        if (g_str_has_suffix(name, MAY_BE_MISSING)) {
            name[strlen(name) - strlen(MAY_BE_MISSING)] = '\0';
            if (!g_hash_table_contains(available, name))
                continue;
        }
        if (!resolve_one(&resolution, name, 0, error))
            return NULL;
    }
    return g_steal_pointer(&order);
}
