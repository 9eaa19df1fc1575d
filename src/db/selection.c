/* Selections as SQL, made once; the contract is in selection.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/selection.h"

#include "db/sql.h"

static void
append_literal(GString *sql, const char *text)
{
    g_string_append_c(sql, '\'');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            g_string_append_c(sql, '\'');
        g_string_append_c(sql, *p);
    }
    g_string_append_c(sql, '\'');
}

static void
append_column(GString *sql, const DbColumn *column)
{
    if (column->unless != NULL)
        g_string_append_printf(sql, "CASE WHEN \"%s\" <> 0 THEN 'null' ELSE \"%s\" END",
                               column->unless, field_column(column->field));
    else if (!column->fixed)
        g_string_append_printf(sql, "\"%s\"", field_column(column->field));
    else if (column->text != NULL)
        append_literal(sql, column->text);
    else
        g_string_append(sql, "NULL");
}

/* A statement for the rows with this value in this field; NULL if there is no such field. */
static char *
select_by(const DbSelection *selection, const char *field)
{
    if (field == NULL)
        return NULL;
    return g_strdup_printf("SELECT %s FROM %s WHERE \"%s\" = ?1", selection->columns,
                           selection->resource->table, field);
}

DbSelection *
db_selection_new(const Resource *resource, const DbColumn *columns, size_t count)
{
    DbSelection *selection = g_new0(DbSelection, 1);
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < count; i++) {
        g_string_append(text, i > 0 ? ", " : "");
        append_column(text, &columns[i]);
    }
    selection->resource = resource;
    selection->columns = g_string_free(text, FALSE);
    selection->by_key = select_by(selection, resource->key);
    selection->by_name = select_by(selection, resource->name_field);
    if (resource_field(resource, "node_uuid") != NULL)
        selection->of_node = g_strconcat(selection->by_key, " AND node_uuid = ?2", NULL);
    return selection;
}

void
db_selection_free(DbSelection *selection)
{
    if (selection == NULL)
        return;
    g_free(selection->columns);
    g_free(selection->by_key);
    g_free(selection->by_name);
    g_free(selection->of_node);
    g_free(selection);
}
