/* The file format of oslo.config; the contract is in config_file.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config_file.h"

#include "common/config_internal.h"
#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Parser {
    const char *path;
    unsigned line; /* of the text being looked at, from 1 */
    ConfigAssignment assignment;
    void *context;
    GString *section;
    GString *name; /* empty: no assignment is open */
    GString *value;
    unsigned name_line;
} Parser;

static bool parse_line(Parser *parser, const char *line, size_t length, GError **error);
static bool flush_assignment(Parser *parser, GError **error);
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
    Parser parser = {path, 0, assignment, context, section, name, value, 0};
    const char *end = text + size;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline != NULL ? newline : end;
        parser.line++;
        if (!parse_line(&parser, text, (size_t)(stop - text), error))
            return false;
        text = stop + 1;
    }
    return flush_assignment(&parser, error);
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
    return true; /* too large: config_file_parse says so */
}

static bool
fail_at(const Parser *parser, GError **error, const char *what)
{
    return steel_fail(error, STEEL_ERROR_CONFIG, "%s:%u: %s", parser->path, parser->line, what);
}

static bool
flush_assignment(Parser *parser, GError **error)
{
    if (parser->name->len == 0)
        return true;
    g_autofree char *name = config_normalize_name(parser->name->str);
    g_string_truncate(parser->name, 0);
    return parser->assignment(parser->context, parser->name_line, parser->section->str, name,
                              parser->value->str, error);
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

static bool
append_value(Parser *parser, const char *text, size_t length, GError **error)
{
    if (parser->value->len + length > CONFIG_MAX_VALUE_SIZE)
        return fail_at(parser, error, "the value is larger than 64 KiB");
    g_string_append_len(parser->value, text, (gssize)length);
    return true;
}

static bool
parse_section(Parser *parser, const char *line, size_t length, GError **error)
{
    if (line[length - 1] != ']')
        return fail_at(parser, error, "a section line must end with ]");
    line++;
    length -= 2;
    line = trimmed(line, &length);
    if (length == 0)
        return fail_at(parser, error, "the section has no name");
    if (length > 255)
        return fail_at(parser, error, "the section's name is longer than 255 bytes");
    g_string_truncate(parser->section, 0);
    g_string_append_len(parser->section, line, (gssize)length);
    return true;
}

static bool
parse_assignment(Parser *parser, const char *line, size_t length, GError **error)
{
    size_t split = 0;
    while (split < length && line[split] != '=' && line[split] != ':')
        split++;
    if (split == length)
        return fail_at(parser, error, "neither a section, nor \"name = value\", nor a comment");
    size_t name_length = split;
    const char *name = trimmed(line, &name_length);
    if (name_length == 0)
        return fail_at(parser, error, "there is no name before the value");
    if (name_length > 255)
        return fail_at(parser, error, "the name is longer than 255 bytes");
    if (parser->section->len == 0)
        return fail_at(parser, error, "an option stands before any [section]");
    size_t value_length = length - split - 1;
    const char *value = trimmed(line + split + 1, &value_length);
    if (value_length >= 2 && (value[0] == '"' || value[0] == '\'') &&
        value[0] == value[value_length - 1]) {
        value++;
        value_length -= 2;
    }
    g_string_truncate(parser->name, 0);
    g_string_append_len(parser->name, name, (gssize)name_length);
    g_string_truncate(parser->value, 0);
    parser->name_line = parser->line;
    return append_value(parser, value, value_length, error);
}

static bool
parse_line(Parser *parser, const char *line, size_t length, GError **error)
{
    if (!g_utf8_validate_len(line, length, NULL))
        return fail_at(parser, error, "not UTF-8 text");
    bool indented = length > 0 && (line[0] == ' ' || line[0] == '\t');
    line = trimmed(line, &length);
    if (indented && length > 0) {
        if (parser->name->len == 0)
            return fail_at(parser, error, "an indented line continues nothing");
        size_t separator =
            parser->value->len > 0; /* a value may start on the line after its name */
        return append_value(parser, "\n", separator, error) &&
               append_value(parser, line, length, error);
    }
    if (!flush_assignment(parser, error))
        return false;
    if (length == 0 || line[0] == '#' || line[0] == ';')
        return true;
    if (line[0] == '[')
        return parse_section(parser, line, length, error);
    return parse_assignment(parser, line, length, error);
}
