/* Files of an initramfs; the contract is in tree.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/tree.h"

#include "common/error.h"
#include "ramdisk/libraries.h"

#include <string.h>

void
tree_begin(Tree *tree)
{
    *tree = (Tree){.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    cpio_begin(&tree->writer);
}

/* True if the path is new; then its folders exist. */
static bool
claim(Tree *tree, const char *path)
{
    if (tree->error != NULL || g_hash_table_contains(tree->known, path))
        return false;
    const char *slash = strrchr(path, '/');
    if (slash != NULL) {
        g_autofree char *parent = g_strndup(path, (size_t)(slash - path));
        tree_add_directory(tree, parent);
    }
    g_hash_table_add(tree->known, g_strdup(path));
    return true;
}

void
tree_add_directory(Tree *tree, const char *path)
{
    if (claim(tree, path))
        cpio_add_directory(&tree->writer, path);
}

void
tree_add_bytes(Tree *tree, const char *path, uint32_t permissions, const void *bytes, size_t size)
{
    if (claim(tree, path))
        cpio_add_file(&tree->writer, path, permissions, bytes, size);
}

void
tree_add_text(Tree *tree, const char *path, uint32_t permissions, const char *text)
{
    tree_add_bytes(tree, path, permissions, text, strlen(text));
}

void
tree_add_symlink(Tree *tree, const char *path, const char *target)
{
    if (claim(tree, path))
        cpio_add_symlink(&tree->writer, path, target);
}

void
tree_add_device(Tree *tree, const char *path, uint32_t permissions, uint32_t major, uint32_t minor)
{
    if (claim(tree, path))
        cpio_add_character_device(&tree->writer, path, permissions, major, minor);
}

void
tree_add_file(Tree *tree, const char *path, uint32_t permissions, const char *from)
{
    g_autofree char *contents = NULL;
    gsize size = 0;
    g_autoptr(GError) cause = NULL;
    if (tree->error != NULL)
        return;
    if (g_file_get_contents(from, &contents, &size, &cause))
        tree_add_bytes(tree, path, permissions, contents, size);
    else
        steel_fail(&tree->error, STEEL_ERROR_IO, "%s", cause->message);
}

void
tree_add_program(Tree *tree, const char *path, const char *from)
{
    g_autoptr(GPtrArray) libraries = tree->error == NULL ? libraries_of(from, &tree->error) : NULL;
    tree_add_file(tree, path, 0755, from);
    for (guint i = 0; libraries != NULL && i < libraries->len; i++) {
        const char *library = libraries->pdata[i];
        tree_add_file(tree, library + 1, 0755, library);
    }
}

GByteArray *
tree_finish(Tree *tree, GError **error)
{
    g_autoptr(GByteArray) archive = cpio_finish(&tree->writer);
    g_hash_table_unref(tree->known);
    if (tree->error == NULL)
        return g_steal_pointer(&archive);
    g_propagate_prefixed_error(error, tree->error, "the initramfs: ");
    return NULL;
}
