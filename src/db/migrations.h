/* The schema's history, embedded from schema/NNN-*.sql at build time; private to this folder.
 *
 * The first line of a file may say of what kind it is:
 *
 *   -- expand: ...     adds tables, columns that may be absent or have a default, indexes. Programs
 *                      that do not know it work on.
 *   -- data: ...       one statement with a bound of its own ("... WHERE id IN (SELECT id ... LIMIT
 *                      1000)"), which is repeated, each time as a transaction, until it changes
 *                      nothing. It may be broken off and resumed. Older programs work on.
 *   -- contract: ...   removes what only older programs need.
 *
 * A release that expands works with and without what follows of kind `data` and `contract`, and
 * every later one does until a file of no kind. A file of no kind is for programs that know it
 * alone, and needs those before it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>

typedef enum DbMigrationKind {
    MIGRATION_ALONE,
    MIGRATION_EXPAND,
    MIGRATION_DATA,
    MIGRATION_CONTRACT,
} DbMigrationKind;

typedef struct DbMigration {
    int number;
    DbMigrationKind kind;
    const char *name; /* "001-initial" */
    const char *sql;
} DbMigration;

typedef struct DbMigrations {
    const DbMigration *rows; /* ascending */
    size_t count;
} DbMigrations;

/* All that this program knows. */
extern const DbMigrations db_migrations;
