/* Failed logins in the log and in the metrics: a line for each source address and minute, with a
 * count.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/address.h"
#include <stdint.h>

/* The minute. */
#define LOGIN_FAILURES_WINDOW_MS 60000

/* Counts a failure. The first one of an address is logged at once, the others of the same minute
 * after it, by login_failures_flush.
 *
 * who  the name that was tried; NULL for a token */
void login_failures_note(const HttpAddress *source, const char *who, int64_t now_ms);

/* Tells what was counted in minutes that are over; INT64_MAX: all of it. Returns whether anything
 * is left to tell or to wait for. */
bool login_failures_flush(int64_t now_ms);
