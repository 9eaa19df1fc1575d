/* Policy files: YAML or JSON, rule names to check strings; the contract is in policy.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

enum { FILE_LIMIT = 1024 * 1024, RULE_LIMIT = 10000 };

/* A file that is read event by event. */
typedef struct Reader {
    const char *name;
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
    GHashTable *overrides;
    GError **error;
} Reader;

static size_t
line_of(const Reader *reader)
{
    return reader->event.start_mark.line + 1;
}

/* Goes to the next event. Refuses what no policy file may contain. */
static bool
next(Reader *reader)
{
    if (reader->has_event)
        yaml_event_delete(&reader->event);
    reader->has_event = yaml_parser_parse(&reader->parser, &reader->event);
    if (!reader->has_event)
        return steel_fail(reader->error, STEEL_ERROR_CONFIG, "%s:%zu: %s", reader->name,
                          reader->parser.problem_mark.line + 1,
                          reader->parser.problem != NULL ? reader->parser.problem
                                                         : "it cannot be read");
    if (reader->event.type == YAML_ALIAS_EVENT)
        return steel_fail(reader->error, STEEL_ERROR_CONFIG, "%s:%zu: aliases are not supported",
                          reader->name, line_of(reader));
    return true;
}

static bool
next_is(Reader *reader, yaml_event_type_t type, const char *expected)
{
    if (!next(reader))
        return false;
    if (reader->event.type == type)
        return true;
    return steel_fail(reader->error, STEEL_ERROR_CONFIG, "%s:%zu: %s is expected", reader->name,
                      line_of(reader), expected);
}

/* The text of the current scalar. A plain empty value is refused: it is a rule without a check. */
static char *
scalar(Reader *reader, const char *rule)
{
    const char *text = (const char *)reader->event.data.scalar.value;
    size_t length = reader->event.data.scalar.length;
    bool plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (memchr(text, '\0', length) != NULL) {
        steel_fail(reader->error, STEEL_ERROR_CONFIG, "%s:%zu: there is a NUL in it", reader->name,
                   line_of(reader));
        return NULL;
    }
    if (plain && (length == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0)) {
        steel_fail(
            reader->error, STEEL_ERROR_CONFIG,
            "%s:%zu: rule \"%s\" has no check; write \"@\" to admit everybody, \"!\" for nobody",
            reader->name, line_of(reader), rule);
        return NULL;
    }
    return g_strdup(text);
}

/* An inner list of the older form: all its checks must hold. */
static bool
read_all_of(Reader *reader, const char *rule, GString *out)
{
    const char *joint = "(";
    for (;;) {
        if (!next(reader))
            return false;
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (reader->event.type != YAML_SCALAR_EVENT)
            return steel_fail(reader->error, STEEL_ERROR_CONFIG,
                              "%s:%zu: rule \"%s\": a check is expected", reader->name,
                              line_of(reader), rule);
        g_autofree char *text = scalar(reader, rule);
        if (text == NULL)
            return false;
        g_string_append_printf(out, "%s%s", joint, text);
        joint = " and ";
    }
    if (*joint == ' ')
        g_string_append_c(out, ')');
    return true;
}

/* The older form of a rule, [["role:a", "role:b"], "role:c"], as a check string. One of the inner
 * lists must hold. */
static char *
read_any_of(Reader *reader, const char *rule)
{
    g_autoptr(GString) out = g_string_new(NULL);
    bool any = false;
    for (;;) {
        g_autoptr(GString) inner = g_string_new(NULL);
        if (!next(reader))
            return NULL;
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        any = true;
        if (reader->event.type == YAML_SCALAR_EVENT) {
            g_autofree char *text = scalar(reader, rule);
            if (text == NULL)
                return NULL;
            g_string_append(inner, text);
        } else if (reader->event.type != YAML_SEQUENCE_START_EVENT) {
            steel_fail(reader->error, STEEL_ERROR_CONFIG,
                       "%s:%zu: rule \"%s\": a check or a list is expected", reader->name,
                       line_of(reader), rule);
            return NULL;
        } else if (!read_all_of(reader, rule, inner)) {
            return NULL;
        }
        if (inner->len > 0)
            g_string_append_printf(out, "%s%s", out->len > 0 ? " or " : "", inner->str);
    }
    if (out->len == 0)
        return g_strdup(any ? "!" : "@");
    return g_strdup(out->str);
}

