/* Questions about ports; the contract is in ports.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/ports.h"

#include "db/sql.h"

typedef struct Match {
    char **uuid;
    bool *ambiguous;
} Match;

static bool
read_match(const DbRow *row, void *user_data)
{
    const Match *match = user_data;
    *match->ambiguous = *match->uuid != NULL;
    if (*match->uuid == NULL)
        *match->uuid = g_strdup(db_row_text(row, 0, NULL));
    return !*match->ambiguous;
}

/* Fills the list up to the next power of two with its last address: the engine then keeps a few
 * statements instead of one for each number of addresses. */
static size_t
fill_up(DbValue values[DB_ADDRESS_LIMIT], size_t count)
{
    size_t wanted = 1;
    while (wanted < count)
        wanted *= 2;
    for (size_t i = count; i < wanted; i++)
        values[i] = values[count - 1];
    return wanted;
}

bool
db_ports_node(Db *db, const char *const *addresses, size_t count, char **uuid, bool *ambiguous,
              GError **error)
{
    DbValue values[DB_ADDRESS_LIMIT];
    Match match = {uuid, ambiguous};
    *uuid = NULL;
    *ambiguous = false;
    count = MIN(count, DB_ADDRESS_LIMIT);
    if (count == 0)
        return true;
    for (size_t i = 0; i < count; i++)
        values[i] = db_text(addresses[i]);
    count = fill_up(values, count);
    g_autoptr(GString) sql =
        g_string_new("SELECT DISTINCT node_uuid FROM ports WHERE address IN (");
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(sql, "%s?%zu", i > 0 ? ", " : "", i + 1);
    g_string_append(sql, ") LIMIT 2");
    return db_query(db, sql->str, values, count, read_match, &match, error);
}

GPtrArray *
db_portgroup_member(Db *db, const char *portgroup_uuid, const char *except, GError **error)
{
    const DbValue values[] = {db_text(portgroup_uuid), db_text(except)};
    return db_records_where(
        db, &port_resource,
        "portgroup_uuid = ?1 AND (CAST(?2 AS TEXT) IS NULL OR uuid <> ?2) LIMIT 1", values,
        G_N_ELEMENTS(values), error);
}

GPtrArray *
db_portgroup_ports(Db *db, const char *portgroup_uuid, GError **error)
{
    const DbValue values[] = {db_text(portgroup_uuid)};
    return db_records_where(db, &port_resource, "portgroup_uuid = ?1", values, G_N_ELEMENTS(values),
                            error);
}

static bool
note_row_exists(const DbRow *row, void *user_data)
{
    (void)row;
    *(bool *)user_data = true;
    return false;
}

bool
db_portgroup_has_strays(Db *db, const char *portgroup_uuid, const char *node_uuid, bool *strays,
                        GError **error)
{
    const DbValue values[] = {db_text(portgroup_uuid), db_text(node_uuid)};
    *strays = false;
    return db_query(db, "SELECT 1 FROM ports WHERE portgroup_uuid = ?1 AND node_uuid <> ?2 LIMIT 1",
                    values, G_N_ELEMENTS(values), note_row_exists, strays, error);
}
