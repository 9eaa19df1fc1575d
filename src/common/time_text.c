/* Clocks and their text form; the contract is in time_text.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/time_text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t
clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static _Atomic int64_t test_ahead_ms;

int64_t
time_now_ms(void)
{
    return clock_ms(CLOCK_REALTIME) + atomic_load(&test_ahead_ms);
}

void
time_test_set_ahead(int64_t ahead_ms)
{
    atomic_store(&test_ahead_ms, ahead_ms);
}

int64_t
time_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

char *
time_now_text(char buffer[TIME_TEXT_SIZE])
{
    time_t now = time(NULL);
    struct tm calendar;
    gmtime_r(&now, &calendar);
    strftime(buffer, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S+00:00", &calendar);
    return buffer;
}

char *
time_text_ms(int64_t milliseconds, char buffer[TIME_TEXT_SIZE])
{
    int rest = (int)(milliseconds % 1000);
    if (rest < 0)
        rest += 1000;
    time_t seconds = (time_t)((milliseconds - rest) / 1000);
    struct tm calendar;
    gmtime_r(&seconds, &calendar);
    char date[28]; /* years of nine digits, as the largest count of milliseconds has */
    strftime(date, sizeof date, "%04Y-%m-%dT%H:%M:%S", &calendar); /* the width is glibc's */
    snprintf(buffer, TIME_TEXT_SIZE, "%s.%03d+00:00", date, rest);
    return buffer;
}

/* GLib looks an offset up in a cache, behind a lock of all threads. What the functions above write
 * is read without it. */
static const char *
without_offset(const char *text, char buffer[TIME_TEXT_SIZE])
{
    static const char offset[] = "+00:00";
    size_t length = strlen(text);
    bool is_own = length == strlen("2026-11-21T09:14:02+00:00") ||
                  length == strlen("2026-11-21T09:14:02.113+00:00");
    if (!is_own || !g_str_has_suffix(text, offset))
        return text;
    g_strlcpy(buffer, text, length - strlen(offset) + 1);
    return buffer;
}

bool
time_parse_ms(const char *text, int64_t *milliseconds)
{
    char buffer[TIME_TEXT_SIZE];
    if (text == NULL)
        return false;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) parsed = g_date_time_new_from_iso8601(without_offset(text, buffer), utc);
    if (parsed == NULL)
        return false;
    *milliseconds = g_date_time_to_unix(parsed) * 1000 + g_date_time_get_microsecond(parsed) / 1000;
    return true;
}
