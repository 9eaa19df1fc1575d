/* Boot sessions, stored; the contract is in boot_sessions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/boot_sessions.h"

#include "common/secret.h"
#include "db/seal.h"
#include "db/sql.h"

void
boot_session_clear(BootSession *session)
{
    g_free(session->record_id);
    g_free(session->window_id);
    g_free(session->served_window_id);
    secret_free(session->token);
    g_free(session->address);
    g_free(session->attached_address);
    *session = (BootSession){0};
}

static SealPlace
token_of(const char *node_uuid)
{
    return (SealPlace){"boot_sessions", node_uuid, "token", ""};
}

static char *
column_text(const DbRow *row, int column)
{
    return g_strdup(db_row_text(row, column, NULL));
}

static bool
read_session(const DbRow *row, void *user_data)
{
    *(BootSession *)user_data = (BootSession){
        .revision = db_row_integer(row, 0),
        .record_id = column_text(row, 1),
        .window_id = column_text(row, 2),
        .window_until_ms = db_row_integer(row, 3),
        .served_window_id = column_text(row, 4),
        .served_at_ms = db_row_integer(row, 5),
        .token = column_text(row, 6),
        .address = column_text(row, 7),
        .hooked = db_row_integer(row, 8) != 0,
        .attached_address = column_text(row, 9),
    };
    return false;
}

bool
db_boot_session_load(Db *db, const char *node_uuid, BootSession *out, GError **error)
{
    const DbValue node = db_text(node_uuid);
    const SealPlace place = token_of(node_uuid);
    if (!db_query(db,
                  "SELECT revision, record_id, window_id, window_until_ms, served_window_id, "
                  "served_at_ms, token, address, hooked, attached_address FROM boot_sessions "
                  "WHERE node_uuid = ?1",
                  &node, 1, read_session, out, error))
        return false;
    if (out->token == NULL)
        return true;
    g_autofree char *sealed = out->token;
    out->token = db_open_value(db, &place, sealed, error);
    return out->token != NULL;
}

bool
db_boot_session_store(Db *db, const char *node_uuid, const BootSession *session, bool *stored,
                      GError **error)
{
    static const char sql[] =
        "INSERT INTO boot_sessions (node_uuid, revision, record_id, window_id, window_until_ms, "
        "served_window_id, served_at_ms, token, address, hooked, attached_address) "
        "VALUES (?1, ?2 + 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
        "ON CONFLICT (node_uuid) DO UPDATE SET revision = excluded.revision, record_id = "
        "excluded.record_id, window_id = excluded.window_id, window_until_ms = "
        "excluded.window_until_ms, served_window_id = excluded.served_window_id, served_at_ms = "
        "excluded.served_at_ms, token = excluded.token, address = excluded.address, hooked = "
        "excluded.hooked, attached_address = excluded.attached_address "
        "WHERE boot_sessions.revision = ?2";
    const SealPlace place = token_of(node_uuid);
    g_autofree char *token = db_seal_value(db, &place, session->token);
    const DbValue values[] = {
        db_text(node_uuid),
        db_integer(session->revision),
        db_text(session->record_id),
        db_text(session->window_id),
        db_integer(session->window_until_ms),
        db_text(session->served_window_id),
        db_integer(session->served_at_ms),
        db_text(token),
        db_text(session->address),
        db_integer(session->hooked),
        db_text(session->attached_address),
    };
    int64_t changed = 0;
    if (!db_execute(db, sql, values, G_N_ELEMENTS(values), &changed, error))
        return false;
    *stored = changed == 1;
    return true;
}

bool
db_boot_session_forget(Db *db, const char *node_uuid, GError **error)
{
    const DbValue node = db_text(node_uuid);
    return db_execute(db, "DELETE FROM boot_sessions WHERE node_uuid = ?1", &node, 1, NULL, error);
}
