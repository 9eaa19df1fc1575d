/* Refused logins by a keyed digest of their credentials; the contract is in login_guard.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/login_guard.h"

#include "bmc/due_heap.h"
#include "common/lock.h"
#include "common/secret.h"

enum { FIRST_MS = 60 * 1000, LIMIT_MS = 10 * 60 * 1000, REFUSALS_KEPT = 65536, KEY_SIZE = 32 };

typedef struct Refusal {
    char *words; /* owned */
    unsigned wait_ms;
    uint64_t until_ms;
} Refusal;

struct LoginGuard {
    unsigned first_ms, limit_ms;
    unsigned char key[KEY_SIZE]; /* random: digests are worth nothing outside */
    Lock lock;
    GHashTable *refusals GUARDED; /* key -> Refusal, owned */
};

static void
refusal_free(void *data)
{
    Refusal *refusal = data;
    g_free(refusal->words);
    g_free(refusal);
}

LoginGuard *UNSHARED
login_guard_new(unsigned first_ms, unsigned limit_ms)
{
    LoginGuard *guard = g_new0(LoginGuard, 1);
    guard->first_ms = first_ms > 0 ? first_ms : FIRST_MS;
    guard->limit_ms = limit_ms > 0 ? limit_ms : LIMIT_MS;
    secret_random(guard->key, sizeof guard->key);
    lock_init(&guard->lock, LOCK_RANK_LOGIN_GUARD);
    guard->refusals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, refusal_free);
    return guard;
}

void UNSHARED
login_guard_free(LoginGuard *guard)
{
    if (guard == NULL)
        return;
    g_hash_table_unref(guard->refusals);
    lock_destroy(&guard->lock);
    secret_wipe(guard->key, sizeof guard->key);
    g_free(guard);
}

char *
login_guard_key(const LoginGuard *guard, const char *place, const char *user, const char *password)
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
login_guard_may_try(LoginGuard *guard, const char *key, GError **error)
{
    uint64_t left_ms = 0, now_ms = due_now_ms();
    g_autofree char *words = NULL;
    lock_acquire(&guard->lock);
    const Refusal *refusal = g_hash_table_lookup(guard->refusals, key);
    if (refusal != NULL && refusal->until_ms > now_ms) {
        left_ms = refusal->until_ms - now_ms;
        words = g_strdup(refusal->words);
    }
    lock_release(&guard->lock);
    if (left_ms == 0)
        return true;
    return steel_fail(error, STEEL_ERROR_BMC_AUTH,
                      "%s; the same user and password are not sent again for %u s, so that the "
                      "account is not locked",
                      words, (unsigned)((left_ms + 999) / 1000));
}

static gboolean
refusal_is_over(void *key, void *value, void *user_data)
{
    (void)key;
    const uint64_t *now_ms = user_data;
    return ((Refusal *)value)->until_ms <= *now_ms;
}

void
login_guard_refused(LoginGuard *guard, const char *key, const char *words)
{
    uint64_t now_ms = due_now_ms();
    lock_acquire(&guard->lock);
    Refusal *refusal = g_hash_table_lookup(guard->refusals, key);
    if (refusal == NULL) {
        if (g_hash_table_size(guard->refusals) >= REFUSALS_KEPT)
            g_hash_table_foreach_remove(guard->refusals, refusal_is_over, &now_ms);
        refusal = g_new0(Refusal, 1);
        g_hash_table_insert(guard->refusals, g_strdup(key), refusal);
    }
    refusal->wait_ms =
        refusal->wait_ms == 0 ? guard->first_ms : MIN(refusal->wait_ms * 2, guard->limit_ms);
    refusal->until_ms = now_ms + refusal->wait_ms;
    g_free(refusal->words);
    refusal->words = g_strdup(words);
    lock_release(&guard->lock);
}

void
login_guard_accepted(LoginGuard *guard, const char *key)
{
    lock_acquire(&guard->lock);
    g_hash_table_remove(guard->refusals, key);
    lock_release(&guard->lock);
}
