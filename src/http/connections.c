/* The list of connections; the contract is in connections.h.
 *
 * A connection is cut off by shutting its socket down: the library's thread then finds its end and
 * closes it. The descriptor stays valid as long as the connection is in the list.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/connections.h"

#include "common/log.h"
#include "common/metrics.h"
#include "common/time_text.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum {
    /* Connections that are cut off and not closed yet, beyond the limit. */
    SLACK = 256,
    /* How many connections one step of the clock checks while it holds the lock. */
    SLICE = 256,
    LOG_PAUSE_MS = 60 * 1000,
};

/* How long a phase may last: in each window this many bytes must move. */
static const struct {
    int64_t window_ms;
    uint64_t least; /* bytes; UINT64_MAX: no number is enough */
} rules[CONNECTION_PHASE_COUNT] = {
    [CONNECTION_WAITING] = {10 * 1000, UINT64_MAX},
    [CONNECTION_BODY] = {10 * 1000, 8 * 1024},
    [CONNECTION_SENDING] = {60 * 1000, 4 * 1024},
};

/* The connections of one address. */
typedef struct Source {
    HttpAddress group;
    unsigned count, refused;
    int64_t logged_ms;
} Source;

struct Connections {
    ConnectionLimits limits;
    Lock lock;
    GQueue all GUARDED;          /* HttpConnection.all */
    GQueue turns GUARDED;        /* HttpConnection.turn; the first one is cut off first */
    GHashTable *sources GUARDED; /* of Source, owned */
    GList *cursor GUARDED;       /* where the clock continues */
    unsigned giving_way GUARDED;
    unsigned full_refused GUARDED; /* since the last log line about it */
    int64_t full_logged_ms GUARDED;
};

UNSHARED Connections *
connections_new(const ConnectionLimits *limits)
{
    Connections *connections = g_new0(Connections, 1);
    connections->limits = *limits;
    lock_init(&connections->lock, LOCK_RANK_CONNECTIONS);
    connections->sources =
        g_hash_table_new_full(http_address_hash, http_address_equal, NULL, g_free);
    return connections;
}

void UNSHARED
connections_free(Connections *connections)
{
    if (connections == NULL)
        return;
    g_hash_table_unref(connections->sources);
    lock_destroy(&connections->lock);
    g_free(connections);
}

static bool
is_counted(const Connections *connections, const HttpAddress *address)
{
    return connections->limits.per_address > 0 &&
           !http_networks_contain(connections->limits.trusted, address);
}

static void cut_off(Connections *connections, HttpConnection *connection)
    REQUIRES(connections->lock);

/* Cuts a connection off. */
static void
cut_off(Connections *connections, HttpConnection *connection)
{
    if (!connection->giving_way)
        connections->giving_way++;
    connection->giving_way = true;
    if (connection->in_turn)
        g_queue_unlink(&connections->turns, &connection->turn);
    connection->in_turn = false;
    shutdown(connection->fd, SHUT_RDWR);
}

/* True if a log line is due; *count is then the number of events since the last one. */
static bool
is_due(unsigned *refused, int64_t *logged_ms, unsigned *count)
{
    int64_t now = time_monotonic_ms();
    ++*refused;
    if (*logged_ms != 0 && now - *logged_ms < LOG_PAUSE_MS)
        return false;
    *count = *refused;
    *refused = 0;
    *logged_ms = now;
    return true;
}

static bool admit_address(Connections *connections, const HttpAddress *group, unsigned *count)
    REQUIRES(connections->lock);

/* False if the address has its full number; *count is set if a log line is due. */
static bool
admit_address(Connections *connections, const HttpAddress *group, unsigned *count)
{
    Source *source = g_hash_table_lookup(connections->sources, group);
    if (source == NULL || source->count < connections->limits.per_address)
        return true;
    (void)is_due(&source->refused, &source->logged_ms, count);
    return false;
}

static bool make_room(Connections *connections, unsigned *count) REQUIRES(connections->lock);

