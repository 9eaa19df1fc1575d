/* The columns of a row, from the engine that read it; the contract is in db.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/engine.h"
#include "db/sql.h"

bool
db_row_is_null(const DbRow *row, int column)
{
    return row->engine->row_is_null(row, column);
}

const char *
db_row_text(const DbRow *row, int column, size_t *size)
{
    return row->engine->row_text(row, column, size);
}

int64_t
db_row_integer(const DbRow *row, int column)
{
    return row->engine->row_integer(row, column);
}

bool
db_read_integer(const DbRow *row, void *user_data)
{
    *(int64_t *)user_data = db_row_integer(row, 0);
    return false;
}
