/* Clocks and their text form; the contract is in time_text.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/time_text.h"

#include <stdatomic.h>
#include <stdio.h>
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

bool
time_parse_ms(const char *text, int64_t *milliseconds)
{
    if (text == NULL)
        return false;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) parsed = g_date_time_new_from_iso8601(text, utc);
    if (parsed == NULL)
        return false;
    *milliseconds = g_date_time_to_unix(parsed) * 1000 + g_date_time_get_microsecond(parsed) / 1000;
    return true;
}
