/* Copies of whole databases; the contract is in copy.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/copy.h"

#include "common/steady.h"
#include "db/clock.h"
#include "db/conductors.h"
#include "db/engine.h"

#include <string.h>

/* Every table but that of the schema's number, each after those that it refers to. */
/* clang-format off */
static const struct {
    const char *name, *key; /* the columns that order its rows */
    bool has_id;            /* its keys grow by themselves */
} tables[] = {
    {"chassis",           "id",                              true},
    {"nodes",             "id",                              true},
    {"portgroups",        "id",                              true},
    {"ports",             "id",                              true},
    {"volume_connectors", "id",                              true},
    {"volume_targets",    "id",                              true},
    {"allocations",       "id",                              true},
    {"deploy_templates",  "id",                              true},
    {"runbooks",          "id",                              true},
    {"inspection_rules",  "id",                              true},
    {"conductors",        "id",                              true},
    {"lease_numbers",     "id",                              false},
    {"node_history",      "id",                              true},
    {"timeline",          "id",                              true},
    {"bios_settings",     "id",                              true},
    {"firmware_components", "id",                            true},
    {"work_queue",        "id",                              true},
    {"node_inventory",    "node_uuid",                       false},
    {"clock",             "id",                              false},
    {"boot_sessions",     "node_uuid",                       false},
    {"media",             "id",                              false},
    {"media_users",       "medium_id, node_uuid, purpose",   false},
    {"secret_keys",       "id",                              false},
};
/* clang-format on */

/* Rows that are read at a time, where one number orders them. */
#define PAGE 500

typedef struct Copying {
    Db *from, *to;
    GPtrArray *columns[G_N_ELEMENTS(tables)]; /* names, owned */
} Copying;

static bool
collect_text(const DbRow *row, void *user_data)
{
    g_ptr_array_add(user_data, g_strdup(db_row_text(row, 0, NULL)));
    return true;
}

static GPtrArray *
texts(Db *db, const char *sql, const char *value, GError **error)
{
    const DbValue values[] = {db_text(value)};
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    if (!db_query(db, sql, values, value != NULL, collect_text, found, error))
        return NULL;
    return g_steal_pointer(&found);
}

static bool
count_rows(Db *db, size_t table, int64_t *count, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SELECT COUNT(*) FROM %s", tables[table].name);
    return db_query(db, sql, NULL, 0, db_read_integer, count, error);
}

/* ---- before ---- */

static bool
is_known(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        if (strcmp(tables[i].name, name) == 0)
            return true;
    return strcmp(name, "schema_version") == 0;
}

/* A table that the list above has not is a bug: its rows would be left behind. */
static bool
check_tables(Db *db, GError **error)
{
    g_autoptr(GPtrArray) names = texts(db, db_words(db)->tables, NULL, error);
    if (names == NULL)
        return false;
    for (guint i = 0; i < names->len; i++)
        if (!is_known(names->pdata[i]))
            return steel_fail(error, STEEL_ERROR_INTERNAL, "the table %s is not known to be copied",
                              (char *)names->pdata[i]);
    return true;
}

static bool
find_columns(Copying *copying, size_t table, GError **error)
{
    const char *name = tables[table].name;
    copying->columns[table] = texts(copying->from, db_words(copying->from)->columns, name, error);
    g_autoptr(GPtrArray) theirs = texts(copying->to, db_words(copying->to)->columns, name, error);
    if (copying->columns[table] == NULL || theirs == NULL)
        return false;
    return theirs->len == copying->columns[table]->len ||
           steel_fail(error, STEEL_ERROR_DATABASE, "the schemas differ in table %s", name);
}

static void
note_alive(const DbConductor *conductor, void *user_data)
{
    char **alive = user_data;
    if (*alive == NULL)
        *alive = g_strdup(conductor->hostname);
}

