/* The time of deadlines, stored; the contract is in clock.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/clock.h"

#include "common/steady.h"
#include "db/sql.h"

typedef struct Noted {
    int64_t skew_ms, seen_ms;
} Noted;

static bool
read_noted(const DbRow *row, void *user_data)
{
    *(Noted *)user_data = (Noted){db_row_integer(row, 0), db_row_integer(row, 1)};
    return false;
}

bool
db_clock_resume(Db *db, GError **error)
{
    Noted noted = {0};
    if (!db_query(db, "SELECT skew_ms, seen_ms FROM clock", NULL, 0, read_noted, &noted, error))
        return false;
    steady_resume(noted.skew_ms, noted.seen_ms);
    return true;
}

bool
db_clock_note(Db *db, GError **error)
{
    const DbValue values[] = {db_integer(steady_skew_ms()), db_integer(steady_now_ms())};
    return db_execute(db,
                      "INSERT INTO clock (id, skew_ms, seen_ms) VALUES (1, ?1, ?2) "
                      "ON CONFLICT (id) DO UPDATE SET skew_ms = excluded.skew_ms, "
                      "seen_ms = excluded.seen_ms",
                      values, G_N_ELEMENTS(values), NULL, error);
}
