/* Writes under way; the contract is in writes.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "iscsi/writes.h"

#include "common/lock.h"
#include "common/log.h"
#include "common/pool.h"
#include "common/secret.h"
#include "common/time_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define AREA "iscsi.writes"
/* Between two words about the progress. */
#define TELL_MS 2000

typedef struct Write {
    LunWrites *writes;                                                    /* borrowed */
    char *key, *path, *portal, *target, *username, *password, *initiator; /* owned */
    int lun, stall_s;
    uint64_t offset, size;
    atomic_bool stop;
    atomic_uint_least64_t done;
    int64_t told_ms; /* of the thread that writes */
    /* the rest: with the lock of LunWrites */
    bool begun; /* a thread has it */
    LunWriteState state;
    GError *why;     /* owned; FAILED */
    uint64_t looked; /* what was done at the last look */
    bool forgotten;  /* nobody asks any more: it goes with its thread */
} Write;

struct LunWrites {
    const LunWritesOps *ops; /* borrowed */
    void *user;              /* borrowed */
    char *initiator;         /* owned */
    Pool *pool;              /* owned */
    Lock lock;
    pthread_cond_t ended GUARDED;
    GHashTable *all GUARDED; /* key of the value: Write, owned by us */
};

static void
write_free(Write *write)
{
    g_free(write->key);
    g_free(write->path);
    g_free(write->portal);
    g_free(write->target);
    g_free(write->username);
    g_free(write->initiator);
    secret_free(write->password);
    g_clear_error(&write->why);
    g_free(write);
}

/* ---- the thread that writes ---- */

static void
lun_write_progress(void *user, uint64_t done, uint64_t total)
{
    Write *write = user;
    int64_t now_ms = time_monotonic_ms();
    atomic_store(&write->done, done);
    if (now_ms - write->told_ms < TELL_MS && done < total)
        return;
    write->told_ms = now_ms;
    write->writes->ops->progress(write->writes->user, write->key, done, total);
}

static bool
write_from(Write *write, int file, GError **error)
{
    const LunOptions options = {.portal = write->portal,
                                .target = write->target,
                                .lun = write->lun,
                                .initiator = write->initiator,
                                .username = write->username,
                                .password = write->password,
                                .stall_s = write->stall_s,
                                .stop = &write->stop};
    const LunImage image = {.file = file,
                            .offset = write->offset,
                            .size = write->size,
                            .tell = lun_write_progress,
                            .user = write};
    g_autoptr(Lun) lun = lun_open(&options, error);
    return lun != NULL && lun_write_image(lun, &image, error);
}

