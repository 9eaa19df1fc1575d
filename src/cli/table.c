/* Drawing tables in characters.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"
#include <string.h>

Table *
table_new(void)
{
    Table *table = g_new0(Table, 1);
    table->headers = g_ptr_array_new_with_free_func(g_free);
    table->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    table->right = g_array_new(false, true, sizeof(bool));
    return table;
}

void
table_free(Table *table)
{
    if (table == NULL)
        return;
    g_ptr_array_unref(table->headers);
    g_ptr_array_unref(table->rows);
    g_array_unref(table->right);
    g_free(table);
}

void
table_add_column(Table *table, const char *header, bool align_right)
{
    g_ptr_array_add(table->headers, g_strdup(header));
    g_array_append_val(table->right, align_right);
}

GPtrArray *
table_add_row(Table *table)
{
    GPtrArray *row = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(table->rows, row);
    return row;
}

static size_t
character_columns(gunichar c)
{
    if (g_unichar_iszerowidth(c) || g_unichar_iscntrl(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

size_t
text_columns(const char *text, size_t size)
{
    size_t columns = 0;
    const char *end = text + size;
    while (text < end) {
        gunichar c = g_utf8_get_char_validated(text, end - text);
        if (c == (gunichar)-1 || c == (gunichar)-2) { /* not UTF-8: a byte is a column */
            columns++;
            text++;
            continue;
        }
        columns += character_columns(c);
        text = g_utf8_find_next_char(text, NULL);
    }
    return columns;
}

/* A letter of a word; bytes of other scripts than ASCII count as such. */
static bool
is_letter(char c)
{
    return g_ascii_isalpha(c) || (unsigned char)c >= 0x80;
}

/* True if a word may be broken after the hyphen at `at`: two letters before it, letters after
 * it. */
static bool
breaks_behind(const char *line, const char *at)
{
    return *at == '-' && at >= line + 2 && is_letter(at[-1]) && is_letter(at[-2]) &&
           is_letter(at[1]) && (is_letter(at[2]) || (at[2] == '-' && is_letter(at[3])));
}

/* Splits a line where it may be broken: before and after runs of blanks, and after hyphens within
 * words. These are the rules of Python's textwrap, which draws the tables of the reference
 * client. */
static GPtrArray *
chunks_of(const char *line)
{
    GPtrArray *chunks = g_ptr_array_new_with_free_func(g_free);
    const char *start = line;
    for (const char *at = line; *at != '\0'; at++) {
        bool blank = *at == ' ', next_blank = at[1] == ' ';
        if (at[1] == '\0' || blank != next_blank || breaks_behind(line, at)) {
            g_ptr_array_add(chunks, g_strndup(start, (size_t)(at + 1 - start)));
            start = at + 1;
        }
    }
    return chunks;
}

/* Bytes of the longest beginning of `text` that takes at most `width` columns; at least one
 * character. */
static size_t
bytes_that_fit(const char *text, size_t width)
{
    const char *at = text;
    size_t columns = 0;
    while (*at != '\0') {
        const char *next = g_utf8_find_next_char(at, NULL);
        columns += text_columns(at, (size_t)(next - at));
        if (columns > width && at > text)
            break;
        at = next;
    }
    return (size_t)(at - text);
}

/* Bytes to cut off a word that is longer than a line: up to a hyphen, if one fits. */
static size_t
bytes_before_break(const char *word, size_t width)
{
    size_t bytes = bytes_that_fit(word, width);
    const char *hyphen = g_strrstr_len(word, (gssize)bytes, "-");
    if (hyphen != NULL && strspn(word, "-") < (size_t)(hyphen - word))
        return (size_t)(hyphen + 1 - word);
    return bytes;
}

static void
finish_piece(GPtrArray *pieces, GString *piece)
{
    g_ptr_array_add(pieces, g_strchomp(g_strdup(piece->str)));
    g_string_truncate(piece, 0);
}

GPtrArray *
text_wrap(const char *line, size_t width)
{
    GPtrArray *pieces = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) chunks = chunks_of(line);
    g_autoptr(GString) piece = g_string_new(NULL);
    for (guint i = 0; i < chunks->len; i++) {
        const char *chunk = g_ptr_array_index(chunks, i);
        size_t columns = text_columns(chunk, strlen(chunk));
        size_t used = text_columns(piece->str, piece->len);
        if (used + columns > width && used > 0 && (columns <= width || chunk[0] == ' ')) {
            finish_piece(pieces, piece);
            used = 0;
        }
        if (chunk[0] == ' ' && used == 0 && pieces->len > 0)
            continue; /* a line does not begin with the blanks it was broken at */
        while (used + columns > width) {
            size_t bytes = width > used ? bytes_before_break(chunk, width - used) : 0;
            g_string_append_len(piece, chunk, (gssize)bytes);
            finish_piece(pieces, piece);
            chunk += bytes;
            columns = text_columns(chunk, strlen(chunk));
            used = 0;
        }
        g_string_append(piece, chunk);
    }
    if (piece->len > 0 || pieces->len == 0)
        finish_piece(pieces, piece);
    return pieces;
}