static bool
is_at_rest(Db *db, GError **error)
{
    g_autofree char *alive = NULL;
    if (!db_claim(db, NULL, error) || !db_clock_resume(db, error) ||
        !db_conductors(db, steady_now_ms(), note_alive, &alive, error))
        return false;
    return alive == NULL || steel_fail(error, STEEL_ERROR_CONFLICT,
                                       "the conductor %s works on this database: stop every steeld "
                                       "on it first; after one was "
                                       "killed, wait for [conductor]heartbeat_timeout",
                                       alive);
}

static bool
is_empty(Db *db, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        int64_t count = 0;
        if (!count_rows(db, i, &count, error))
            return false;
        if (count > 0)
            return steel_fail(error, STEEL_ERROR_CONFLICT,
                              "the database to copy to is not empty: %s has %" G_GINT64_FORMAT
                              " rows; make a new one",
                              tables[i].name, count);
    }
    return true;
}

/* ---- the rows ---- */

/* A reading of a table, row by row. */
typedef struct Reading {
    size_t table;
    const GPtrArray *columns;
    int64_t last_id, in_page;
    bool (*each)(struct Reading *reading, const DbRow *row);
    Db *to;             /* for insert_row */
    const char *insert; /* the same */
    GChecksum *digest;  /* for digest_row */
    int64_t rows;
    GError *failure;
} Reading;

static char *
join_columns(const GPtrArray *columns)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < columns->len; i++)
        g_string_append_printf(text, "%s\"%s\"", i > 0 ? ", " : "", (char *)columns->pdata[i]);
    return g_string_free(text, FALSE);
}

/* The id of a paged table stands behind its other columns. */
static bool
read_row(const DbRow *row, void *user_data)
{
    Reading *reading = user_data;
    reading->rows++;
    reading->in_page++;
    if (tables[reading->table].has_id)
        reading->last_id = db_row_integer(row, (int)reading->columns->len);
    return reading->each(reading, row);
}

static bool
read_page(Db *db, const char *columns, Reading *reading, GError **error)
{
    const DbValue values[] = {db_integer(reading->last_id)};
    const char *name = tables[reading->table].name;
    bool paged = tables[reading->table].has_id;
    g_autofree char *sql =
        paged ? g_strdup_printf("SELECT %s, id FROM %s WHERE id > ?1 ORDER BY id LIMIT %d", columns,
                                name, PAGE)
              : g_strdup_printf("SELECT %s FROM %s ORDER BY %s", columns, name,
                                tables[reading->table].key);
    reading->in_page = 0;
    if (!db_query(db, sql, values, paged, read_row, reading, error))
        return false;
    if (reading->failure == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&reading->failure));
    return false;
}

static bool
read_table(Db *db, Reading *reading, GError **error)
{
    g_autofree char *columns = join_columns(reading->columns);
    reading->last_id = INT64_MIN;
    do
        if (!read_page(db, columns, reading, error))
            return false;
    while (tables[reading->table].has_id && reading->in_page == PAGE);
    return true;
}

/* Numbers go as texts as well: the column's type makes of them what they are. */
static bool
insert_row(Reading *reading, const DbRow *row)
{
    guint count = reading->columns->len;
    g_autofree DbValue *values = g_new(DbValue, count);
    for (guint i = 0; i < count; i++)
        values[i] = db_text(db_row_text(row, (int)i, NULL));
    return db_execute(reading->to, reading->insert, values, count, NULL, &reading->failure);
}

static bool
digest_row(Reading *reading, const DbRow *row)
{
    for (guint i = 0; i < reading->columns->len; i++) {
        size_t size = 0;
        const char *text = db_row_text(row, (int)i, &size);
        g_autofree char *head = text != NULL ? g_strdup_printf("%zu:", size) : g_strdup("null,");
        g_checksum_update(reading->digest, (const guchar *)head, -1);
        if (text != NULL)
            g_checksum_update(reading->digest, (const guchar *)text, (gssize)size);
    }
    return true;
}

