/* Events of other conductors over HTTP; the contract is in event_feeds.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/event_feeds.h"

#include "common/json_text.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "common/uuid.h"
#include "db/conductors.h"

#define AREA "rpc.events"
enum {
    LOOK_MS = 2000,       /* how often the conductors are looked up */
    PAUSE_EMPTY_MS = 100, /* a conductor that answers without news at once is not asked in a rush */
    PAUSE_FIRST_MS = 500, /* after a failure; then twice as long each time */
    PAUSE_MOST_MS = 8000,
    FEEDS_MOST = 1000,
};

/* What is fetched from one conductor. */
typedef struct Feed {
    EventFeeds *owner;
    char *host;
    char *lease; /* its last known */
    bool lives;
    bool asked; /* a question is under way */
    bool told;  /* that it does not answer */
    int64_t have;
    int64_t due_ms; /* monotonic: when it is asked next */
    int64_t pause_ms;
} Feed;

struct EventFeeds {
    EventFeedsOptions options;
    char id[UUID_TEXT_SIZE]; /* of this reader */
    pthread_t thread;
    pthread_cond_t changed;
    Lock lock;
    GHashTable *feeds GUARDED; /* host of the Feed -> Feed (owned), with all that is in it */
    bool stopping GUARDED;
};

static void
feed_free(void *data)
{
    Feed *feed = data;
    g_free(feed->host);
    g_free(feed->lease);
    g_free(feed);
}

/* ---- who lives ---- */

static void
note_conductor(const DbConductor *conductor, void *user_data)
{
    GHashTable *leases = user_data;
    if (g_hash_table_size(leases) < FEEDS_MOST)
        g_hash_table_insert(leases, g_strdup(conductor->hostname), g_strdup(conductor->lease));
}

static void
note_lease(EventFeeds *feeds, const char *host, const char *lease) REQUIRES(feeds->lock)
{
    Feed *feed = g_hash_table_lookup(feeds->feeds, host);
    if (feed == NULL) {
        feed = g_new0(Feed, 1);
        feed->owner = feeds;
        feed->host = g_strdup(host);
        feed->pause_ms = PAUSE_FIRST_MS;
        g_hash_table_insert(feeds->feeds, feed->host, feed);
    }
    feed->lives = true;
    if (g_strcmp0(feed->lease, lease) == 0)
        return;
    g_free(feed->lease);
    feed->lease = g_strdup(lease);
    feed->due_ms = 0;
    feed->pause_ms = PAUSE_FIRST_MS;
}

static void
note_leases(EventFeeds *feeds, GHashTable *leases) REQUIRES(feeds->lock)
{
    GHashTableIter iterator;
    void *host, *value;
    g_hash_table_iter_init(&iterator, feeds->feeds);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        ((Feed *)value)->lives = false;
    g_hash_table_iter_init(&iterator, leases);
    while (g_hash_table_iter_next(&iterator, &host, &value))
        if (g_strcmp0(host, feeds->options.host) != 0)
            note_lease(feeds, host, value);
}

/* When the database fails, those known before are asked. */
static void
look_who_lives(EventFeeds *feeds)
{
    g_autoptr(GError) error = NULL;
    GHashTable *leases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (db_conductors(feeds->options.db, steady_now_ms(), note_conductor, leases, &error)) {
        lock_acquire(&feeds->lock);
        note_leases(feeds, leases);
        lock_release(&feeds->lock);
    } else {
        log_debug(AREA, "the conductors could not be looked up: %s", error->message);
    }
    g_hash_table_destroy(leases);
}

/* ---- answers ---- */

static void
publish(EventFeeds *feeds, const char *host, const json_t *events)
{
    size_t i;
    const json_t *event;
    unsigned bad = 0;
    json_array_foreach(events, i, event) if (!event_relay_publish(feeds->options.relay, event))
        bad++;
    if (bad > 0)
        log_warning(AREA, "%u events of conductor %s cannot be read", bad, host);
}

/* Takes an answer of the feed's conductor; `have` is what was asked with. The number to ask with
 * next. */
static int64_t
take_answer(EventFeeds *feeds, const char *host, int64_t have, const json_t *result)
{
    const json_t *number = json_object_get(result, "number");
    const json_t *lost = json_object_get(result, "lost");
    if (!json_is_integer(number) || json_integer_value(number) < 0)
        return have;
    if (json_is_integer(lost) && json_integer_value(lost) > 0)
        log_warning(AREA,
                    "%" G_GINT64_FORMAT " events of conductor %s were lost: this process did not "
                    "fetch them in time",
                    (int64_t)json_integer_value(lost), host);
    if (json_integer_value(number) != have)
        publish(feeds, host, json_object_get(result, "events"));
    return json_integer_value(number);
}

/* True: the log is to tell it. */
static bool
note_failure(EventFeeds *feeds, Feed *feed) REQUIRES(feeds->lock)
{
    bool is_news = !feed->told && feed->lives && !feeds->stopping;
    feed->due_ms = time_monotonic_ms() + feed->pause_ms;
    feed->pause_ms = MIN(2 * feed->pause_ms, PAUSE_MOST_MS);
    feed->told = true;
    return is_news;
}

