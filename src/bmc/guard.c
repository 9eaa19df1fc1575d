/* BMCs that rest by their place, and refused logins by a keyed digest of their credentials; the
 * contract is in guard.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/guard.h"

#include "common/due_heap.h"
#include "common/lock.h"
#include "common/secret.h"

#include <string.h>

enum { KEPT_MAX = 262144, KEY_SIZE = 32 };

static const BmcGuardOptions defaults = {.failures = 3,
                                         .rest_ms = 2000,
                                         .rest_limit_ms = 30 * 1000,
                                         .login_ms = 60 * 1000,
                                         .login_limit_ms = 10 * 60 * 1000};

/* A place or a login. */
typedef struct Trouble {
    char *words; /* owned; of the last time */
    unsigned failures, wait_ms;
    uint64_t until_ms; /* 0: it has not happened often enough */
} Trouble;

struct BmcGuard {
    BmcGuardOptions options;     /* without zeros */
    unsigned char key[KEY_SIZE]; /* random: digests are worth nothing outside */
    Lock lock;
    GHashTable *places GUARDED; /* place -> Trouble, owned */
    GHashTable *logins GUARDED; /* key -> Trouble, owned */
    BmcGuardStats stats GUARDED;
};

static void
trouble_free(void *data)
{
    Trouble *trouble = data;
    g_free(trouble->words);
    g_free(trouble);
}

static GHashTable *
troubles_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, trouble_free);
}

static unsigned
or_default(unsigned value, unsigned fallback)
{
    return value > 0 ? value : fallback;
}

BmcGuard *UNSHARED
bmc_guard_new(const BmcGuardOptions *given)
{
    const BmcGuardOptions none = {0}, *options = given != NULL ? given : &none;
    BmcGuard *guard = g_new0(BmcGuard, 1);
    guard->options = (BmcGuardOptions){
        .failures = or_default(options->failures, defaults.failures),
        .rest_ms = or_default(options->rest_ms, defaults.rest_ms),
        .rest_limit_ms = or_default(options->rest_limit_ms, defaults.rest_limit_ms),
        .login_ms = or_default(options->login_ms, defaults.login_ms),
        .login_limit_ms = or_default(options->login_limit_ms, defaults.login_limit_ms),
    };
    secret_random(guard->key, sizeof guard->key);
    lock_init(&guard->lock, LOCK_RANK_BMC_GUARD);
    guard->places = troubles_new();
    guard->logins = troubles_new();
    return guard;
}

void UNSHARED
bmc_guard_free(BmcGuard *guard)
{
    if (guard == NULL)
        return;
    g_hash_table_unref(guard->places);
    g_hash_table_unref(guard->logins);
    lock_destroy(&guard->lock);
    secret_wipe(guard->key, sizeof guard->key);
    g_free(guard);
}

/* ---- troubles ---- */

static gboolean
is_over(void *key, void *value, void *user_data)
{
    (void)key;
    const uint64_t *now_ms = user_data;
    return ((Trouble *)value)->until_ms <= *now_ms;
}

/* Another failure; the first waits come after `failures` of them. */
static void
note(GHashTable *troubles, const char *name, const char *words, unsigned failures,
     unsigned first_ms, unsigned limit_ms)
{
    uint64_t now_ms = due_now_ms();
    Trouble *trouble = g_hash_table_lookup(troubles, name);
    if (trouble == NULL) {
        if (g_hash_table_size(troubles) >= KEPT_MAX)
            g_hash_table_foreach_remove(troubles, is_over, &now_ms);
        trouble = g_new0(Trouble, 1);
        g_hash_table_insert(troubles, g_strdup(name), trouble);
    }
    g_free(trouble->words);
    trouble->words = g_strdup(words);
    if (++trouble->failures < failures)
        return;
    trouble->wait_ms = trouble->wait_ms == 0 ? first_ms : MIN(trouble->wait_ms * 2, limit_ms);
    trouble->until_ms = now_ms + trouble->wait_ms;
}

/* A copy of what is known, whose words the caller frees; false: nothing. */
static bool
look_up(const GHashTable *troubles, const char *name, Trouble *trouble)
{
    const Trouble *found = g_hash_table_lookup((GHashTable *)(uintptr_t)troubles, name);
    if (found == NULL)
        return false;
    *trouble = *found;
    trouble->words = g_strdup(found->words);
    return true;
}

static uint64_t
left_ms(const Trouble *trouble)
{
    uint64_t now_ms = due_now_ms();
    return trouble->until_ms > now_ms ? trouble->until_ms - now_ms : 0;
}