static bool
write_now(Write *write, GError **error)
{
    if (atomic_load(&write->stop))
        return steel_fail(error, STEEL_ERROR_CANCELLED, "by request");
    int file = open(write->path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return steel_fail(error, STEEL_ERROR_IO, "the image %s cannot be read: %s", write->path,
                          g_strerror(errno));
    int64_t begun_ms = time_monotonic_ms();
    log_info(AREA, "%s: the write begins, by way of %s", write->target, write->portal);
    bool good = write_from(write, file, error);
    close(file);
    if (good)
        log_info(AREA, "%s: %" G_GUINT64_FORMAT " bytes written in %.2f s", write->target,
                 (uint64_t)atomic_load(&write->done),
                 (double)(time_monotonic_ms() - begun_ms) / 1000);
    return good;
}

/* False: it was cancelled while it waited in line. */
static bool
begin(Write *write)
{
    lock_acquire(&write->writes->lock);
    write->begun = !write->forgotten;
    bool begun = write->begun;
    lock_release(&write->writes->lock);
    return begun;
}

/* True when nobody asks for it any more. */
static bool
settle(Write *write, bool good, GError *why)
{
    LunWrites *writes = write->writes;
    lock_acquire(&writes->lock);
    bool forgotten = write->forgotten;
    write->state = good ? LUN_WRITE_DONE : LUN_WRITE_FAILED;
    write->why = why;
    pthread_cond_broadcast(&writes->ended);
    lock_release(&writes->lock);
    return forgotten;
}

/* Once it has settled, somebody else may free it. */
static void
lun_write_job(void *data)
{
    Write *write = data;
    LunWrites *writes = write->writes;
    GError *why = NULL;
    if (!begin(write)) {
        write_free(write);
        return;
    }
    g_autofree char *key = g_strdup(write->key);
    log_context_node(key);
    bool good = write_now(write, &why);
    if (!good)
        log_warning(AREA, "%s: %s", write->target, why->message);
    if (!settle(write, good, why))
        writes->ops->ended(writes->user, key);
    log_context_node(NULL);
}

/* ---- orders ---- */

UNSHARED LunWrites *
lun_writes_new(const LunWritesOps *ops, void *user, const char *initiator, unsigned most,
               unsigned waiting)
{
    LunWrites *writes = g_new0(LunWrites, 1);
    writes->ops = ops;
    writes->user = user;
    writes->initiator = g_strdup(initiator);
    writes->pool = pool_new("image writers", most, waiting);
    lock_init(&writes->lock, LOCK_RANK_LUN_WRITES);
    lock_condition_init(&writes->ended);
    writes->all = g_hash_table_new(g_str_hash, g_str_equal);
    return writes;
}

static Write *
write_new(LunWrites *writes, const LunOrder *order)
{
    Write *write = g_new0(Write, 1);
    write->writes = writes;
    write->key = g_strdup(order->key);
    write->path = g_strdup(order->path);
    write->portal = g_strdup(order->portal);
    write->target = g_strdup(order->target);
    write->lun = order->lun;
    write->username = g_strdup(order->username);
    write->initiator = g_strdup(order->initiator != NULL ? order->initiator : writes->initiator);
    write->password = g_strdup(order->password);
    write->offset = order->offset;
    write->size = order->size;
    write->stall_s = order->stall_s;
    write->state = LUN_WRITE_RUNS;
    return write;
}

/* Notes a write in place of one that has ended; false: one runs. */
static bool
note(LunWrites *writes, Write *write)
{
    lock_acquire(&writes->lock);
    Write *before = g_hash_table_lookup(writes->all, write->key);
    bool free_place = before == NULL || before->state != LUN_WRITE_RUNS;
    if (free_place)
        g_hash_table_replace(writes->all, write->key, write);
    lock_release(&writes->lock);
    if (free_place && before != NULL)
        write_free(before);
    return free_place;
}

static void
forget(LunWrites *writes, Write *write)
{
    lock_acquire(&writes->lock);
    g_hash_table_remove(writes->all, write->key);
    lock_release(&writes->lock);
    write_free(write);
}

bool
lun_writes_begin(LunWrites *writes, const LunOrder *order, GError **error)
{
    Write *write = write_new(writes, order);
    if (!note(writes, write)) {
        write_free(write);
        return steel_fail(error, STEEL_ERROR_CONFLICT, "an image is being written there already");
    }
    if (pool_submit(writes->pool, lun_write_job, write, error))
        return true;
    forget(writes, write);
    return false;
}

LunWriteState
lun_writes_look(LunWrites *writes, const char *key, bool *moved, GError **why)
{
    lock_acquire(&writes->lock);
    Write *write = g_hash_table_lookup(writes->all, key);
    LunWriteState state = write != NULL ? write->state : LUN_WRITE_UNKNOWN;
    uint64_t done = write != NULL ? atomic_load(&write->done) : 0;
    if (moved != NULL)
        *moved = write != NULL && done != write->looked;
    if (write != NULL)
        write->looked = done;
    if (state == LUN_WRITE_FAILED && why != NULL)
        *why = g_error_copy(write->why);
    lock_release(&writes->lock);
    return state;
}

/* Takes it from the list; NULL: nothing is to be waited for. */
static Write *take(LunWrites *writes, const char *key) REQUIRES(writes->lock);

static Write *
take(LunWrites *writes, const char *key)
{
    Write *write = g_hash_table_lookup(writes->all, key);
    if (write == NULL)
        return NULL;
    g_hash_table_remove(writes->all, key);
    atomic_store(&write->stop, true);
    write->forgotten = true;
    return write->begun ? write : NULL;
}

void
lun_writes_cancel(LunWrites *writes, const char *key)
{
    if (writes == NULL)
        return;
    lock_acquire(&writes->lock);
    Write *write = take(writes, key);
    while (write != NULL && write->state == LUN_WRITE_RUNS)
        lock_wait(&writes->lock, &writes->ended);
    lock_release(&writes->lock);
    if (write != NULL)
        write_free(write);
}

static void
stop_all(LunWrites *writes)
{
    GHashTableIter iterator;
    void *write;
    lock_acquire(&writes->lock);
    g_hash_table_iter_init(&iterator, writes->all);
    while (g_hash_table_iter_next(&iterator, NULL, &write))
        atomic_store(&((Write *)write)->stop, true);
    lock_release(&writes->lock);
}

UNSHARED void
lun_writes_free(LunWrites *writes)
{
    if (writes == NULL)
        return;
    stop_all(writes);
    pool_free(writes->pool);
    GHashTableIter iterator;
    void *write;
    g_hash_table_iter_init(&iterator, writes->all);
    while (g_hash_table_iter_next(&iterator, NULL, &write))
        write_free(write);
    g_hash_table_unref(writes->all);
    pthread_cond_destroy(&writes->ended);
    lock_destroy(&writes->lock);
    g_free(writes->initiator);
    g_free(writes);
}