/* True: the log is to tell it. */
static bool
note_success(EventFeeds *feeds, Feed *feed, int64_t have) REQUIRES(feeds->lock)
{
    (void)feeds; /* its lock is held */
    bool is_news = feed->told;
    feed->due_ms = have != feed->have ? 0 : time_monotonic_ms() + PAUSE_EMPTY_MS;
    feed->pause_ms = PAUSE_FIRST_MS;
    feed->have = have;
    feed->told = false;
    return is_news;
}

/* Receives an answer. */
static void
feed_answered(json_t *result, const GError *error, void *user_data)
{
    Feed *feed = user_data;
    EventFeeds *feeds = feed->owner;
    int64_t have = result != NULL ? take_answer(feeds, feed->host, feed->have, result) : 0;
    g_autofree char *host = g_strdup(feed->host);
    lock_acquire(&feeds->lock);
    bool is_news = result != NULL ? note_success(feeds, feed, have) : note_failure(feeds, feed);
    feed->asked = false; /* from here on it may be forgotten */
    pthread_cond_signal(&feeds->changed);
    lock_release(&feeds->lock);
    if (is_news && result != NULL)
        log_info(AREA, "the events of conductor %s are seen again", host);
    else if (is_news)
        log_warning(AREA, "the events of conductor %s are not seen: %s", host, error->message);
}

/* ---- questions ---- */

/* Those to be asked now, marked as such. One that is dead and does not answer is forgotten; one
 * that drains answers.
 * next_ms  in and out: when the next one is due */
static void
take_due(EventFeeds *feeds, GPtrArray *due, int64_t *next_ms) REQUIRES(feeds->lock)
{
    int64_t now_ms = time_monotonic_ms();
    GHashTableIter iterator;
    void *value;
    g_hash_table_iter_init(&iterator, feeds->feeds);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Feed *feed = value;
        if (feed->asked)
            continue;
        if (!feed->lives && feed->told) {
            g_hash_table_iter_remove(&iterator);
        } else if (feed->due_ms <= now_ms) {
            feed->asked = true;
            g_ptr_array_add(due, feed);
        } else {
            *next_ms = MIN(*next_ms, feed->due_ms);
        }
    }
}

/* Waits for those to be asked, until this time. False: the end. */
static bool
wait_due(EventFeeds *feeds, GPtrArray *due, int64_t limit_ms)
{
    bool waits = true;
    lock_acquire(&feeds->lock);
    while (!feeds->stopping && waits) {
        int64_t next_ms = limit_ms;
        take_due(feeds, due, &next_ms);
        waits = due->len == 0 && time_monotonic_ms() < limit_ms;
        if (waits)
            lock_wait_until(&feeds->lock, &feeds->changed, next_ms);
    }
    bool goes_on = !feeds->stopping;
    lock_release(&feeds->lock);
    return goes_on;
}

static void *
event_feeds_thread(void *data)
{
    EventFeeds *feeds = data;
    GPtrArray *due = g_ptr_array_new();
    int64_t look_ms = 0;
    do {
        for (guint i = 0; i < due->len; i++) {
            Feed *feed = g_ptr_array_index(due, i);
            json_rpc_client_fetch(feeds->options.client, feed->host, feeds->id, feed->have,
                                  feed_answered, feed);
        }
        g_ptr_array_set_size(due, 0);
        if (time_monotonic_ms() >= look_ms) {
            look_who_lives(feeds);
            look_ms = time_monotonic_ms() + LOOK_MS;
        }
    } while (wait_due(feeds, due, look_ms));
    g_ptr_array_free(due, TRUE);
    return NULL;
}

/* ---- start and stop ---- */

UNSHARED EventFeeds *
event_feeds_new(const EventFeedsOptions *options)
{
    EventFeeds *feeds = g_new0(EventFeeds, 1);
    feeds->options = *options;
    uuid_generate(feeds->id);
    feeds->feeds = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, feed_free);
    lock_init(&feeds->lock, LOCK_RANK_RPC_EVENTS);
    lock_condition_init(&feeds->changed);
    pthread_create(&feeds->thread, NULL, event_feeds_thread, feeds);
    return feeds;
}

void
event_feeds_stop(EventFeeds *feeds)
{
    if (feeds == NULL)
        return;
    lock_acquire(&feeds->lock);
    feeds->stopping = true;
    pthread_cond_signal(&feeds->changed);
    lock_release(&feeds->lock);
    pthread_join(feeds->thread, NULL);
}

UNSHARED void
event_feeds_free(EventFeeds *feeds)
{
    if (feeds == NULL)
        return;
    g_hash_table_destroy(feeds->feeds);
    pthread_cond_destroy(&feeds->changed);
    lock_destroy(&feeds->lock);
    g_free(feeds);
}
