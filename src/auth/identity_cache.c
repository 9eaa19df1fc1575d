/* The cache of identities; the contract is in identity_cache.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/identity_cache.h"

#include "common/lock.h"

#include <string.h>

typedef struct Entry {
    uint8_t key[IDENTITY_KEY_SIZE];
    bool under_way;
    bool kept; /* in the table */
    IdentityOutcome outcome;
    Bearer *bearer;
    GError *error;
    int64_t from_ms, until_ms; /* the time for which the answer is good */
    unsigned references;       /* of the table and of the threads that wait */
    GList link;                /* in one of the cache's orders */
} Entry;

struct IdentityCache {
    Lock lock; /* guards the entries too */
    pthread_cond_t answered;
    GHashTable *entries GUARDED; /* key -> Entry */
    /* Entries, the last used first: those of known identities, and all others. */
    GQueue known GUARDED, others GUARDED;
    size_t limit;
};

Bearer *
bearer_new(Credentials *credentials, int64_t expires_ms)
{
    Bearer *bearer = g_new0(Bearer, 1);
    bearer->credentials = *credentials;
    *credentials = (Credentials){0};
    bearer->expires_ms = expires_ms;
    bearer->references = 1;
    return bearer;
}

Bearer *
bearer_ref(Bearer *bearer)
{
    __atomic_add_fetch(&bearer->references, 1, __ATOMIC_RELAXED);
    return bearer;
}

