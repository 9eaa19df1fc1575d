/* Limits by address; the contract is in boot_limits.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_limits.h"

#include "common/lock.h"

#include <glib.h>

#define SOURCE_LIMIT 4096
#define LINE_LIMIT 4096
#define BURST_S 10
#define UNKNOWN_WINDOW_MS (10 * 60 * 1000)
#define LINE_WINDOW_MS (60 * 1000)
#define SWEEP_EVERY_MS 1000

typedef struct Source {
    HttpAddress address; /* the key; all zero: all addresses that found no room */
    double tokens;       /* requests that it may send now */
    int64_t refilled_ms;
    int64_t unknown_from_ms;
    unsigned unknown_count;
    unsigned unknown[BOOT_UNKNOWN_LIMIT]; /* hashes of the MAC addresses */
} Source;

typedef struct Line {
    int64_t told_ms;
    unsigned skipped;
} Line;

struct BootLimits {
    unsigned per_second;
    Lock lock;
    GHashTable *sources GUARDED; /* HttpAddress -> Source, owned */
    GHashTable *lines GUARDED;   /* owned text -> Line, owned */
    int64_t swept_ms GUARDED;    /* when stale entries were last removed */
};

BootLimits *UNSHARED
boot_limits_new(unsigned per_second)
{
    BootLimits *limits = g_new0(BootLimits, 1);
    limits->per_second = per_second;
    lock_init(&limits->lock, LOCK_RANK_BOOT_LIMITS);
    limits->sources = g_hash_table_new_full(http_address_hash, http_address_equal, NULL, g_free);
    limits->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return limits;
}

void UNSHARED
boot_limits_free(BootLimits *limits)
{
    if (limits == NULL)
        return;
    g_hash_table_unref(limits->sources);
    g_hash_table_unref(limits->lines);
    lock_destroy(&limits->lock);
    g_free(limits);
}

/* An address without requests for this time is forgotten. */
static gboolean
source_is_stale(void *key, void *value, void *now_ms)
{
    (void)key;
    const Source *source = value;
    return *(int64_t *)now_ms - source->refilled_ms > UNKNOWN_WINDOW_MS;
}

static gboolean
line_is_stale(void *key, void *value, void *now_ms)
{
    (void)key;
    return *(int64_t *)now_ms - ((Line *)value)->told_ms > LINE_WINDOW_MS;
}

static void sweep(BootLimits *limits, int64_t now_ms) REQUIRES(&limits->lock);

/* Makes room if there is none; at most once a second, since it reads the whole table. */
static void
sweep(BootLimits *limits, int64_t now_ms)
{
    bool full = g_hash_table_size(limits->sources) >= SOURCE_LIMIT ||
                g_hash_table_size(limits->lines) >= LINE_LIMIT;
    if (!full || now_ms - limits->swept_ms < SWEEP_EVERY_MS)
        return;
    limits->swept_ms = now_ms;
    g_hash_table_foreach_remove(limits->sources, source_is_stale, &now_ms);
    g_hash_table_foreach_remove(limits->lines, line_is_stale, &now_ms);
}

static Source *find_source(BootLimits *limits, HttpAddress address, int64_t now_ms)
    REQUIRES(&limits->lock);

static Source *
find_source(BootLimits *limits, HttpAddress address, int64_t now_ms)
{
    Source *source = g_hash_table_lookup(limits->sources, &address);
    if (source != NULL)
        return source;
    sweep(limits, now_ms);
    if (g_hash_table_size(limits->sources) >= SOURCE_LIMIT) {
        address = (HttpAddress){0};
        source = g_hash_table_lookup(limits->sources, &address);
    }
    if (source != NULL)
        return source;
    source = g_new0(Source, 1);
    source->address = address;
    source->tokens = (double)limits->per_second * BURST_S;
    source->refilled_ms = now_ms;
    g_hash_table_insert(limits->sources, &source->address, source);
    return source;
}

static bool
take_token(const BootLimits *limits, Source *source, int64_t now_ms)
{
    double earned = (double)(now_ms - source->refilled_ms) * limits->per_second / 1000;
    source->tokens = MIN(source->tokens + earned, (double)limits->per_second * BURST_S);
    source->refilled_ms = now_ms;
    if (source->tokens < 1)
        return false;
    source->tokens--;
    return true;
}

bool
boot_limits_admit(BootLimits *limits, const HttpAddress *address, int64_t now_ms)
{
    if (limits->per_second == 0)
        return true;
    HttpAddress group = http_address_group(address);
    lock_acquire(&limits->lock);
    bool admitted = take_token(limits, find_source(limits, group, now_ms), now_ms);
    lock_release(&limits->lock);
    return admitted;
}

static unsigned
remember_unknown(Source *source, unsigned hash, int64_t now_ms)
{
    if (source->unknown_count == 0 || now_ms - source->unknown_from_ms > UNKNOWN_WINDOW_MS) {
        source->unknown_count = 0;
        source->unknown_from_ms = now_ms;
    }
    for (unsigned i = 0; i < MIN(source->unknown_count, BOOT_UNKNOWN_LIMIT); i++)
        if (source->unknown[i] == hash)
            return source->unknown_count;
    if (source->unknown_count < BOOT_UNKNOWN_LIMIT)
        source->unknown[source->unknown_count] = hash;
    if (source->unknown_count <= BOOT_UNKNOWN_LIMIT)
        source->unknown_count++;
    return source->unknown_count;
}

unsigned
boot_limits_unknown(BootLimits *limits, const HttpAddress *address, const char *mac, int64_t now_ms)
{
    HttpAddress group = http_address_group(address);
    lock_acquire(&limits->lock);
    unsigned count = remember_unknown(find_source(limits, group, now_ms), g_str_hash(mac), now_ms);
    lock_release(&limits->lock);
    return count;
}

static bool line_is_due(BootLimits *limits, const char *key, int64_t now_ms, unsigned *skipped)
    REQUIRES(&limits->lock);

static bool
line_is_due(BootLimits *limits, const char *key, int64_t now_ms, unsigned *skipped)
{
    sweep(limits, now_ms);
    Line *line = g_hash_table_lookup(limits->lines, key);
    if (line == NULL && g_hash_table_size(limits->lines) >= LINE_LIMIT)
        return false;
    *skipped = line != NULL ? line->skipped : 0;
    if (line != NULL && now_ms - line->told_ms < LINE_WINDOW_MS) {
        line->skipped++;
        return false;
    }
    line = g_new0(Line, 1);
    line->told_ms = now_ms;
    g_hash_table_insert(limits->lines, g_strdup(key), line);
    return true;
}

bool
boot_limits_line(BootLimits *limits, const HttpAddress *address, const char *what, int64_t now_ms,
                 unsigned *skipped)
{
    char text[HTTP_ADDRESS_TEXT_SIZE];
    HttpAddress group = http_address_group(address);
    g_autofree char *key = g_strconcat(http_address_text(&group, text), " ", what, NULL);
    lock_acquire(&limits->lock);
    bool due = line_is_due(limits, key, now_ms, skipped);
    lock_release(&limits->lock);
    return due;
}
