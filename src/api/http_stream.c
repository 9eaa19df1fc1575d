/* Streams over libmicrohttpd; the contract is in http_stream.h. A suspended connection does not
 * notice that its client is gone or that nothing was sent for long, so a clock wakes it.
 *
 * Locks: HttpStreams.lock before HttpStream.lock before the library's own. No lock is held while a
 * source is called.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/http_stream.h"

#include "api/access.h"
#include "common/lock.h"
#include "common/time_text.h"

#include <microhttpd.h>

/* Bytes that the library requests at a time. */
#define BLOCK_SIZE 8192
/* How often the clock checks for silent streams. */
#define TICK_MS 1000

struct HttpStreams {
    Pool *pool; /* borrowed */
    Lock lock;
    GPtrArray *all GUARDED; /* HttpStream, owned by their exchanges */
    bool closing GUARDED, ticking GUARDED;
};

struct HttpStream {
    HttpStreams *owner;
    RequestStream *source; /* owned */
    struct MHD_Connection *connection;
    Lock lock;
    bool suspended GUARDED;
    bool pending GUARDED; /* woken since the source was last asked */
    bool closing GUARDED;
    int64_t last_sent_ms GUARDED; /* monotonic */
};

UNSHARED HttpStreams *
http_streams_new(Pool *pool)
{
    HttpStreams *streams = g_new0(HttpStreams, 1);
    streams->pool = pool;
    streams->all = g_ptr_array_new();
    lock_init(&streams->lock, LOCK_RANK_STREAMS);
    return streams;
}

static void
wake(HttpStream *stream, bool close)
{
    lock_acquire(&stream->lock);
    stream->pending = true;
    stream->closing = stream->closing || close;
    bool suspended = stream->suspended;
    stream->suspended = false;
    if (suspended)
        MHD_resume_connection(stream->connection);
    lock_release(&stream->lock);
}

static void
wake_from_source(void *carrier)
{
    wake(carrier, false);
}

static bool
is_silent(HttpStream *stream, int64_t now)
{
    lock_acquire(&stream->lock);
    bool silent = now - stream->last_sent_ms >= (int64_t)stream->source->silence_ms;
    lock_release(&stream->lock);
    return silent;
}

/* Runs on the pool while there are streams. */
static void
tick(void *data)
{
    HttpStreams *streams = data;
    int64_t now = time_monotonic_ms();
    policy_refresh(); /* the threads that filter events may not read files */
    lock_acquire(&streams->lock);
    for (guint i = 0; i < streams->all->len; i++) {
        HttpStream *stream = g_ptr_array_index(streams->all, i);
        if (is_silent(stream, now))
            wake(stream, false);
    }
    streams->ticking = streams->all->len > 0 && !streams->closing;
    bool again = streams->ticking;
    lock_release(&streams->lock);
    if (again)
        pool_submit_later(streams->pool, TICK_MS, tick, streams);
}

void
http_streams_close(HttpStreams *streams)
{
    lock_acquire(&streams->lock);
    streams->closing = true;
    for (guint i = 0; i < streams->all->len; i++)
        wake(g_ptr_array_index(streams->all, i), true);
    lock_release(&streams->lock);
}

unsigned
http_streams_count(HttpStreams *streams)
{
    lock_acquire(&streams->lock);
    unsigned count = streams->all->len;
    lock_release(&streams->lock);
    return count;
}

void UNSHARED
http_streams_free(HttpStreams *streams)
{
    if (streams == NULL)
        return;
    g_ptr_array_free(streams->all, TRUE);
    lock_destroy(&streams->lock);
    g_free(streams);
}

HttpStream *
http_stream_new(HttpStreams *streams, RequestStream *source, struct MHD_Connection *connection)
{
    HttpStream *stream = g_new0(HttpStream, 1);
    *stream = (HttpStream){.owner = streams,
                           .source = source,
                           .connection = connection,
                           .last_sent_ms = time_monotonic_ms()};
    lock_init(&stream->lock, LOCK_RANK_STREAM);
    lock_acquire(&streams->lock);
    g_ptr_array_add(streams->all, stream);
    stream->closing = streams->closing;
    bool start = !streams->ticking && !streams->closing;
    streams->ticking = streams->ticking || start;
    lock_release(&streams->lock);
    if (start)
        pool_submit_later(streams->pool, TICK_MS, tick, streams);
    source->open(source, wake_from_source, stream);
    return stream;
}

void
http_stream_free(HttpStream *stream)
{
    if (stream == NULL)
        return;
    lock_acquire(&stream->owner->lock);
    g_ptr_array_remove_fast(stream->owner->all, stream);
    lock_release(&stream->owner->lock);
    /* The order matters: the stream is off the list before its source is freed, and the source
     * stops waking the stream before the lock is destroyed. */
    stream->source->free(stream->source);
    lock_destroy(&stream->lock);
    g_free(stream);
}

/* Suspends the connection, unless it was woken since the source had nothing to send. */
static bool
suspend_if_idle(HttpStream *stream)
{
    lock_acquire(&stream->lock);
    stream->suspended = !stream->pending && !stream->closing;
    bool asleep = stream->suspended;
    if (asleep)
        MHD_suspend_connection(stream->connection);
    lock_release(&stream->lock);
    return asleep;
}

/* Fills the library's buffer; on an HTTP thread. */
static ssize_t
read_stream(void *data, uint64_t position, char *buffer, size_t size)
{
    (void)position;
    HttpStream *stream = data;
    do {
        lock_acquire(&stream->lock);
        bool closing = stream->closing;
        stream->pending = false;
        bool silent =
            time_monotonic_ms() - stream->last_sent_ms >= (int64_t)stream->source->silence_ms;
        lock_release(&stream->lock);
        size_t filled = 0;
        if (closing || !stream->source->read(stream->source, buffer, size, silent, &filled))
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (filled > 0) {
            lock_acquire(&stream->lock);
            stream->last_sent_ms = time_monotonic_ms();
            lock_release(&stream->lock);
            return (ssize_t)filled;
        }
    } while (!suspend_if_idle(stream));
    return 0;
}

struct MHD_Response *
http_stream_response(HttpStream *stream)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream, stream,
                                             NULL);
}