static bool
read_rule(Reader *reader)
{
    const char *key = (const char *)reader->event.data.scalar.value;
    if (memchr(key, '\0', reader->event.data.scalar.length) != NULL)
        return steel_fail(reader->error, STEEL_ERROR_CONFIG, "%s:%zu: there is a NUL in it",
                          reader->name, line_of(reader));
    g_autofree char *name = g_strdup(key);
    g_autofree char *origin = g_strdup_printf("%s:%zu", reader->name, line_of(reader));
    g_autofree char *check = NULL;
    if (!next(reader))
        return false;
    if (reader->event.type == YAML_SCALAR_EVENT)
        check = scalar(reader, name);
    else if (reader->event.type == YAML_SEQUENCE_START_EVENT)
        check = read_any_of(reader, name);
    else
        return steel_fail(reader->error, STEEL_ERROR_CONFIG,
                          "%s: rule \"%s\": a check string is expected", origin, name);
    if (check == NULL)
        return false;
    if (g_hash_table_size(reader->overrides) >= RULE_LIMIT)
        return steel_fail(reader->error, STEEL_ERROR_CONFIG, "%s: there are more than %d rules",
                          origin, RULE_LIMIT);
    policy_overrides_set(reader->overrides, name, check, origin);
    return true;
}

static bool
read_mapping(Reader *reader)
{
    for (;;) {
        if (!next(reader))
            return false;
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return next_is(reader, YAML_DOCUMENT_END_EVENT, "the end") &&
                   next_is(reader, YAML_STREAM_END_EVENT, "the end");
        if (reader->event.type != YAML_SCALAR_EVENT)
            return steel_fail(reader->error, STEEL_ERROR_CONFIG,
                              "%s:%zu: the name of a rule is expected", reader->name,
                              line_of(reader));
        if (!read_rule(reader))
            return false;
    }
}

static bool
read_stream(Reader *reader)
{
    if (!next_is(reader, YAML_STREAM_START_EVENT, "text") || !next(reader))
        return false;
    if (reader->event.type == YAML_STREAM_END_EVENT) /* only comments */
        return true;
    if (!next(reader))
        return false;
    if (reader->event.type == YAML_MAPPING_START_EVENT)
        return read_mapping(reader);
    if (reader->event.type == YAML_SCALAR_EVENT && reader->event.data.scalar.length == 0)
        return next_is(reader, YAML_DOCUMENT_END_EVENT, "the end") &&
               next_is(reader, YAML_STREAM_END_EVENT, "the end");
    return steel_fail(reader->error, STEEL_ERROR_CONFIG,
                      "%s:%zu: a mapping of rule names to check strings is expected", reader->name,
                      line_of(reader));
}

bool
policy_text_read(const char *name, const char *text, size_t size, GHashTable *overrides,
                 GError **error)
{
    if (size > FILE_LIMIT)
        return steel_fail(error, STEEL_ERROR_CONFIG, "%s: it is larger than %d bytes", name,
                          FILE_LIMIT);
    Reader reader = {.name = name, .overrides = overrides, .error = error};
    if (!yaml_parser_initialize(&reader.parser))
        g_error("out of memory");
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
    bool good = read_stream(&reader);
    if (reader.has_event)
        yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    return good;
}

/* Reads a file up to one byte beyond the limit, so that a device or a growing file cannot fill the
 * memory. */
static char *
read_bounded(const char *path, size_t *size, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autofree char *text = g_malloc(FILE_LIMIT + 1);
    ssize_t count = 0;
    *size = 0;
    while (fd >= 0 && *size <= FILE_LIMIT &&
           (count = read(fd, text + *size, FILE_LIMIT + 1 - *size)) > 0)
        *size += (size_t)count;
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && count >= 0)
        return g_steal_pointer(&text);
    steel_fail(error, STEEL_ERROR_IO, "%s cannot be read: %s", path, g_strerror(code));
    return NULL;
}

bool
policy_file_read(const char *path, GHashTable *overrides, GError **error)
{
    size_t size = 0;
    g_autofree char *text = read_bounded(path, &size, error);
    return text != NULL && policy_text_read(path, text, size, overrides, error);
}