static uint64_t
count_now(GHashTable *troubles)
{
    GHashTableIter iterator;
    void *trouble;
    uint64_t count = 0;
    g_hash_table_iter_init(&iterator, troubles);
    while (g_hash_table_iter_next(&iterator, NULL, &trouble))
        count += left_ms(trouble) > 0;
    return count;
}

/* ---- BMCs that are not reached ---- */

bool
bmc_guard_is_resting(BmcGuard *guard, const char *place)
{
    lock_acquire(&guard->lock);
    const Trouble *trouble = g_hash_table_lookup(guard->places, place);
    bool resting = trouble != NULL && left_ms(trouble) > 0;
    lock_release(&guard->lock);
    return resting;
}

bool
bmc_guard_is_on_trial(BmcGuard *guard, const char *place)
{
    lock_acquire(&guard->lock);
    const Trouble *trouble = g_hash_table_lookup(guard->places, place);
    bool trial = trouble != NULL && trouble->until_ms != 0;
    lock_release(&guard->lock);
    return trial;
}

GError *
bmc_guard_leave_alone(BmcGuard *guard, const char *place)
{
    Trouble trouble = {0};
    lock_acquire(&guard->lock);
    guard->stats.left_alone++;
    (void)look_up(guard->places, place, &trouble);
    lock_release(&guard->lock);
    g_autofree char *words = trouble.words;
    return g_error_new(steel_error_quark(), STEEL_ERROR_BMC_UNREACHABLE,
                       "%s was not reached %u times in a row and is left alone for another %g s; "
                       "the last time: %s",
                       place, trouble.failures, (double)((left_ms(&trouble) + 99) / 100) / 10,
                       words != NULL ? words : "no answer");
}

bool
bmc_guard_may_ask(BmcGuard *guard, const char *place, GError **error)
{
    if (!bmc_guard_is_resting(guard, place))
        return true;
    g_propagate_error(error, bmc_guard_leave_alone(guard, place));
    return false;
}

void
bmc_guard_not_reached(BmcGuard *guard, const char *place, const char *words)
{
    const BmcGuardOptions *options = &guard->options;
    lock_acquire(&guard->lock);
    note(guard->places, place, words, options->failures, options->rest_ms, options->rest_limit_ms);
    lock_release(&guard->lock);
}

void
bmc_guard_reached(BmcGuard *guard, const char *place)
{
    lock_acquire(&guard->lock);
    g_hash_table_remove(guard->places, place);
    lock_release(&guard->lock);
}

/* ---- logins that are refused ---- */

char *
bmc_guard_key(const BmcGuard *guard, const char *place, const char *user, const char *password)
{
    const char *const parts[] = {place, user, password};
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, guard->key, sizeof guard->key);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        const char *part = parts[i] != NULL ? parts[i] : "";
        g_hmac_update(hmac, (const guchar *)part, (gssize)strlen(part) + 1);
    }
    char *key = g_strdup(g_hmac_get_string(hmac));
    g_hmac_unref(hmac);
    return key;
}

bool
bmc_guard_may_log_in(BmcGuard *guard, const char *key, GError **error)
{
    Trouble trouble = {0};
    lock_acquire(&guard->lock);
    (void)look_up(guard->logins, key, &trouble);
    uint64_t wait_ms = left_ms(&trouble);
    guard->stats.held += wait_ms > 0;
    lock_release(&guard->lock);
    g_autofree char *words = trouble.words;
    if (wait_ms == 0)
        return true;
    return steel_fail(error, STEEL_ERROR_BMC_AUTH,
                      "%s; the same user and password are not sent again for %u s, so that the "
                      "account is not locked",
                      words, (unsigned)((wait_ms + 999) / 1000));
}

void
bmc_guard_refused(BmcGuard *guard, const char *key, const char *words)
{
    const BmcGuardOptions *options = &guard->options;
    lock_acquire(&guard->lock);
    guard->stats.refused++;
    note(guard->logins, key, words, 1, options->login_ms, options->login_limit_ms);
    lock_release(&guard->lock);
}

void
bmc_guard_accepted(BmcGuard *guard, const char *key)
{
    lock_acquire(&guard->lock);
    g_hash_table_remove(guard->logins, key);
    lock_release(&guard->lock);
}

void
bmc_guard_stats(BmcGuard *guard, BmcGuardStats *stats)
{
    lock_acquire(&guard->lock);
    *stats = guard->stats;
    stats->resting = count_now(guard->places);
    stats->waiting = count_now(guard->logins);
    lock_release(&guard->lock);
}
