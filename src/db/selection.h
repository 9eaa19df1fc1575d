/* The fields of a resource that a question returns, in order. Made once, asked often. Immutable
 * once made; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "model/resource.h"

/* One column of the rows. */
typedef struct DbColumn {
    const Field *field; /* not a computed one */
    bool fixed;         /* every row has `text` here, whatever is stored */
    const char *text;   /* NULL: null */
    const char *unless; /* a boolean field: rows where it is true have JSON null; NULL: none do */
} DbColumn;

typedef struct DbSelection DbSelection;

/* `columns` is borrowed during the call; its fields are those of the resource. Free with
 * db_selection_free. */
DbSelection *db_selection_new(const Resource *resource, const DbColumn *columns, size_t count);
void db_selection_free(DbSelection *selection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbSelection, db_selection_free)
