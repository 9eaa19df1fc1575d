/* Indices of modules; the contract is in module_index.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/module_index.h"

#include "common/error.h"
#include "ramdisk/modules.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Module {
    const char *name, *file;
    const char *contents;
    size_t size;
} Module;

/* Adds a line about one module. `known`: name -> files of those before it, which
 * it needs and which it is, in loading order. */
typedef void (*Describe)(GString *text, const Module *module, GHashTable *known);

static char *
file_name(const char *path, const char *name, const GPtrArray *packed)
{
    bool is_packed = packed != NULL && g_ptr_array_find((GPtrArray *)(uintptr_t)packed, path, NULL);
    return g_strconcat(name, ".ko", is_packed ? MODULE_PACKED : NULL, NULL);
}

static char *
make_index(const GPtrArray *modules, const GPtrArray *packed, Describe describe, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < modules->len; i++) {
        const char *path = modules->pdata[i];
        g_autofree char *name = modules_name(path), *contents = NULL;
        g_autofree char *file = file_name(path, name, packed);
        g_autoptr(GError) cause = NULL;
        gsize size;
        if (!g_file_get_contents(path, &contents, &size, &cause)) {
            steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
            return NULL;
        }
        const Module module = {name, file, contents, size};
        describe(text, &module, known);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Adds " file", once. */
static void
need(GString *line, const char *file)
{
    g_auto(GStrv) there = g_strsplit(line->str, " ", -1);
    if (*file != '\0' && !g_strv_contains((const char *const *)there, file))
        g_string_append_printf(line, " %s", file);
}

/* "a.ko: b.ko c.ko", where b needs c: what is loaded first stands last. All that is needed is
 * named, since modprobe does not look further. */
static void
describe_dependencies(GString *text, const Module *module, GHashTable *known)
{
    g_auto(GStrv) depends = modules_depends(module->contents, module->size);
    g_autoptr(GString) first = g_string_new(NULL); /* what is loaded first stands first */
    for (char **at = depends; *at != NULL; at++) {
        const char *deeper = g_hash_table_lookup(known, *at); /* NULL: built in */
        g_auto(GStrv) files = g_strsplit(deeper != NULL ? deeper : "", " ", -1);
        for (char **file = files; *file != NULL; file++)
            need(first, *file);
    }
    g_auto(GStrv) files = g_strsplit(first->str, " ", -1);
    g_string_append_printf(text, "%s:", module->file);
    for (guint i = g_strv_length(files); i-- > 0;)
        if (*files[i] != '\0')
            g_string_append_printf(text, " %s", files[i]);
    g_string_append_c(text, '\n');
    g_string_append_printf(first, " %s", module->file);
    g_hash_table_insert(known, g_strdup(module->name), g_strdup(first->str));
}

static void
describe_aliases(GString *text, const Module *module, GHashTable *known)
{
    (void)known;
    g_auto(GStrv) aliases = modules_values(module->contents, module->size, "alias");
    for (char **alias = aliases; *alias != NULL; alias++)
        g_string_append_printf(text, "alias %s %s\n", *alias, module->name);
}

char *
module_index_dependencies(const GPtrArray *modules, const GPtrArray *packed, GError **error)
{
    return make_index(modules, packed, describe_dependencies, error);
}

char *
module_index_aliases(const GPtrArray *modules, GError **error)
{
    return make_index(modules, NULL, describe_aliases, error);
}
