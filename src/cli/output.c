/* Lists and single items in six formats.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"
#include "cli/table.h"
#include "common/python_text.h"
#include "common/yaml_text.h"
#include <string.h>

Listing *
listing_new(bool single)
{
    Listing *listing = g_new0(Listing, 1);
    listing->single = single;
    listing->columns = g_ptr_array_new_with_free_func(g_free);
    listing->rows = json_array();
    return listing;
}

void
listing_free(Listing *listing)
{
    if (listing == NULL)
        return;
    g_ptr_array_unref(listing->columns);
    json_decref(listing->rows);
    g_free(listing);
}

Listing *
listing_from_object(json_t *object)
{
    Listing *listing = listing_new(true);
    g_autoptr(GPtrArray) keys = json_sorted_keys(object);
    json_t *row = json_array();
    for (guint i = 0; i < keys->len; i++) {
        const char *key = g_ptr_array_index(keys, i);
        g_ptr_array_add(listing->columns, g_strdup(key));
        json_array_append(row, json_object_get(object, key));
    }
    json_array_append_new(listing->rows, row);
    return listing;
}

/* Place of a value's type in the order of mixed values; numbers and booleans compare as numbers. */
static int
type_rank(const json_t *value)
{
    if (json_is_number(value) || json_is_boolean(value))
        return 0;
    if (json_is_string(value))
        return 1;
    return json_is_null(value) ? 3 : 2;
}

static double
number_of(const json_t *value)
{
    return json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
}

int
json_compare(const json_t *left, const json_t *right)
{
    int rank = type_rank(left), difference = rank - type_rank(right);
    if (difference != 0)
        return difference;
    if (rank == 1)
        return strcmp(json_string_value(left), json_string_value(right));
    if (rank == 0)
        return (number_of(left) > number_of(right)) - (number_of(left) < number_of(right));
    return 0;
}

typedef struct SortKey {
    guint column;
    int sign;
} SortKey;

static int
compare_rows(const void *left, const void *right, void *user)
{
    const SortKey *key = user;
    json_t *const *rows[] = {left, right};
    return key->sign * json_compare(json_array_get(*rows[0], key->column),
                                    json_array_get(*rows[1], key->column));
}

void
listing_sort(Listing *listing, guint column, bool descending)
{
    SortKey key = {.column = column, .sign = descending ? -1 : 1};
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    size_t i;
    json_t *row;
    json_array_foreach(listing->rows, i, row) g_ptr_array_add(rows, row);
    g_ptr_array_sort_with_data(rows, compare_rows, &key); /* stable since GLib 2.32 */
    json_t *sorted = json_array();
    for (guint j = 0; j < rows->len; j++)
        json_array_append(sorted, g_ptr_array_index(rows, j));
    json_decref(listing->rows);
    listing->rows = sorted;
}

static bool
contains(const GPtrArray *names, const char *name)
{
    for (guint i = 0; names != NULL && i < names->len; i++) {
        if (strcmp(g_ptr_array_index(names, i), name) == 0)
            return true;
    }
    return false;
}

static void
sort_by_names(Listing *listing, const OutputOptions *options)
{
    const GPtrArray *names = options->sort_columns;
    for (guint i = names != NULL ? names->len : 0; i-- > 0;) {
        for (guint column = 0; column < listing->columns->len; column++) {
            if (strcmp(g_ptr_array_index(listing->columns, column), g_ptr_array_index(names, i)) ==
                0)
                listing_sort(listing, column, options->sort_descending);
        }
    }
}

