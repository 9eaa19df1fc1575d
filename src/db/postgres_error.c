/* What PostgreSQL's errors mean; the contract is in postgres.h.
 *
 * Source: PostgreSQL 15, appendix A, "PostgreSQL Error Codes".
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres.h"

#include "common/log.h"
#include "common/metrics.h"

#include <string.h>

enum {
    REPEAT = 1,     /* nothing was done, and it may run again */
    DISCONNECT = 2, /* the connection is of no use any more */
    CONFLICT = 4,   /* a rule of the schema was broken */
};

typedef struct Meaning {
    const char *state; /* SQLSTATE, or the beginning of several */
    SteelErrorCode code;
    unsigned flags;
    const char *text; /* NULL: the server's own words say it */
} Meaning;

/* The first row that fits is taken. */
/* clang-format off */
static const Meaning meanings[] = {
    {"23",    STEEL_ERROR_CONFLICT,      CONFLICT,   NULL},
    {"40001", STEEL_ERROR_DATABASE_BUSY, REPEAT,     "another transaction was faster; try again"},
    {"40P01", STEEL_ERROR_DATABASE_BUSY, REPEAT,     "two transactions waited for each other; try again"},
    {"55P03", STEEL_ERROR_DATABASE_BUSY, 0,          "others hold what is to be written; try again"},
    {"57014", STEEL_ERROR_DATABASE_BUSY, 0,          "a statement took too long and was stopped ([database]call_timeout); try again"},
    {"25P03", STEEL_ERROR_DATABASE_BUSY, REPEAT | DISCONNECT, "the server ended a transaction that stood still; try again"},
    {"25006", STEEL_ERROR_DATABASE_BUSY, REPEAT | DISCONNECT, "the server only reads (it is a standby); name the primary in [database]connection as well"},
    {"57P0",  STEEL_ERROR_DATABASE_BUSY, REPEAT | DISCONNECT, "the server stops or starts; try again"},
    {"53300", STEEL_ERROR_DATABASE_BUSY, DISCONNECT, "the server has no connection left: raise its max_connections, or lower [database]max_pool_size and max_overflow"},
    {"53100", STEEL_ERROR_DATABASE,      0,          "the disk of the server is full: make room on it"},
    {"53200", STEEL_ERROR_DATABASE_BUSY, 0,          "the server has no memory left"},
    {"28",    STEEL_ERROR_DATABASE,      DISCONNECT, "the server refuses the user or the password: check [database]connection and the server's pg_hba.conf"},
    {"3D000", STEEL_ERROR_DATABASE,      DISCONNECT, "there is no such database: create it, or check [database]connection"},
    {"42501", STEEL_ERROR_DATABASE,      0,          "the user lacks a right: make it the owner of the database"},
    {"22021", STEEL_ERROR_INVALID,       0,          "a text is not UTF-8"},
    {"22P05", STEEL_ERROR_INVALID,       0,          "a text has a character that the database cannot keep"},
    {"22",    STEEL_ERROR_INVALID,       0,          "a value does not fit its column"},
    {"08",    STEEL_ERROR_DATABASE_BUSY, DISCONNECT, "the connection failed; try again"},
    {"",      STEEL_ERROR_DATABASE,      0,          NULL},
};
/* clang-format on */

static const Meaning *
meaning_of(const char *state)
{
    size_t i = 0;
    while (!g_str_has_prefix(state, meanings[i].state))
        i++;
    return &meanings[i];
}

/* The columns of a broken rule. The server names the rule; the columns stand in its detail, which
 * is "Key (node_uuid, name)=(...) already exists." in every language. */
static void
note_columns(DbConflict *conflict, const char *detail)
{
    const char *open = detail != NULL ? strchr(detail, '(') : NULL;
    const char *close = open != NULL ? strstr(open, ")=(") : NULL;
    if (close == NULL)
        return;
    g_autofree char *list = g_strndup(open + 1, (gsize)(close - open - 1));
    g_auto(GStrv) names = g_strsplit(list, ", ", DB_CONFLICT_COLUMNS + 1);
    for (char **name = names; *name != NULL && conflict->column_count < DB_CONFLICT_COLUMNS;
         name++) {
        size_t length = strlen(*name);
        bool quoted = length > 2 && (*name)[0] == '"';
        if (quoted)
            (*name)[length - 1] = '\0';
        g_strlcpy(conflict->columns[conflict->column_count++], *name + quoted, DB_NAME_SIZE);
    }
}

