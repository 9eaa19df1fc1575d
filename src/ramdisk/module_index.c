/* Indices of modules; the contract is in module_index.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/module_index.h"

#include "common/error.h"
#include "ramdisk/modules.h"

/* Adds a line about one module. `known`: name -> files of those before it, which
 * it needs and which it is, in loading order. */
typedef void (*Describe)(GString *text, const char *name, const char *contents, size_t size,
                         GHashTable *known);

static char *
make_index(const GPtrArray *modules, Describe describe, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < modules->len; i++) {
        g_autofree char *name = modules_name(modules->pdata[i]), *contents = NULL;
        g_autoptr(GError) cause = NULL;
        gsize size;
        if (!g_file_get_contents(modules->pdata[i], &contents, &size, &cause)) {
            steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
            return NULL;
        }
        describe(text, name, contents, size, known);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Adds " name.ko", once. */
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
describe_dependencies(GString *text, const char *name, const char *contents, size_t size,
                      GHashTable *known)
{
    g_auto(GStrv) depends = modules_depends(contents, size);
    g_autoptr(GString) first = g_string_new(NULL); /* what is loaded first stands first */
    for (char **at = depends; *at != NULL; at++) {
        const char *deeper = g_hash_table_lookup(known, *at); /* NULL: built in */
        g_auto(GStrv) files = g_strsplit(deeper != NULL ? deeper : "", " ", -1);
        for (char **file = files; *file != NULL; file++)
            need(first, *file);
    }
    g_auto(GStrv) files = g_strsplit(first->str, " ", -1);
    g_string_append_printf(text, "%s.ko:", name);
    for (guint i = g_strv_length(files); i-- > 0;)
        if (*files[i] != '\0')
            g_string_append_printf(text, " %s", files[i]);
    g_string_append_c(text, '\n');
    g_string_append_printf(first, " %s.ko", name);
    g_hash_table_insert(known, g_strdup(name), g_strdup(first->str));
}

static void
describe_aliases(GString *text, const char *name, const char *contents, size_t size,
                 GHashTable *known)
{
    (void)known;
    g_auto(GStrv) aliases = modules_values(contents, size, "alias");
    for (char **alias = aliases; *alias != NULL; alias++)
        g_string_append_printf(text, "alias %s %s\n", *alias, name);
}

char *
module_index_dependencies(const GPtrArray *modules, GError **error)
{
    return make_index(modules, describe_dependencies, error);
}

char *
module_index_aliases(const GPtrArray *modules, GError **error)
{
    return make_index(modules, describe_aliases, error);
}