static bool
make_room(Connections *connections, unsigned *count)
{
    unsigned total = connections->all.length;
    if (total - connections->giving_way >= connections->limits.total) {
        if (connections->turns.head != NULL && total < connections->limits.total + SLACK) {
            cut_off(connections, connections->turns.head->data);
            metrics_add(METRIC_HTTP_GAVE_WAY, 1);
            return true;
        }
        (void)is_due(&connections->full_refused, &connections->full_logged_ms, count);
        return false;
    }
    return total < connections->limits.total + SLACK;
}

bool
connections_admit(Connections *connections, const HttpAddress *address)
{
    char text[HTTP_ADDRESS_TEXT_SIZE];
    unsigned of_address = 0, of_all = 0;
    const HttpAddress group = http_address_group(address);
    bool counted = is_counted(connections, address);
    lock_acquire(&connections->lock);
    bool admitted = (!counted || admit_address(connections, &group, &of_address)) &&
                    make_room(connections, &of_all);
    lock_release(&connections->lock);
    if (!admitted)
        metrics_add(METRIC_HTTP_REFUSED, 1);
    if (of_address > 0)
        log_warning(connections->limits.area,
                    "%s has %u connections open, as many as one address may have; refused: %u",
                    http_address_text(address, text), connections->limits.per_address, of_address);
    if (of_all > 0)
        log_warning(connections->limits.area,
                    "all %u connections are busy, none can be cut off; refused: %u",
                    connections->limits.total, of_all);
    return admitted;
}

static void count_source(Connections *connections, const HttpAddress *group)
    REQUIRES(connections->lock);

static void
count_source(Connections *connections, const HttpAddress *group)
{
    Source *source = g_hash_table_lookup(connections->sources, group);
    if (source == NULL) {
        source = g_new0(Source, 1);
        source->group = *group;
        g_hash_table_insert(connections->sources, &source->group, source);
    }
    source->count++;
}

static void uncount_source(Connections *connections, const HttpAddress *group)
    REQUIRES(connections->lock);

static void
uncount_source(Connections *connections, const HttpAddress *group)
{
    Source *source = g_hash_table_lookup(connections->sources, group);
    if (source != NULL && --source->count == 0)
        g_hash_table_remove(connections->sources, group);
}

HttpConnection *
connections_add(Connections *connections, struct MHD_Connection *mhd, int fd,
                const HttpAddress *address)
{
    HttpConnection *connection = g_new0(HttpConnection, 1);
    connection->owner = connections;
    connection->mhd = mhd;
    connection->fd = fd;
    connection->address = *address;
    connection->group = http_address_group(address);
    connection->counted = is_counted(connections, address);
    connection->serial = 1;
    connection->all.data = connection->turn.data = connection;
    lock_acquire(&connections->lock);
    g_queue_push_tail_link(&connections->all, &connection->all);
    g_queue_push_tail_link(&connections->turns, &connection->turn);
    connection->in_turn = true;
    if (connection->counted)
        count_source(connections, &connection->group);
    lock_release(&connections->lock);
    return connection;
}

void
connections_remove(HttpConnection *connection)
{
    Connections *connections = connection->owner;
    lock_acquire(&connections->lock);
    if (connections->cursor == &connection->all)
        connections->cursor = connection->all.next;
    g_queue_unlink(&connections->all, &connection->all);
    if (connection->in_turn)
        g_queue_unlink(&connections->turns, &connection->turn);
    if (connection->giving_way)
        connections->giving_way--;
    if (connection->counted)
        uncount_source(connections, &connection->group);
    lock_release(&connections->lock);
    g_free(connection->query);
    g_free(connection);
}

void
connection_set_phase(HttpConnection *connection, ConnectionPhase phase)
{
    __atomic_store_n(&connection->phase, (unsigned)phase, __ATOMIC_RELAXED);
    __atomic_store_n(&connection->serial, connection->serial + 1, __ATOMIC_RELEASE);
}

void
connection_leave_turn(HttpConnection *connection)
{
    Connections *connections = connection->owner;
    lock_acquire(&connections->lock);
    if (connection->in_turn)
        g_queue_unlink(&connections->turns, &connection->turn);
    connection->in_turn = false;
    lock_release(&connections->lock);
}

