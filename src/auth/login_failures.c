/* Failed logins; the contract is in login_failures.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/login_failures.h"

#include "common/lock.h"
#include "common/log.h"
#include "common/metrics.h"

#include <glib.h>
#include <string.h>

enum { SOURCES = 1024, NAME_SIZE = 65 };

/* The failures of one address in one minute. */
typedef struct Failures {
    HttpAddress source;
    unsigned unlogged;
    int64_t since_ms;
    char who[NAME_SIZE]; /* the name that was tried last */
} Failures;

static Lock lock = LOCK_INITIALIZER(LOGIN_FAILURES);
static Failures sources[SOURCES] GUARDED_BY(lock);
static unsigned source_count GUARDED_BY(lock);

static Failures *find(const HttpAddress *source) REQUIRES(lock);

static Failures *
find(const HttpAddress *source)
{
    for (unsigned i = 0; i < source_count; i++)
        if (http_address_equal(&sources[i].source, source))
            return &sources[i];
    return NULL;
}

/* Names come from strangers, so only plain characters are logged. */
static void
copy_name(char name[NAME_SIZE], const char *who)
{
    size_t length = 0;
    for (; who != NULL && who[length] != '\0' && length < NAME_SIZE - 1; length++)
        name[length] = g_ascii_isgraph(who[length]) ? who[length] : '?';
    name[length] = '\0';
}

static void
log_failures(const Failures *failures)
{
    char text[HTTP_ADDRESS_TEXT_SIZE];
    log_warning("api.auth", "failed logins from %s: %u, the last one %s%s",
                http_address_text(&failures->source, text), failures->unlogged,
                failures->who[0] != '\0' ? "as " : "with a token", failures->who);
}

void
login_failures_note(const HttpAddress *source, const char *who, int64_t now_ms)
{
    Failures first = {.source = *source, .unlogged = 1, .since_ms = now_ms};
    metrics_add(METRIC_LOGIN_FAILURES, 1);
    copy_name(first.who, who);
    lock_acquire(&lock);
    Failures *known = find(source);
    bool quiet = known != NULL;
    if (known != NULL) {
        known->unlogged++;
        memcpy(known->who, first.who, sizeof known->who);
    } else if (source_count < SOURCES) {
        sources[source_count] = first;
        sources[source_count++].unlogged = 0;
    } else {
        quiet = true; /* the table is full: only the metric counts this */
    }
    lock_release(&lock);
    if (!quiet)
        log_failures(&first);
}

/* Takes up to `limit` addresses whose minute is over. Returns how many. */
static unsigned
take_due(int64_t now_ms, Failures *due, unsigned limit, bool *more)
{
    unsigned count = 0;
    lock_acquire(&lock);
    for (unsigned i = source_count; i-- > 0 && count < limit;) {
        if (now_ms - sources[i].since_ms < LOGIN_FAILURES_WINDOW_MS)
            continue;
        due[count++] = sources[i];
        if (sources[i].unlogged > 0 && now_ms < INT64_MAX) { /* its failures continue */
            sources[i].unlogged = 0;
            sources[i].since_ms = now_ms;
        } else {
            sources[i] = sources[--source_count];
        }
    }
    *more = source_count > 0;
    lock_release(&lock);
    return count;
}

bool
login_failures_flush(int64_t now_ms)
{
    Failures due[32];
    bool more = false;
    for (unsigned count; (count = take_due(now_ms, due, G_N_ELEMENTS(due), &more)) > 0;)
        for (unsigned i = 0; i < count; i++)
            if (due[i].unlogged > 0)
                log_failures(&due[i]);
    return more;
}
