/* Keeps the agent's log in a file: the service collects it, and clients of the API follow it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

/* Bytes that one read returns at most. */
#define LOG_FILE_PART (256u * 1024)

/* Sends all further log lines to this file. Call it once, before other threads start. Errors:
 * IO. */
bool log_file_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads up to LOG_FILE_PART bytes from *offset on and moves *offset behind them; the caller frees.
 * "" at the end of the log, or without a log file. Any thread. */
char *log_file_read(uint64_t *offset);

/* The path of the file, or NULL if there is none. Borrowed. */
const char *log_file_path(void);
