/* The agent's own log as a file that can be read again: for the service, which collects it, and for
 * who follows it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

/* At most so much is read at once. */
#define LOG_FILE_PART (256u * 1024)

/* Sends the log to a file from here on, and copies of its lines nowhere else. Errors: IO. */
bool log_file_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Up to LOG_FILE_PART bytes from *offset on, as text; the caller frees. *offset moves behind them.
 * "" when there is no more, or no log file. Any thread. */
char *log_file_read(uint64_t *offset);

/* The path, or NULL. */
const char *log_file_path(void);
