/* A server's captured serial console: prints it as text, or waits for a line of it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/* Makes captured bytes fit for a terminal, in place: escape sequences, carriage returns and other
 * control characters go, newlines and tabs stay. Returns the new length. Pure. */
size_t console_clean(char *text, size_t length);

/* The last line that is not empty, cleaned, at most 200 characters; "" if there is none yet. A new
 * string. */
char *console_last_line(const char *path);

typedef struct ConsoleWish {
    bool follow;          /* print until interrupted */
    const char *wait_for; /* print until a line has this text; NULL: no */
    int timeout_s;        /* for wait_for */
} ConsoleWish;

/* Prints a console, cleaned. With wait_for only the output since the last power on or reset counts,
 * so that an earlier boot does not satisfy it.
 * Errors: IO, TIMEOUT (wait_for). */
bool console_print(const char *path, const ConsoleWish *wish, FILE *out,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