/* Drops the columns that were not chosen. */
static bool
select_columns(Listing *listing, const GPtrArray *wanted, GError **error)
{
    if (wanted == NULL || wanted->len == 0 || listing->columns->len == 0)
        return true;
    bool found = false;
    for (guint i = 0; i < listing->columns->len; i++)
        found = found || contains(wanted, g_ptr_array_index(listing->columns, i));
    if (!found) {
        g_autoptr(GString) known = g_string_new(NULL);
        for (guint i = 0; i < listing->columns->len; i++)
            g_string_append_printf(known, "%s%s", i > 0 ? ", " : "",
                                   (const char *)g_ptr_array_index(listing->columns, i));
        return steel_fail(error, STEEL_ERROR_INVALID, "No column named %s; there are %s",
                          (const char *)g_ptr_array_index(wanted, 0), known->str);
    }
    for (guint i = listing->columns->len; i-- > 0;) {
        size_t row_index;
        json_t *row;
        if (contains(wanted, g_ptr_array_index(listing->columns, i)))
            continue;
        g_ptr_array_remove_index(listing->columns, i);
        json_array_foreach(listing->rows, row_index, row) json_array_remove(row, i);
    }
    return true;
}

/* A cell's text for a terminal: control characters are shown as text. */
static char *
cell_text(json_t *value)
{
    g_autofree char *text = python_str(value);
    GString *out = g_string_new(NULL);
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '\r')
            g_string_append(out, at[1] == '\n' ? "" : " ");
        else if (c == '\t')
            g_string_append(out, "    ");
        else if ((c < 0x20 && c != '\n') || c == 0x7f)
            g_string_append_printf(out, "\\x%02x", c);
        else
            g_string_append_c(out, (char)c);
    }
    return g_string_free(out, false);
}

static void
render_list_table(const Listing *listing, Table *table)
{
    json_t *first = json_array_get(listing->rows, 0);
    for (guint i = 0; i < listing->columns->len; i++)
        table_add_column(table, g_ptr_array_index(listing->columns, i),
                         json_is_number(json_array_get(first, i)));
    size_t row_index, i;
    json_t *row, *value;
    json_array_foreach(listing->rows, row_index, row)
    {
        GPtrArray *cells = table_add_row(table);
        json_array_foreach(row, i, value) g_ptr_array_add(cells, cell_text(value));
    }
}

static void
render_single_table(const Listing *listing, Table *table)
{
    table_add_column(table, "Field", false);
    table_add_column(table, "Value", false);
    json_t *row = json_array_get(listing->rows, 0);
    for (guint i = 0; i < listing->columns->len; i++) {
        GPtrArray *cells = table_add_row(table);
        g_ptr_array_add(cells, g_strdup(g_ptr_array_index(listing->columns, i)));
        g_ptr_array_add(cells, cell_text(json_array_get(row, i)));
    }
}

static void
render_table(const Listing *listing, const OutputOptions *options, GString *out)
{
    g_autoptr(Table) table = table_new();
    if (listing->single)
        render_single_table(listing, table);
    else
        render_list_table(listing, table);
    if (table->rows->len == 0 && (listing->single || !options->print_empty)) {
        g_string_append_c(out, '\n');
        return;
    }
    int width = options->maximum_width > 0 ? options->maximum_width
                : options->fit_width       ? options->terminal_width
                                           : 0;
    table_render(table, (size_t)MAX(width, 0), listing->single ? 16 : 8, out);
}

/* The rows as objects by column name; a single listing is one object. New reference. */
static json_t *
as_objects(const Listing *listing)
{
    json_t *objects = json_array();
    size_t row_index, i;
    json_t *row, *value;
    json_array_foreach(listing->rows, row_index, row)
    {
        json_t *object = json_object();
        json_array_foreach(row, i, value)
            json_object_set(object, g_ptr_array_index(listing->columns, i), value);
        json_array_append_new(objects, object);
    }
    if (!listing->single)
        return objects;
    json_t *object = json_incref(json_array_get(objects, 0));
    json_decref(objects);
    return object;
}

static void
render_yaml(const Listing *listing, GString *out)
{
    json_auto_t *objects = as_objects(listing);
    if (!listing->single) {
        yaml_text_append(out, objects);
        return;
    }
    const char *key;
    json_t *value;
    json_object_foreach(objects, key, value)
    {
        json_auto_t *field = json_object();
        json_object_set(field, key, value);
        yaml_text_append(out, field);
    }
}

