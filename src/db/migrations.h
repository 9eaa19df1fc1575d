/* The schema's history, embedded from schema/NNN-*.sql at build time; private to this folder.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>

typedef struct DbMigration {
    int number;
    const char *name; /* "001-initial" */
    const char *sql;
} DbMigration;

/* All of them, ascending. */
const DbMigration *db_migrations(size_t *count);
