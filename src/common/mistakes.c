/* Collected mistakes; the contract is in mistakes.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/mistakes.h"

#include <string.h>

/* Nobody corrects more at a time, and a file of another format has a mistake in every line. */
#define MOST 100

struct Mistakes {
    GPtrArray *texts; /* char *, owned; single lines */
    size_t left_out;
    int code; /* of the first mistake */
};

Mistakes *
mistakes_new(void)
{
    Mistakes *mistakes = g_new0(Mistakes, 1);
    mistakes->texts = g_ptr_array_new_with_free_func(g_free);
    return mistakes;
}

void
mistakes_free(Mistakes *mistakes)
{
    if (mistakes == NULL)
        return;
    g_ptr_array_unref(mistakes->texts);
    g_free(mistakes);
}

static void
add(Mistakes *mistakes, const char *text, int code)
{
    if (mistakes->texts->len >= MOST) {
        mistakes->left_out++;
        return;
    }
    if (mistakes->texts->len == 0)
        mistakes->code = code;
    g_ptr_array_add(mistakes->texts, g_strdup(text));
}

void
mistakes_note(Mistakes *mistakes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    add(mistakes, g_strdelimit(text, "\n", ' '), STEEL_ERROR_CONFIG); /* a line for each */
}

void
mistakes_take(Mistakes *mistakes, GError *error)
{
    if (error == NULL)
        return;
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        add(mistakes, *line, error->code);
    g_error_free(error);
}

/* The number of the line in "file:12: ..."; 0 if absent. *file_length is the length of the file's
 * name. */
static uint64_t
line_number(const char *text, size_t *file_length)
{
    for (const char *colon = strchr(text, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
        size_t digits = strspn(colon + 1, "0123456789");
        *file_length = (size_t)(colon - text);
        if (digits > 0 && colon[1 + digits] == ':')
            return g_ascii_strtoull(colon + 1, NULL, 10);
    }
    *file_length = strlen(text);
    return 0;
}

/* By file and line. Mistakes without a line keep their place. */
static int
compare_places(const void *left, const void *right)
{
    const char *a = *(const char *const *)left, *b = *(const char *const *)right;
    size_t a_length = 0, b_length = 0;
    uint64_t a_line = line_number(a, &a_length), b_line = line_number(b, &b_length);
    if (a_line == 0 || b_line == 0)
        return (a_line == 0) - (b_line == 0);
    int order = strncmp(a, b, MIN(a_length, b_length));
    if (order != 0 || a_length != b_length)
        return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
    return (a_line > b_line) - (a_line < b_line);
}

bool
mistakes_report(const Mistakes *mistakes, GError **error)
{
    size_t count = mistakes->texts->len;
    if (count == 0)
        return true;
    if (count == 1)
        return steel_fail(error, (SteelErrorCode)mistakes->code, "%s",
                          (const char *)mistakes->texts->pdata[0]);
    g_ptr_array_sort(mistakes->texts, compare_places); /* GLib's sort is stable */
    g_autoptr(GString) all = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(all, "%s%s", i > 0 ? "\n" : "",
                               (const char *)mistakes->texts->pdata[i]);
    if (mistakes->left_out > 0)
        g_string_append_printf(all, "\nand %zu more", mistakes->left_out);
    return steel_fail(error, STEEL_ERROR_CONFIG, "%s", all->str);
}