static void
render_values(const Listing *listing, GString *out)
{
    size_t row_index, i;
    json_t *row, *value;
    json_array_foreach(listing->rows, row_index, row)
    {
        json_array_foreach(row, i, value)
        {
            g_autofree char *text = python_str(value);
            if (i > 0 && !listing->single)
                g_string_append_c(out, ' ');
            g_string_append(out, text);
            if (listing->single)
                g_string_append_c(out, '\n');
        }
        if (!listing->single)
            g_string_append_c(out, '\n');
    }
}

/* One field as Python's csv module writes it with escapechar '\\' and doubled quotes. */
static void
csv_field(GString *out, const char *text, bool number, CsvQuote mode)
{
    bool special = strpbrk(text, ",\"\\\r\n") != NULL;
    bool quoted = mode == CSV_QUOTE_ALL || (mode == CSV_QUOTE_NONNUMERIC && !number) ||
                  (mode != CSV_QUOTE_NONE && special);
    if (quoted)
        g_string_append_c(out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\\' || (!quoted && strchr(",\"\r\n", *at) != NULL))
            g_string_append_c(out, '\\');
        else if (*at == '"')
            g_string_append_c(out, '"');
        g_string_append_c(out, *at);
    }
    if (quoted)
        g_string_append_c(out, '"');
}

static void
render_csv(const Listing *listing, CsvQuote mode, GString *out)
{
    for (guint i = 0; i < listing->columns->len; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        csv_field(out, g_ptr_array_index(listing->columns, i), false, mode);
    }
    g_string_append_c(out, '\n');
    size_t row_index, i;
    json_t *row, *value;
    json_array_foreach(listing->rows, row_index, row)
    {
        json_array_foreach(row, i, value)
        {
            g_autofree char *text = json_is_null(value) ? g_strdup("") : python_str(value);
            if (i > 0)
                g_string_append_c(out, ',');
            csv_field(out, text, json_is_number(value) || json_is_boolean(value), mode);
        }
        g_string_append_c(out, '\n');
    }
}

/* name="value" lines. Unlike cliff's they are safe to eval: $, ` and \ are escaped as well. */
static void
render_shell(const Listing *listing, const char *prefix, GString *out)
{
    json_t *row = json_array_get(listing->rows, 0);
    for (guint i = 0; i < listing->columns->len; i++) {
        g_autofree char *name = g_ascii_strdown(g_ptr_array_index(listing->columns, i), -1);
        g_autofree char *text = python_str(json_array_get(row, i));
        g_strcanon(name, G_CSET_a_2_z G_CSET_DIGITS "_", '_');
        g_string_append_printf(out, "%s%s=\"", prefix != NULL ? prefix : "", name);
        for (const char *at = text; *at != '\0'; at++) {
            if (strchr("\"\\$`", *at) != NULL)
                g_string_append_c(out, '\\');
            g_string_append_c(out, *at);
        }
        g_string_append(out, "\"\n");
    }
}

bool
output_render(Listing *listing, const OutputOptions *options, GString *out, GError **error)
{
    sort_by_names(listing, options);
    if (!select_columns(listing, options->columns, error))
        return false;
    switch (options->format) {
    case OUTPUT_TABLE:
        render_table(listing, options, out);
        break;
    case OUTPUT_JSON: {
        json_auto_t *objects = as_objects(listing);
        python_json_append(out, objects, !options->noindent);
        g_string_append_c(out, '\n');
        break;
    }
    case OUTPUT_YAML:
        render_yaml(listing, out);
        break;
    case OUTPUT_VALUE:
        render_values(listing, out);
        break;
    case OUTPUT_CSV:
        render_csv(listing, options->quote, out);
        break;
    case OUTPUT_SHELL:
        render_shell(listing, options->prefix, out);
        break;
    }
    return true;
}
