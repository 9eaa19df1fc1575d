/* One line per event, to standard error or a file; the contract is in log.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include "common/json_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 4096

static atomic_int least_level = LOG_LEVEL_INFO;
static atomic_int output = STDERR_FILENO;
static atomic_bool as_json;
static atomic_bool for_journal;
static _Thread_local char context_request[48];
static _Thread_local char context_global_request[48];
static _Thread_local char context_node[64];

void
log_set_level(LogLevel level)
{
    atomic_store_explicit(&least_level, (int)level, memory_order_relaxed);
}

bool
log_enabled(LogLevel level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

void
log_context_request(const char *request_id, const char *global_request_id)
{
    g_strlcpy(context_global_request, global_request_id != NULL ? global_request_id : "",
              sizeof context_global_request);
    g_strlcpy(context_request, request_id != NULL ? request_id : "", sizeof context_request);
}

const char *
log_request(void)
{
    return context_request[0] != '\0' ? context_request : NULL;
}

const char *
log_request_told(void)
{
    return context_global_request[0] != '\0' ? context_global_request : log_request();
}

void
log_context_node(const char *node_uuid)
{
    g_strlcpy(context_node, node_uuid != NULL ? node_uuid : "", sizeof context_node);
}

bool
log_open(const char *path, GError **error)
{
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (file < 0)
        return steel_fail(error, STEEL_ERROR_IO, "the log %s cannot be opened: %s", path,
                          g_strerror(errno));
    int open_one = atomic_load(&output);
    if (open_one == STDERR_FILENO) {
        atomic_store(&output, file);
        return true;
    }
    /* The descriptor keeps its number, so that no thread writes to a closed one. */
    dup3(file, open_one, O_CLOEXEC);
    close(file);
    return true;
}

void
log_close(void)
{
    int open_one = atomic_exchange(&output, STDERR_FILENO);
    if (open_one != STDERR_FILENO)
        close(open_one);
}

void
log_set_json(bool json)
{
    atomic_store(&as_json, json);
}

void
log_find_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    bool found = false;
    if (stream != NULL && fstat(STDERR_FILENO, &status) == 0) {
        g_autofree char *own =
            g_strdup_printf("%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
        found = strcmp(stream, own) == 0;
    }
    atomic_store(&for_journal, found);
}

/* "<4>": journald takes it off the line as its priority (sd-daemon(3)). Empty for every other
 * reader. */
static const char *
priority_mark(LogLevel level)
{
    static const char *const marks[] = {"<7>", "<6>", "<4>", "<3>"};
    bool wanted = atomic_load_explicit(&for_journal, memory_order_relaxed) &&
                  atomic_load_explicit(&output, memory_order_relaxed) == STDERR_FILENO;
    return wanted ? marks[level] : "";
}

static void
write_out(const char *text, size_t size)
{
    ssize_t ignored = write(atomic_load_explicit(&output, memory_order_relaxed), text, size);
    (void)ignored; /* a failure to write the log cannot be reported anywhere */
}

void
log_but_first(const char *area, GError **first, GError *cause)
{
    if (*first == NULL) {
        *first = cause;
        return;
    }
    log_warning(area, "%s", cause->message);
    g_error_free(cause);
}

void
log_document(const char *text)
{
    g_autofree char *line = g_strconcat(priority_mark(LOG_LEVEL_INFO), text, "\n", NULL);
    write_out(line, strlen(line));
}

/* "2026-11-20 10:11:12.345", with another separator between day and time if asked for. */
static void
format_time(char *out, size_t size, char separator, const char *end)
{
    struct timespec now;
    struct tm calendar;
    char date[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &calendar);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &calendar);
    date[strlen("2026-11-20")] = separator;
    snprintf(out, size, "%s.%03ld%s", date, now.tv_nsec / 1000000, end);
}

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

static size_t
format_head(char *line, LogLevel level, const char *area)
{
    char date[48];
    format_time(date, sizeof date, ' ', "");
    int length = snprintf(line, LINE_SIZE, "%s%s %s %s%s%s%s%s ", priority_mark(level), date,
                          level_names[level], area, context_request[0] ? " " : "", context_request,
                          context_node[0] ? " node=" : "", context_node);
    return (size_t)MIN(length, LINE_SIZE - 2);
}

/* Each but the first of an object. */
static void
append_member(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, ",\"%s\":", name);
    json_text_append_string(out, value);
}

static void
write_json(LogLevel level, const char *area, const char *message)
{
    char date[48];
    format_time(date, sizeof date, 'T', "Z");
    g_autofree char *text = g_utf8_make_valid(message, -1);
    g_autoptr(GString) line = g_string_sized_new(512);
    g_string_append_printf(line, "%s{\"time\":\"%s\"", priority_mark(level), date);
    append_member(line, "level", level_names[level]);
    append_member(line, "area", area);
    if (context_request[0] != '\0')
        append_member(line, "request_id", context_request);
    if (context_global_request[0] != '\0')
        append_member(line, "global_request_id", context_global_request);
    if (context_node[0] != '\0')
        append_member(line, "node", context_node);
    append_member(line, "message", text);
    g_string_append(line, "}\n");
    write_out(line->str, line->len);
}

void
log_write(LogLevel level, const char *area, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    char line[LINE_SIZE];
    bool json = atomic_load_explicit(&as_json, memory_order_relaxed);
    size_t length = json ? 0 : format_head(line, level, area);
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    if (json) {
        write_json(level, area, written > 0 ? line : "");
        return;
    }
    if (written > 0)
        length = MIN(length + (size_t)written, sizeof line - 2);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20)
            line[i] = ' ';
    line[length++] = '\n';
    write_out(line, length);
}
