/* The machine's clock; the contract is in clock.h. SPDX-License-Identifier: Apache-2.0 */
#include "agent/clock.h"

#include "common/http_client.h"
#include "common/log.h"

#include <curl/curl.h>
#include <errno.h>
#include <time.h>

#define AREA "agent.clock"
#define ASK_TIMEOUT_MS 10000

/* No service was ever asked before this day: 1 November 2026. */
#define BUILT_S INT64_C(1793491200)

int64_t
clock_correction(const char *date, int64_t now_s, int64_t least_s)
{
    time_t said = date != NULL ? curl_getdate(date, NULL) : -1;
    if (said < least_s || ABS((int64_t)said - now_s) <= CLOCK_TOLERANCE_S)
        return 0;
    return (int64_t)said;
}

bool
clock_follow(const Agent *agent, const char *date)
{
    struct timespec before = {0};
    clock_gettime(CLOCK_REALTIME, &before);
    int64_t wanted = clock_correction(date, before.tv_sec, BUILT_S);
    const struct timespec now = {.tv_sec = (time_t)wanted};
    if (wanted == 0 || *agent->root != '\0')
        return false;
    if (clock_settime(CLOCK_REALTIME, &now) != 0) {
        log_warning(AREA, "the clock is %" G_GINT64_FORMAT " s off and cannot be set: %s",
                    wanted - (int64_t)before.tv_sec, g_strerror(errno));
        return false;
    }
    log_warning(AREA, "the clock was %" G_GINT64_FORMAT " s off; it is set by the service's date",
                wanted - (int64_t)before.tv_sec);
    return true;
}

bool
clock_ask(const Agent *agent, const char *url)
{
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) answer = {0};
    const HttpRequest request = {.url = url, .insecure = true, .timeout_ms = ASK_TIMEOUT_MS};
    if (*agent->root != '\0' || !http_request(&request, &answer, &error))
        return false;
    return clock_follow(agent, http_response_header(&answer, "Date"));
}