static char *
insert_sql(const char *name, const GPtrArray *columns)
{
    g_autofree char *names = join_columns(columns);
    GString *sql = g_string_new(NULL);
    g_string_append_printf(sql, "INSERT INTO %s (%s) VALUES (", name, names);
    for (guint i = 0; i < columns->len; i++)
        g_string_append_printf(sql, "%s?%u", i > 0 ? ", " : "", i + 1);
    g_string_append_c(sql, ')');
    return g_string_free(sql, FALSE);
}

/* New rows continue behind those that were copied. */
static bool
move_sequence(Db *db, const char *name, GError **error)
{
    const DbWords *words = db_words(db);
    if (words->move_sequence == NULL)
        return true;
    g_autofree char *sql = words->move_sequence(name);
    return db_query(db, sql, NULL, 0, NULL, NULL, error);
}

static bool
copy_table(const Copying *copying, size_t table, GError **error)
{
    const char *name = tables[table].name;
    g_autofree char *insert = insert_sql(name, copying->columns[table]);
    Reading reading = {.table = table,
                       .columns = copying->columns[table],
                       .each = insert_row,
                       .to = copying->to,
                       .insert = insert};
    if (read_table(copying->from, &reading, error) &&
        (!tables[table].has_id || move_sequence(copying->to, name, error)))
        return true;
    g_prefix_error(error, "table %s: ", name);
    return false;
}

static bool
copy_all(Db *to, void *user_data, GError **error)
{
    const Copying *copying = user_data;
    if (!is_empty(to, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        if (!copy_table(copying, i, error))
            return false;
    return true;
}

/* ---- the proof ---- */

static bool
digest_table(Db *db, const Copying *copying, size_t table, DbTableCopy *out, GError **error)
{
    Reading reading = {.table = table,
                       .columns = copying->columns[table],
                       .each = digest_row,
                       .digest = g_checksum_new(G_CHECKSUM_SHA256)};
    bool good = read_table(db, &reading, error);
    out->table = tables[table].name;
    out->rows = reading.rows;
    g_strlcpy(out->digest, g_checksum_get_string(reading.digest), DB_DIGEST_SIZE);
    g_checksum_free(reading.digest);
    return good;
}

static bool
prove_table(const Copying *copying, size_t table, DbTableCopy *out, GError **error)
{
    DbTableCopy theirs = {0};
    if (!digest_table(copying->from, copying, table, out, error) ||
        !digest_table(copying->to, copying, table, &theirs, error))
        return false;
    return (out->rows == theirs.rows && strcmp(out->digest, theirs.digest) == 0) ||
           steel_fail(error, STEEL_ERROR_DATABASE,
                      "the copy differs in table %s: %" G_GINT64_FORMAT " rows with the digest "
                      "%.16s became %" G_GINT64_FORMAT " with %.16s; do not use it",
                      out->table, out->rows, out->digest, theirs.rows, theirs.digest);
}

static bool
copy_and_prove(Copying *copying, void (*each)(const DbTableCopy *, void *), void *user_data,
               GError **error)
{
    if (!is_at_rest(copying->from, error) || !is_at_rest(copying->to, error) ||
        !check_tables(copying->from, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        if (!find_columns(copying, i, error))
            return false;
    if (!db_transaction(copying->to, DB_READ_MODIFY_WRITE, copy_all, copying, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        DbTableCopy proved = {0};
        if (!prove_table(copying, i, &proved, error))
            return false;
        each(&proved, user_data);
    }
    return true;
}

bool
db_copy(Db *from, Db *to, void (*each)(const DbTableCopy *copy, void *user_data), void *user_data,
        GError **error)
{
    Copying copying = {.from = from, .to = to};
    bool good = copy_and_prove(&copying, each, user_data, error);
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        g_clear_pointer(&copying.columns[i], g_ptr_array_unref);
    return good;
}