void
bearer_unref(Bearer *bearer)
{
    if (bearer == NULL || __atomic_sub_fetch(&bearer->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    credentials_clear(&bearer->credentials);
    g_free(bearer);
}

static guint
hash_key(const void *key)
{
    guint hash;
    memcpy(&hash, key, sizeof hash); /* keys are hashes already */
    return hash;
}

static gboolean
equal_keys(const void *a, const void *b)
{
    return memcmp(a, b, IDENTITY_KEY_SIZE) == 0;
}

UNSHARED IdentityCache *
identity_cache_new(size_t limit)
{
    IdentityCache *cache = g_new0(IdentityCache, 1);
    lock_init(&cache->lock, LOCK_RANK_IDENTITIES);
    pthread_cond_init(&cache->answered, NULL);
    cache->entries = g_hash_table_new(hash_key, equal_keys);
    g_queue_init(&cache->known);
    g_queue_init(&cache->others);
    cache->limit = limit;
    return cache;
}

static void
entry_unref(Entry *entry)
{
    if (--entry->references > 0)
        return;
    bearer_unref(entry->bearer);
    g_clear_error(&entry->error);
    g_free(entry);
}

/* The list that an entry belongs in. */
static GQueue *order_of(IdentityCache *cache, const Entry *entry) REQUIRES(cache->lock);

static GQueue *
order_of(IdentityCache *cache, const Entry *entry)
{
    return !entry->under_way && entry->outcome == IDENTITY_KNOWN ? &cache->known : &cache->others;
}

/* Removes an entry from the table. */
static void forget(IdentityCache *cache, Entry *entry) REQUIRES(cache->lock);

static void
forget(IdentityCache *cache, Entry *entry)
{
    if (!entry->kept)
        return;
    entry->kept = false;
    g_hash_table_remove(cache->entries, entry->key);
    g_queue_unlink(order_of(cache, entry), &entry->link);
    entry_unref(entry);
}

/* The entry to remove first; NULL if there is none. */
static Entry *least(const IdentityCache *cache) REQUIRES(cache->lock);

static Entry *
least(const IdentityCache *cache)
{
    const GList *link = cache->others.tail != NULL ? cache->others.tail : cache->known.tail;
    return link != NULL ? link->data : NULL;
}

static void forget_all(IdentityCache *cache) REQUIRES(cache->lock);

static void
forget_all(IdentityCache *cache)
{
    for (Entry *entry; (entry = least(cache)) != NULL;)
        forget(cache, entry);
}

void
identity_cache_clear(IdentityCache *cache)
{
    lock_acquire(&cache->lock);
    forget_all(cache);
    lock_release(&cache->lock);
}

void UNSHARED
identity_cache_free(IdentityCache *cache)
{
    if (cache == NULL)
        return;
    forget_all(cache);
    g_hash_table_unref(cache->entries);
    pthread_cond_destroy(&cache->answered);
    lock_destroy(&cache->lock);
    g_free(cache);
}

size_t
identity_cache_count(IdentityCache *cache)
{
    lock_acquire(&cache->lock);
    size_t count = g_hash_table_size(cache->entries);
    lock_release(&cache->lock);
    return count;
}

static void
set_end(Entry *entry, int64_t now_ms, int64_t length)
{
    entry->until_ms = now_ms + length;
    if (entry->bearer != NULL)
        entry->until_ms = MIN(entry->until_ms, entry->bearer->expires_ms);
}

/* Finds the entry of a key that is good or under way and moves it to the front. Removes a stale
 * one. */
static Entry *find(IdentityCache *cache, const uint8_t *key, int64_t now_ms,
                   const IdentityLifetime *lifetime) REQUIRES(cache->lock);

static Entry *
find(IdentityCache *cache, const uint8_t *key, int64_t now_ms, const IdentityLifetime *lifetime)
{
    Entry *entry = g_hash_table_lookup(cache->entries, key);
    if (entry == NULL)
        return NULL;
    /* from_ms: after the clock was set back, an answer must not be good for longer. */
    bool good = entry->under_way || (now_ms >= entry->from_ms && now_ms < entry->until_ms);
    if (!good) {
        forget(cache, entry);
        return NULL;
    }
    GQueue *order = order_of(cache, entry);
    g_queue_unlink(order, &entry->link);
    g_queue_push_head_link(order, &entry->link);
    if (lifetime->sliding && order == &cache->known)
        set_end(entry, now_ms, lifetime->known_ms);
    return entry;
}

static Entry *add(IdentityCache *cache, const uint8_t *key) REQUIRES(cache->lock);

static Entry *
add(IdentityCache *cache, const uint8_t *key)
{
    while (g_hash_table_size(cache->entries) >= cache->limit)
        forget(cache, least(cache));
    Entry *entry = g_new0(Entry, 1);
    memcpy(entry->key, key, IDENTITY_KEY_SIZE);
    entry->under_way = true;
    entry->kept = true;
    entry->references = 1;
    entry->link.data = entry;
    g_hash_table_insert(cache->entries, entry->key, entry);
    g_queue_push_head_link(&cache->others, &entry->link);
    return entry;
}

/* The outcome of an entry. With the lock. */
static IdentityOutcome
answer(const Entry *entry, Bearer **bearer, GError **error)
{
    if (entry->outcome == IDENTITY_KNOWN)
        *bearer = bearer_ref(entry->bearer);
    else if (entry->outcome == IDENTITY_FAILED)
        g_propagate_error(error, g_error_copy(entry->error));
    return entry->outcome;
}

static int64_t
lifetime_of(const Entry *entry, const IdentityLifetime *lifetime)
{
    if (entry->outcome == IDENTITY_KNOWN)
        return lifetime->known_ms;
    return entry->outcome == IDENTITY_REFUSED ? lifetime->refused_ms : lifetime->failed_ms;
}

/* Stores the answer, and moves the entry to the list that it belongs in now. */
static void settle(IdentityCache *cache, Entry *entry, IdentityOutcome outcome, Bearer *bearer,
                   GError *error) REQUIRES(cache->lock);

static void
settle(IdentityCache *cache, Entry *entry, IdentityOutcome outcome, Bearer *bearer, GError *error)
{
    if (entry->kept)
        g_queue_unlink(order_of(cache, entry), &entry->link);
    entry->outcome = outcome;
    entry->bearer = bearer;
    entry->error = error;
    entry->under_way = false;
    if (entry->kept)
        g_queue_push_head_link(order_of(cache, entry), &entry->link);
}

/* Asks without the lock, and stores the answer in the entry. */
static void ask(IdentityCache *cache, Entry *entry, int64_t now_ms,
                const IdentityLifetime *lifetime, IdentityQuestion question, void *user_data)
    REQUIRES(cache->lock);

static void
ask(IdentityCache *cache, Entry *entry, int64_t now_ms, const IdentityLifetime *lifetime,
    IdentityQuestion question, void *user_data)
{
    Bearer *bearer = NULL;
    GError *error = NULL;
    lock_release(&cache->lock);
    IdentityOutcome outcome = question(user_data, &bearer, &error);
    lock_acquire(&cache->lock);
    settle(cache, entry, outcome, bearer, error);
    int64_t length = lifetime_of(entry, lifetime);
    entry->from_ms = now_ms;
    set_end(entry, now_ms, length);
    if (length <= 0)
        forget(cache, entry);
    pthread_cond_broadcast(&cache->answered);
}

IdentityOutcome
identity_cache_get(IdentityCache *cache, const uint8_t key[IDENTITY_KEY_SIZE], int64_t now_ms,
                   const IdentityLifetime *lifetime, IdentityQuestion question, void *user_data,
                   Bearer **bearer, GError **error)
{
    lock_acquire(&cache->lock);
    Entry *entry = find(cache, key, now_ms, lifetime);
    if (question == NULL && (entry == NULL || entry->under_way)) {
        lock_release(&cache->lock);
        return IDENTITY_ASK;
    }
    bool asks = entry == NULL;
    if (asks)
        entry = add(cache, key);
    entry->references++;
    if (asks)
        ask(cache, entry, now_ms, lifetime, question, user_data);
    while (entry->under_way)
        lock_wait(&cache->lock, &cache->answered);
    IdentityOutcome outcome = answer(entry, bearer, error);
    entry_unref(entry);
    lock_release(&cache->lock);
    return outcome;
}
