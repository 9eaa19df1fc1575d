/* Lanes of logins; the contract is in login_queue.h. A worker runs one check after another, each
 * from the lane whose turn it is, until none may run.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/login_queue.h"

#include "common/lock.h"
#include "common/metrics.h"
#include "common/time_text.h"

enum {
    WAITING_LIMIT = 1024, /* waiting checks in all lanes */
    LANE_LIMIT = 32,      /* waiting checks in one lane */
    SUSPECT_LIMIT = 4,
    SUSPECT_FAILURES = 5,
    FORGIVE_MS = 60 * 1000, /* after this long without a failure a lane is no longer suspect */
    LANES = 4096,           /* lanes that are remembered */
};

typedef struct Check {
    PoolJob run;
    void *data;
} Check;

typedef struct Lane {
    LoginLane key;
    GQueue waiting; /* Check, owned */
    unsigned running, failures;
    int64_t failed_ms; /* monotonic */
    GList link;        /* in the queue's `ready` while a check waits, else in its `resting` */
} Lane;

struct LoginQueue {
    Pool *pool;
    unsigned threads;
    Lock lock;
    GHashTable *lanes GUARDED; /* LoginLane -> Lane, owned */
    GQueue ready GUARDED;      /* Lane, in the order of turns */
    GQueue resting GUARDED;    /* Lane, the one used last in front */
    unsigned waiting GUARDED;  /* checks */
    unsigned workers GUARDED;  /* jobs in the pool */
    unsigned suspects_running GUARDED;
};

static guint
hash_lane(const void *key)
{
    const LoginLane *lane = key;
    return http_address_hash(&lane->source) * 31 + lane->part;
}

static gboolean
equal_lanes(const void *a, const void *b)
{
    const LoginLane *left = a, *right = b;
    return left->part == right->part && http_address_equal(&left->source, &right->source);
}

LoginQueue *UNSHARED
login_queue_new(const char *name, unsigned threads)
{
    LoginQueue *queue = g_new0(LoginQueue, 1);
    queue->threads = MAX(threads, 2);
    queue->pool = pool_new(name, queue->threads, queue->threads);
    lock_init(&queue->lock, LOCK_RANK_LOGINS);
    queue->lanes = g_hash_table_new_full(hash_lane, equal_lanes, NULL, g_free);
    return queue;
}

void UNSHARED
login_queue_free(LoginQueue *queue)
{
    if (queue == NULL)
        return;
    pool_free(queue->pool);
    g_hash_table_unref(queue->lanes);
    lock_destroy(&queue->lock);
    g_free(queue);
}

static bool
is_suspect(const Lane *lane)
{
    return lane->failures >= SUSPECT_FAILURES && time_monotonic_ms() - lane->failed_ms < FORGIVE_MS;
}

static bool may_run(const LoginQueue *queue, const Lane *lane) REQUIRES(queue->lock);
static bool take_check(LoginQueue *queue, Lane **from, Check *check) REQUIRES(queue->lock);
static Lane *find_lane(LoginQueue *queue, const LoginLane *key) REQUIRES(queue->lock);
static bool has_place(const LoginQueue *queue, const Lane *lane) REQUIRES(queue->lock);
static bool start_worker(LoginQueue *queue) REQUIRES(queue->lock);

static bool
may_run(const LoginQueue *queue, const Lane *lane)
{
    unsigned half = queue->threads / 2;
    if (is_suspect(lane))
        return lane->running == 0 && queue->suspects_running < half;
    return lane->running < half;
}

/* The next check of the lane whose turn it is. */
static bool
take_check(LoginQueue *queue, Lane **from, Check *check)
{
    GList *link = queue->ready.head;
    while (link != NULL && !may_run(queue, link->data))
        link = link->next;
    if (link == NULL)
        return false;
    Lane *lane = link->data;
    g_autofree Check *taken = g_queue_pop_head(&lane->waiting);
    *check = *taken;
    *from = lane;
    lane->running++;
    queue->waiting--;
    g_queue_unlink(&queue->ready, link);
    if (g_queue_is_empty(&lane->waiting))
        g_queue_push_head_link(&queue->resting, link);
    else
        g_queue_push_tail_link(&queue->ready, link);
    return true;
}

static void
login_queue_work(void *data)
{
    LoginQueue *queue = data;
    Lane *lane;
    Check check;
    lock_acquire(&queue->lock);
    while (take_check(queue, &lane, &check)) {
        bool suspect = is_suspect(lane);
        queue->suspects_running += suspect;
        lock_release(&queue->lock);
        check.run(check.data);
        lock_acquire(&queue->lock);
        queue->suspects_running -= suspect;
        lane->running--;
    }
    queue->workers--;
    lock_release(&queue->lock);
}

/* The lane of a key. A new one may replace the idle lane that was used longest ago. */
static Lane *
find_lane(LoginQueue *queue, const LoginLane *key)
{
    Lane *lane = g_hash_table_lookup(queue->lanes, key);
    if (lane != NULL)
        return lane;
    GList *oldest = queue->resting.tail;
    const Lane *old = oldest != NULL ? oldest->data : NULL;
    if (g_hash_table_size(queue->lanes) >= LANES && old != NULL && old->running == 0) {
        g_queue_unlink(&queue->resting, oldest);
        g_hash_table_remove(queue->lanes, &old->key);
    }
    lane = g_new0(Lane, 1);
    lane->key = *key;
    lane->link.data = lane;
    g_hash_table_insert(queue->lanes, &lane->key, lane);
    g_queue_push_head_link(&queue->resting, &lane->link);
    return lane;
}

static bool
has_place(const LoginQueue *queue, const Lane *lane)
{
    return queue->waiting < WAITING_LIMIT &&
           lane->waiting.length < (is_suspect(lane) ? SUSPECT_LIMIT : LANE_LIMIT);
}

/* Starts a worker if another may run. False if none runs. */
static bool
start_worker(LoginQueue *queue)
{
    if (queue->workers == queue->threads)
        return true;
    queue->workers++;
    if (pool_submit(queue->pool, login_queue_work, queue, NULL))
        return true;
    queue->workers--;
    return queue->workers > 0;
}

bool
login_queue_submit(LoginQueue *queue, const LoginLane *key, PoolJob job, void *data, GError **error)
{
    lock_acquire(&queue->lock);
    Lane *lane = find_lane(queue, key);
    bool accepted = has_place(queue, lane) && start_worker(queue);
    if (accepted) {
        Check *check = g_new(Check, 1);
        *check = (Check){job, data};
        if (g_queue_is_empty(&lane->waiting)) {
            g_queue_unlink(&queue->resting, &lane->link);
            g_queue_push_tail_link(&queue->ready, &lane->link);
        }
        g_queue_push_tail(&lane->waiting, check);
        queue->waiting++;
    }
    lock_release(&queue->lock);
    if (accepted)
        return true;
    metrics_add(METRIC_LOGINS_POSTPONED, 1);
    return steel_fail(error, STEEL_ERROR_IDENTITY_UNAVAILABLE,
                      "Too many logins wait to be checked; try again in a few seconds.");
}

void
login_queue_judge(LoginQueue *queue, const LoginLane *key, bool right)
{
    lock_acquire(&queue->lock);
    Lane *lane = g_hash_table_lookup(queue->lanes, key);
    if (lane != NULL && right) {
        lane->failures /= 2;
    } else if (lane != NULL) {
        if (time_monotonic_ms() - lane->failed_ms >= FORGIVE_MS)
            lane->failures = 0;
        lane->failures++;
        lane->failed_ms = time_monotonic_ms();
    }
    lock_release(&queue->lock);
}