static void
note_conflict(DbConnection *connection, const char *state, const PGresult *result)
{
    DbConflict *conflict = &connection->conflict;
    *conflict = (DbConflict){.kind = DB_CONFLICT_OTHER};
    if (strcmp(state, "23503") == 0)
        conflict->kind = DB_CONFLICT_REFERENCE;
    if (strcmp(state, "23505") != 0)
        return;
    const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    conflict->kind = DB_CONFLICT_UNIQUE;
    g_strlcpy(conflict->table, table != NULL ? table : "", DB_NAME_SIZE);
    note_columns(conflict, PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
}

/* The words of a result that no row of the table has. */
static const char *
words_of(const PGresult *result)
{
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return words != NULL ? words : "an unknown failure";
}

bool
postgres_fail(DbConnection *connection, const PGresult *result, GError **error)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == NULL) /* the library's own: the connection is lost */
        return postgres_fail_lost(connection, PQerrorMessage(connection->handle), error);
    const Meaning *meaning = meaning_of(state);
    if (meaning->flags & CONFLICT)
        note_conflict(connection, state, result);
    if (meaning->code == STEEL_ERROR_DATABASE_BUSY)
        metrics_add(METRIC_DB_BUSY, 1);
    connection->may_repeat = meaning->flags & REPEAT;
    connection->broken = connection->broken || meaning->flags & DISCONNECT;
    if (meaning->text == NULL)
        return steel_fail(error, meaning->code, "%s: %s (%s)", connection->place, words_of(result),
                          state);
    return steel_fail(error, meaning->code, "%s: %s (%s)", connection->place, meaning->text,
                      words_of(result));
}

/* One line, without what only the library's authors need. */
static char *
tidy(const char *message)
{
    g_autofree char *line = g_strdup(message != NULL ? message : "");
    g_strdelimit(g_strstrip(line), "\n\t", ' ');
    return g_strdup_printf("%.300s", *line != '\0' ? line : "the connection is lost");
}

bool
postgres_fail_lost(DbConnection *connection, const char *why, GError **error)
{
    g_autofree char *words = tidy(why);
    connection->broken = connection->lost = true;
    metrics_add(METRIC_DB_BUSY, 1);
    return steel_fail(error, STEEL_ERROR_DATABASE_BUSY, "%s: the connection failed (%s); try again",
                      connection->place, words);
}

bool
postgres_fail_late(DbConnection *connection, GError **error)
{
    connection->broken = true;
    metrics_add(METRIC_DB_BUSY, 1);
    return steel_fail(error, STEEL_ERROR_DATABASE_BUSY,
                      "%s: the server has not answered for %.0f s ([database]call_timeout), and "
                      "the connection is given up; try again",
                      connection->place, (double)connection->call_limit_ms / 1000);
}

/* "... failed: FATAL:  28P01: password authentication failed ...": with the verbosity that the
 * connect has set, the state stands before the words, in every language. */
static char *
state_in(char *line)
{
    for (char *p = line; (p = strstr(p, ":  ")) != NULL; p++) {
        const char *state = p + 3;
        size_t length = strspn(state, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (length == 5 && state[length] == ':')
            return p + 3;
    }
    return NULL;
}

/* The library has no code for these: its sentences name what is at fault, in every language. */
static bool
is_about_tls(const char *words)
{
    return strstr(words, "SSL") != NULL || strstr(words, "certificate") != NULL ||
           strstr(words, "sslrootcert") != NULL;
}

bool
postgres_fail_connect(const char *place, const char *user, const char *message, GError **error)
{
    g_autofree char *first = g_strdup(message != NULL ? message : "");
    g_strdelimit(g_strstrip(first), "\n", '\0');
    char *state = state_in(first);
    if (state == NULL) {
        g_autofree char *words = tidy(first);
        if (is_about_tls(words))
            return steel_fail(error, STEEL_ERROR_DATABASE,
                              "%s: TLS fails: %s; check sslmode and sslrootcert in "
                              "[database]connection, and the server's certificate",
                              place, words);
        return steel_fail(error, STEEL_ERROR_DATABASE_BUSY, "%s does not answer: %s", place, words);
    }
    state[5] = '\0';
    const Meaning *meaning = meaning_of(state);
    return steel_fail(error, meaning->code, "%s, user %s: %s%s(%s)", place,
                      user != NULL ? user : g_get_user_name(),
                      meaning->text != NULL ? meaning->text : "", meaning->text != NULL ? " " : "",
                      state + 7);
}