/* The lines of a cell, wrapped when `width` is not 0. */
static GPtrArray *
cell_lines(const char *text, size_t width)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GPtrArray *result = g_ptr_array_new_with_free_func(g_free);
    for (char **line = lines; *line != NULL; line++) {
        if (width == 0 || text_columns(*line, strlen(*line)) <= width) {
            g_ptr_array_add(result, g_strdup(*line));
            continue;
        }
        GPtrArray *pieces = text_wrap(*line, width);
        g_ptr_array_extend_and_steal(result, pieces);
    }
    if (result->len == 0)
        g_ptr_array_add(result, g_strdup(""));
    return result;
}

/* Columns of the longest line of a cell. */
static size_t
widest(const char *text)
{
    g_autoptr(GPtrArray) lines = cell_lines(text, 0);
    size_t width = 0;
    for (guint i = 0; i < lines->len; i++) {
        const char *line = g_ptr_array_index(lines, i);
        width = MAX(width, text_columns(line, strlen(line)));
    }
    return width;
}

/* Width of each column: its heading, and its cells up to the limit at which they are wrapped (0:
 * none). */
static GArray *
column_widths(const Table *table, const GArray *limits)
{
    GArray *widths = g_array_new(false, true, sizeof(size_t));
    for (guint column = 0; column < table->headers->len; column++) {
        size_t limit = g_array_index(limits, size_t, column);
        size_t width = widest(g_ptr_array_index(table->headers, column));
        for (guint i = 0; i < table->rows->len; i++) {
            const GPtrArray *row = g_ptr_array_index(table->rows, i);
            size_t wanted = widest(g_ptr_array_index(row, column));
            width = MAX(width, limit > 0 ? MIN(wanted, limit) : wanted);
        }
        g_array_append_val(widths, width);
    }
    return widths;
}

/* Distributes the columns of a table that is too wide: those below the average keep theirs, the
 * others share the rest (cliff's TableFormatter does it so). */
static void
assign_limits(const GArray *widths, size_t maximum_width, size_t least_width, GArray *limits)
{
    size_t count = widths->len, total = 1, usable, average, left;
    guint shrinking = 0, last = 0;
    for (guint i = 0; i < count; i++)
        total += g_array_index(widths, size_t, i) + 3;
    if (total <= maximum_width)
        return;
    usable = maximum_width > 1 + 3 * count ? maximum_width - 1 - 3 * count : 0;
    average = usable / count;
    left = usable;
    for (guint i = 0; i < count; i++) {
        size_t width = g_array_index(widths, size_t, i);
        if (width <= average) {
            left -= width;
        } else {
            shrinking++;
            last = i;
        }
    }
    if (shrinking == 0)
        return;
    size_t share = left / shrinking;
    for (guint i = 0; i < count; i++) {
        if (g_array_index(widths, size_t, i) <= average)
            continue;
        g_array_index(limits, size_t, i) = MAX(least_width, i == last ? left : share);
        left -= i == last ? 0 : share;
    }
}

static void
append_border(GString *out, const GArray *widths)
{
    for (guint i = 0; i < widths->len; i++) {
        g_string_append_c(out, '+');
        for (size_t j = 0; j < g_array_index(widths, size_t, i) + 2; j++)
            g_string_append_c(out, '-');
    }
    g_string_append(out, "+\n");
}

static void
cell(GString *out, const char *text, size_t width, bool right)
{
    size_t columns = text_columns(text, strlen(text));
    int blanks = columns < width ? (int)(width - columns) : 0;
    if (right)
        g_string_append_printf(out, "| %*s%s ", blanks, "", text);
    else
        g_string_append_printf(out, "| %s%*s ", text, blanks, "");
}

static void
draw_row(const Table *table, const GPtrArray *texts, const GArray *widths, GString *out)
{
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    guint height = 1;
    for (guint i = 0; i < texts->len; i++) {
        GPtrArray *lines =
            cell_lines(g_ptr_array_index(texts, i), g_array_index(widths, size_t, i));
        g_ptr_array_add(cells, lines);
        height = MAX(height, lines->len);
    }
    for (guint line = 0; line < height; line++) {
        for (guint i = 0; i < cells->len; i++) {
            const GPtrArray *lines = g_ptr_array_index(cells, i);
            cell(out, line < lines->len ? g_ptr_array_index(lines, line) : "",
                 g_array_index(widths, size_t, i), g_array_index(table->right, bool, i));
        }
        g_string_append(out, "|\n");
    }
}

void
table_render(const Table *table, size_t maximum_width, size_t least_width, GString *out)
{
    if (table->headers->len == 0)
        return;
    g_autoptr(GArray) limits = g_array_new(false, true, sizeof(size_t));
    g_array_set_size(limits, table->headers->len);
    g_autoptr(GArray) widths = column_widths(table, limits);
    if (maximum_width > 0) {
        assign_limits(widths, maximum_width, least_width, limits);
        g_array_unref(widths);
        widths = column_widths(table, limits);
    }
    append_border(out, widths);
    draw_row(table, table->headers, widths, out);
    append_border(out, widths);
    for (guint i = 0; i < table->rows->len; i++)
        draw_row(table, g_ptr_array_index(table->rows, i), widths, out);
    if (table->rows->len > 0)
        append_border(out, widths);
}
