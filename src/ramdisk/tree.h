/* The files of an initramfs, put together in memory: folders are made when needed, each once, and
 * nothing depends on the clock or the user.
 *
 * The first error stays, so callers need not check each call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ramdisk/cpio.h"

#include <stdbool.h>

typedef struct Tree {
    CpioWriter writer;
    GHashTable *known; /* owned set of owned paths */
    GError *error;     /* owned; the first failure */
} Tree;

void tree_begin(Tree *tree);

/* Paths have no leading slash. A path that is there already is left as it is. */
void tree_add_directory(Tree *tree, const char *path);
void tree_add_bytes(Tree *tree, const char *path, uint32_t permissions, const void *bytes,
                    size_t size);
void tree_add_text(Tree *tree, const char *path, uint32_t permissions, const char *text);
void tree_add_symlink(Tree *tree, const char *path, const char *target);
void tree_add_device(Tree *tree, const char *path, uint32_t permissions, uint32_t major,
                     uint32_t minor);

/* A file of this machine, whatever links lead to it. */
void tree_add_file(Tree *tree, const char *path, uint32_t permissions, const char *from);

/* A program with all libraries it needs, at their own paths. */
void tree_add_program(Tree *tree, const char *path, const char *from);

/* The archive, and the end of the tree; the caller frees. NULL with the first error. */
GByteArray *tree_finish(Tree *tree, GError **error);
