/* Tables with +---+ borders, as prettytable draws them for `baremetal`: cells padded by one blank,
 * several lines per cell, East Asian wide characters counted as two columns, long columns wrapped
 * to a given width.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Table {
    GPtrArray *headers; /* of char *, owned */
    GPtrArray *rows;    /* of GPtrArray of char *, owned; each as long as headers */
    GArray *right;      /* of bool: the column is aligned right */
} Table;

Table *table_new(void);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* Adds a column; the text is copied. All columns come before the first row. */
void table_add_column(Table *table, const char *header, bool align_right);

/* Adds an empty row and returns it: the caller adds one char * per column, which the table then
 * owns. */
GPtrArray *table_add_row(Table *table);

/* Draws the table, a newline after every line.
 *
 * maximum_width  columns of the whole table; longer columns are wrapped, but none below
 *                least_width. 0: as wide as the content.
 */
void table_render(const Table *table, size_t maximum_width, size_t least_width, GString *out);

/* Terminal columns that a line of text takes: wide characters 2, combining and control characters
 * 0. */
size_t text_columns(const char *text, size_t size);

/* Breaks one line at blanks (and hyphens between letters) so that no piece is wider than `width`
 * columns; words that are longer are cut. Returns the pieces, at least one. Free with
 * g_ptr_array_unref. */
GPtrArray *text_wrap(const char *line, size_t width);
