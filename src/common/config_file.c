/* The file format of oslo.config; the contract is in config_file.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config_file.h"

#include "common/config_internal.h"
#include "common/error.h"
#include "common/mistakes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Parser {
    const char *path;
    unsigned line; /* of the current text, from 1 */
    ConfigAssignment assignment;
    void *context;
    GString *section;
    GString *name; /* empty: no assignment is open */
    GString *value;
    unsigned name_line;
    bool line_lost;    /* the line above was skipped, and so are its continuations */
    bool section_lost; /* the section line is broken, which was reported */
    Mistakes *mistakes;
} Parser;

static void parse_line(Parser *parser, const char *line, size_t length);
static void flush_assignment(Parser *parser);
static bool read_all(int descriptor, const char *path, GString *text, GError **error);

char *
config_normalize_name(const char *name)
{
    return g_strdelimit(g_strdup(name), "-", '_');
}

bool
config_file_parse(const char *path, const char *text, size_t size, ConfigAssignment assignment,
                  void *context, GError **error)
{
    if (size > CONFIG_MAX_FILE_SIZE)
        return steel_fail(error, STEEL_ERROR_CONFIG, "%s: larger than %zu MiB", path,
                          CONFIG_MAX_FILE_SIZE / 1024 / 1024);
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* byte order mark of some editors */
        text += 3;
        size -= 3;
    }
    g_autoptr(GString) section = g_string_new(NULL);
    g_autoptr(GString) name = g_string_new(NULL);
    g_autoptr(GString) value = g_string_new(NULL);
    g_autoptr(Mistakes) mistakes = mistakes_new();
    Parser parser = {.path = path,
                     .assignment = assignment,
                     .context = context,
                     .section = section,
                     .name = name,
                     .value = value,
                     .mistakes = mistakes};
    const char *end = text + size;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline != NULL ? newline : end;
        parser.line++;
        parse_line(&parser, text, (size_t)(stop - text));
        text = stop + 1;
    }
    flush_assignment(&parser);
    return mistakes_report(mistakes, error);
}

bool
config_file_read(const char *path, ConfigAssignment assignment, void *context, GError **error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0)
        return steel_fail(error, STEEL_ERROR_IO, "%s: %s", path, g_strerror(errno));
    g_autoptr(GString) text = g_string_new(NULL);
    bool read = read_all(descriptor, path, text, error);
    close(descriptor);
    return read && config_file_parse(path, text->str, text->len, assignment, context, error);
}

static bool
read_all(int descriptor, const char *path, GString *text, GError **error)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "%s: %s", path, g_strerror(errno));
    if (S_ISDIR(status.st_mode))
        return steel_fail(error, STEEL_ERROR_IO, "%s: is a directory", path);
    char buffer[16 * 1024];
    while (text->len <= CONFIG_MAX_FILE_SIZE) {
        ssize_t count = read(descriptor, buffer, sizeof buffer);
        if (count == 0)
            return true;
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return steel_fail(error, STEEL_ERROR_IO, "%s: %s", path, g_strerror(errno));
        g_string_append_len(text, buffer, count);
    }
    return true; /* too large, which config_file_parse reports */
}

/* Skips the current line, and the assignment that it belongs to. */
static void
refuse_line(Parser *parser, const char *what)
{
    mistakes_note(parser->mistakes, "%s:%u: %s", parser->path, parser->line, what);
    g_string_truncate(parser->name, 0);
    parser->line_lost = true;
}

static void
flush_assignment(Parser *parser)
{
    GError *error = NULL;
    if (parser->name->len == 0)
        return;
    g_autofree char *name = config_normalize_name(parser->name->str);
    g_string_truncate(parser->name, 0);
    if (!parser->assignment(parser->context, parser->name_line, parser->section->str, name,
                            parser->value->str, &error))
        mistakes_take(parser->mistakes, error);
}

static const char *
trimmed(const char *text, size_t *length)
{
    while (*length > 0 && g_ascii_isspace(text[0])) {
        text++;
        (*length)--;
    }
    while (*length > 0 && g_ascii_isspace(text[*length - 1]))
        (*length)--;
    return text;
}

