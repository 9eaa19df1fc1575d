/* A folder of its own for each test, and a new database; both are removed when the test ends. The
 * questions are the same for every engine: with STEEL_TEST_DATABASE=URL/ (tests/on-postgresql sets
 * it) each test has a database of its own on that server, without it a file of SQLite.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "db/records.h"
#include "db/sql.h"
#include "model/resources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct Scratch {
    char *folder; /* owned */
    char *path;   /* of SQLite's file, owned */
    char *name;   /* of the server's database, owned; NULL for SQLite */
    char *url;    /* owned */
    Db *db;
} Scratch;

/* For cmocka_unit_test_setup_teardown: *state is a Scratch with an open database. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* Closes the scratch's database and makes a new, empty one, which is not opened. */
void scratch_empty(Scratch *scratch);

/* Opens the scratch's database, which must succeed. The caller closes it. */
Db *scratch_open(const Scratch *scratch);

/* Inserts a record, which must succeed. */
void scratch_insert(Db *db, const Resource *resource, void *record);

/* Inserts a node of this name (NULL: none) and returns it; the caller frees. */
Node *scratch_node(Db *db, const char *name);

/* Runs a statement, which must succeed; returns how many rows it changed. */
int64_t scratch_execute(Db *db, const char *sql);

/* The first column of the first row as a number; -1 when there is none. */
int64_t scratch_number(Db *db, const char *sql);

/* Inserts a chassis in a transaction, and another one in a transaction inside it where that is
 * nested; then the inner, or the outer one fails. Checks how it ends and how many rows are left,
 * and removes them. */
typedef struct ScratchWork {
    bool fail_inner, fail_outer, inner_is_nested;
} ScratchWork;
void scratch_transaction(Db *db, ScratchWork work, bool good, int64_t rows);

#define assert_error(error, wanted)                                                                \
    do {                                                                                           \
        if (!steel_error_is(error, wanted))                                                        \
            fail_msg("not %s but: %s", #wanted, (error) != NULL ? (error)->message : "no error");  \
    } while (0)

#define assert_says(error, part)                                                                   \
    do {                                                                                           \
        if (strstr((error)->message, part) == NULL)                                                \
            fail_msg("'%s' does not say '%s'", (error)->message, part);                            \
    } while (0)
