/* The program's log: one line per event, to stderr or a file. Where stderr is journald's, lines
 * begin with their priority.
 *
 *     2026-11-21 09:14:02.113 INFO conductor.deploy req-5f… node=1be2… deploying started
 *
 * Never pass a password, a token or a CHAP secret. Any thread may log; a line is written with one
 * write(). Request and node come from the calling thread's log context, so that callers need not
 * repeat them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <stdbool.h>

typedef enum LogLevel {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_ERROR
} LogLevel;

/* Sends the log to a file, which is created if absent and appended to; before, the log goes to
 * standard error. A second call opens the file again, after it was rotated; other threads may write
 * meanwhile. On failure the log stays where it is. Errors: IO. */
bool log_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Goes back to standard error; no other thread may be writing. For tests. */
void log_close(void);

/* Checks whether standard error is journald's stream ($JOURNAL_STREAM, systemd.exec(5)). If so,
 * each line begins with its priority, "<3>" to "<7>", so that `journalctl -p warning` finds it.
 * Call it before any thread starts. */
void log_find_journal(void);

/* Writes each line as one JSON object: {"time": str (RFC 3339, UTC), "level": str, "area": str,
 * "request_id"?: str, "global_request_id"?: str, "node"?: uuid, "message": str}. */
void log_set_json(bool json);

/* Sets the least level that is written; default INFO. Any thread. */
void log_set_level(LogLevel level);
bool log_enabled(LogLevel level);

/* The context that every line of this thread carries until it is changed. Copied; NULL clears. */
void log_context_request(const char *request_id, const char *global_request_id);
void log_context_node(const char *node_uuid);

/* The request of this thread's context, NULL without one; borrowed until it is changed. */
const char *log_request(void);

/* What other services are told of it: the client's own id, or else ours. */
const char *log_request_told(void);

/* Writes one line. `area` is the module, e.g. "api.http". Newlines in the text become spaces. */
void log_write(LogLevel level, const char *area, const char *format, ...) G_GNUC_PRINTF(3, 4)
    __attribute__((nonnull(3)));

/* Of the failures of work that goes on after one, keeps the first in *first, for the caller to
 * tell, and logs the others as warnings. Takes `cause`. */
void log_but_first(const char *area, GError **first, GError *cause);

/* Writes a line that is a whole document, at any level and of any length; newlines in it become
 * spaces. */
void log_document(const char *text);

#define log_debug(area, ...)                                                                       \
    do {                                                                                           \
        if (log_enabled(LOG_LEVEL_DEBUG))                                                          \
            log_write(LOG_LEVEL_DEBUG, area, __VA_ARGS__);                                         \
    } while (0)
#define log_info(area, ...) log_write(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_warning(area, ...) log_write(LOG_LEVEL_WARNING, area, __VA_ARGS__)
#define log_error(area, ...) log_write(LOG_LEVEL_ERROR, area, __VA_ARGS__)
