/* One line per event to stderr; the contract is in log.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 4096

static atomic_int least_level = LOG_LEVEL_INFO;
static _Thread_local char context_request[48];
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
log_context_request(const char *request_id)
{
    g_strlcpy(context_request, request_id != NULL ? request_id : "", sizeof context_request);
}

void
log_context_node(const char *node_uuid)
{
    g_strlcpy(context_node, node_uuid != NULL ? node_uuid : "", sizeof context_node);
}

static size_t
format_head(char *line, LogLevel level, const char *area)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
    struct timespec now;
    struct tm calendar;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &calendar);
    char date[32];
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &calendar);
    int length = snprintf(line, LINE_SIZE, "%s.%03ld %s %s%s%s%s%s ", date, now.tv_nsec / 1000000,
                          names[level], area, context_request[0] ? " " : "", context_request,
                          context_node[0] ? " node=" : "", context_node);
    return (size_t)MIN(length, LINE_SIZE - 2);
}

void
log_write(LogLevel level, const char *area, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    char line[LINE_SIZE];
    size_t length = format_head(line, level, area);
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    if (written > 0)
        length = MIN(length + (size_t)written, sizeof line - 2);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20)
            line[i] = ' ';
    line[length++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, length);
    (void)ignored; /* there is no further place to report that the log itself cannot be written */
}