void
connection_take_turn(HttpConnection *connection)
{
    Connections *connections = connection->owner;
    lock_acquire(&connections->lock);
    if (connection->in_turn)
        g_queue_unlink(&connections->turns, &connection->turn);
    connection->in_turn = !connection->giving_way;
    if (connection->in_turn)
        g_queue_push_tail_link(&connections->turns, &connection->turn);
    lock_release(&connections->lock);
}

/* Bytes that the kernel has moved on a connection. False: it does not say (a unix socket). */
static bool
kernel_bytes(const HttpConnection *connection, bool received, uint64_t *bytes)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
        return false;
    *bytes = received ? info.tcpi_bytes_received : info.tcpi_bytes_acked;
    return true;
}

static void
open_window(HttpConnection *connection, int64_t now_ms, uint64_t bytes)
{
    connection->window_ms = now_ms;
    connection->window_bytes = bytes;
}

/* A connection between two requests may be idle for as long as the library allows; with the first
 * byte of a request the deadline for its headers begins. */
static bool
is_between_requests(const HttpConnection *connection, uint64_t bytes)
{
    return __atomic_load_n(&connection->served, __ATOMIC_RELAXED) > 0 &&
           bytes == connection->window_bytes;
}

static bool
is_overdue(HttpConnection *connection, ConnectionPhase phase, int64_t now_ms)
{
    unsigned serial = __atomic_load_n(&connection->serial, __ATOMIC_ACQUIRE);
    uint64_t bytes = 0;
    if (rules[phase].window_ms == 0)
        return false;
    if (phase == CONNECTION_BODY)
        bytes = __atomic_load_n(&connection->received, __ATOMIC_RELAXED);
    else if (!kernel_bytes(connection, phase == CONNECTION_WAITING, &bytes) &&
             phase == CONNECTION_SENDING)
        return false;
    bool fresh = serial != connection->seen_serial;
    connection->seen_serial = serial;
    if (fresh || (phase == CONNECTION_WAITING && is_between_requests(connection, bytes)) ||
        bytes - connection->window_bytes >= rules[phase].least) {
        open_window(connection, now_ms, bytes);
        return false;
    }
    return now_ms - connection->window_ms >= rules[phase].window_ms;
}

static bool tick_slice(Connections *connections, int64_t now_ms) REQUIRES(connections->lock);

/* Checks some connections from the cursor on; false at the end of the list. */
static bool
tick_slice(Connections *connections, int64_t now_ms)
{
    for (int i = 0; i < SLICE && connections->cursor != NULL; i++) {
        HttpConnection *connection = connections->cursor->data;
        connections->cursor = connections->cursor->next;
        ConnectionPhase phase = __atomic_load_n(&connection->phase, __ATOMIC_RELAXED);
        if (!connection->in_turn || !is_overdue(connection, phase, now_ms))
            continue;
        cut_off(connections, connection);
        metrics_add(METRIC_HTTP_OVERDUE, 1);
    }
    return connections->cursor != NULL;
}

unsigned
connections_tick(Connections *connections, int64_t now_ms)
{
    lock_acquire(&connections->lock);
    connections->cursor = connections->all.head;
    while (tick_slice(connections, now_ms)) {
        lock_release(&connections->lock);
        lock_acquire(&connections->lock);
    }
    unsigned count = connections->all.length;
    lock_release(&connections->lock);
    return count;
}

unsigned
connections_count(Connections *connections, ConnectionPhase phase)
{
    unsigned count = 0;
    lock_acquire(&connections->lock);
    for (GList *link = connections->all.head; link != NULL; link = link->next) {
        const HttpConnection *connection = link->data;
        count += __atomic_load_n(&connection->phase, __ATOMIC_ACQUIRE) == (unsigned)phase;
    }
    lock_release(&connections->lock);
    return count;
}

void
connections_end_waiting(Connections *connections)
{
    lock_acquire(&connections->lock);
    for (GList *link = connections->all.head; link != NULL; link = link->next) {
        const HttpConnection *connection = link->data;
        unsigned phase = __atomic_load_n(&connection->phase, __ATOMIC_ACQUIRE);
        if (phase == CONNECTION_WAITING || phase == CONNECTION_BODY)
            shutdown(connection->fd, SHUT_RD);
    }
    lock_release(&connections->lock);
}