static void
append_value(Parser *parser, const char *text, size_t length)
{
    if (parser->value->len + length > CONFIG_MAX_VALUE_SIZE)
        refuse_line(parser, "the value is larger than 64 KiB");
    else
        g_string_append_len(parser->value, text, (gssize)length);
}

/* Begins a section; assignments after a broken section line belong to none. */
static void
parse_section(Parser *parser, const char *line, size_t length)
{
    bool closed = line[length - 1] == ']';
    size_t name_length = closed ? length - 2 : 0;
    const char *name = trimmed(line + 1, &name_length);
    parser->section_lost = !closed || name_length == 0 || name_length > 255;
    g_string_truncate(parser->section, 0);
    if (!closed)
        refuse_line(parser, "a section line must end with ]");
    else if (name_length == 0)
        refuse_line(parser, "the section has no name");
    else if (name_length > 255)
        refuse_line(parser, "the section's name is longer than 255 bytes");
    else
        g_string_append_len(parser->section, name, (gssize)name_length);
}

/* What is wrong with an assignment; NULL: nothing. */
static const char *
assignment_fault(const Parser *parser, bool separated, size_t name_length)
{
    if (!separated)
        return "neither a section, nor \"name = value\", nor a comment";
    if (name_length == 0)
        return "there is no name before the value";
    if (name_length > 255)
        return "the name is longer than 255 bytes";
    return parser->section->len == 0 ? "an option stands before any [section]" : NULL;
}

static void
begin_assignment(Parser *parser, const char *name, size_t name_length, const char *value,
                 size_t value_length)
{
    if (value_length >= 2 && (value[0] == '"' || value[0] == '\'') &&
        value[0] == value[value_length - 1]) {
        value++;
        value_length -= 2;
    }
    g_string_truncate(parser->name, 0);
    g_string_append_len(parser->name, name, (gssize)name_length);
    g_string_truncate(parser->value, 0);
    parser->name_line = parser->line;
    append_value(parser, value, value_length);
}

static void
parse_assignment(Parser *parser, const char *line, size_t length)
{
    size_t split = 0;
    while (split < length && line[split] != '=' && line[split] != ':')
        split++;
    size_t name_length = split;
    const char *name = trimmed(line, &name_length);
    const char *mistake = assignment_fault(parser, split < length, name_length);
    parser->line_lost = mistake != NULL || parser->section_lost;
    if (parser->section_lost)
        return;
    if (mistake != NULL) {
        refuse_line(parser, mistake);
        parser->section_lost = split < length && name_length > 0 && parser->section->len == 0;
        return;
    }
    size_t value_length = length - split - 1;
    const char *value = trimmed(line + split + 1, &value_length);
    begin_assignment(parser, name, name_length, value, value_length);
}

static void
continue_value(Parser *parser, const char *line, size_t length)
{
    if (parser->line_lost)
        return;
    if (parser->name->len == 0) {
        refuse_line(parser, "an indented line continues nothing");
        return;
    }
    if (parser->value->len > 0) /* a value may start on the line after its name */
        append_value(parser, "\n", 1);
    if (!parser->line_lost)
        append_value(parser, line, length);
}

static void
parse_line(Parser *parser, const char *line, size_t length)
{
    bool indented = length > 0 && (line[0] == ' ' || line[0] == '\t');
    if (!g_utf8_validate_len(line, length, NULL)) {
        if (!indented)
            flush_assignment(parser);
        parser->section_lost = parser->section_lost || line[0] == '[';
        refuse_line(parser, "not UTF-8 text");
        return;
    }
    line = trimmed(line, &length);
    if (indented && length > 0) {
        continue_value(parser, line, length);
        return;
    }
    flush_assignment(parser);
    parser->line_lost = false;
    if (length == 0 || line[0] == '#' || line[0] == ';')
        return;
    if (line[0] == '[')
        parse_section(parser, line, length);
    else
        parse_assignment(parser, line, length);
}
