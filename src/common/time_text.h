/* Points in time as the API writes them (ISO 8601, UTC, "+00:00") and as the program counts them.
 * All functions are pure or read a clock; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Room for "2026-11-21T09:14:02.113+00:00" and its NUL. */
#define TIME_TEXT_SIZE 40

/* Milliseconds since 1970 (wall clock, which may be set at any time: for what people read;
 * deadlines: common/steady.h). */
int64_t time_now_ms(void);

/* Lets a test set the clock above ahead of the system's. */
void time_test_set_ahead(int64_t ahead_ms);

/* Milliseconds of the monotonic clock (deadlines inside one process). */
int64_t time_monotonic_ms(void);

/* Now, to the second, as Ironic writes it: "2026-11-21T09:14:02+00:00". Returns the caller's
 * buffer. */
char *time_now_text(char buffer[TIME_TEXT_SIZE]);

/* A point in time with milliseconds: "2026-11-21T09:14:02.113+00:00". Returns the caller's
 * buffer. */
char *time_text_ms(int64_t milliseconds, char buffer[TIME_TEXT_SIZE]);

/* Reads what the functions above write (fraction and offset optional). False if it is not a
 * time. */
bool time_parse_ms(const char *text, int64_t *milliseconds);
