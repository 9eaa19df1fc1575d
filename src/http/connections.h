/* The connections of one listener: their number, their clients, which one is closed when there is
 * no room, and which one is overdue. Private to this folder.
 *
 * A connection that waits for its client (for headers, a body, or until an answer is read) is in a
 * queue, ordered by the end of its last request. When the listener is full, the first of the queue
 * is cut off. A connection that waits for the service is not in the queue and is never cut off.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/lock.h"
#include "http/address.h"
#include "http/query.h"
#include <glib.h>
#include <stdint.h>

struct MHD_Connection;
typedef struct Connections Connections;
struct Handshakes;

/* What a connection is waiting for; each has its deadline (connections.c). */
typedef enum ConnectionPhase {
    CONNECTION_WAITING, /* for a request's headers */
    CONNECTION_BODY,    /* for its body */
    CONNECTION_BUSY,    /* for the service */
    CONNECTION_SENDING, /* until the client has taken the answer */
    CONNECTION_STREAM,  /* for nothing: its answer has no end */
    CONNECTION_PHASE_COUNT
} ConnectionPhase;

/* How far a request has come; see listener.c. */
typedef enum RequestStage {
    STAGE_LINE,          /* the request line was read */
    STAGE_BEGIN_LATER,   /* begin returned HTTP_LATER */
    STAGE_BODY,          /* the body is being read */
    STAGE_COMPLETE_LATER /* complete returned HTTP_LATER */
} RequestStage;

typedef struct HttpConnection {
    Connections *owner;
    struct MHD_Connection *mhd;
    int fd;
    HttpAddress address, group;
    bool trusted;                      /* not counted by address */
    GList all, turn;                   /* links, guarded by the owner's lock */
    bool in_turn, giving_way, counted; /* guarded by the owner's lock */

    /* Written by the HTTP thread of the connection, read by the clock. */
    unsigned phase;    /* atomic: ConnectionPhase */
    unsigned serial;   /* atomic: grows with each change of phase */
    unsigned served;   /* atomic: requests that have ended */
    uint64_t received; /* atomic: bytes of the body so far */

    /* The clock's own notes. */
    unsigned seen_serial;
    int64_t window_ms;
    uint64_t window_bytes;

    /* The current request; for the HTTP thread only, except `handover`. */
    RequestStage stage;
    bool started;       /* the server's `begin` was called */
    bool too_long;      /* the request line */
    int handover;       /* atomic: how far suspending has come */
    const char *target; /* as it came; borrowed from the library */
    size_t target_length;
    char *query;   /* owned; NULL without one */
    void *request; /* of the server */

    /* For handshakes.c only. */
    struct Handshakes *handshakes; /* borrowed; NULL without TLS */
    GList sleep;                   /* link, guarded by its lock */
    bool has_slept, has_shaken;    /* the HTTP thread's */
} HttpConnection;

typedef struct ConnectionLimits {
    const char *area;            /* of log lines, "api.http" */
    unsigned total;              /* connections at a time */
    unsigned per_address;        /* of one address; 0: no limit */
    const HttpNetworks *trusted; /* not counted by address; borrowed */
} ConnectionLimits;

Connections *connections_new(const ConnectionLimits *limits);

/* Frees; every connection must have ended. NULL is fine. */
void connections_free(Connections *connections);

/* True if there is room for one more connection from this address; cuts another one off to make
 * room. Refusals are counted, and logged once a minute for each address. Any thread. */
bool connections_admit(Connections *connections, const HttpAddress *address);

/* Adds a new connection and makes its HttpConnection. */
HttpConnection *connections_add(Connections *connections, struct MHD_Connection *mhd, int fd,
                                const HttpAddress *address);

/* Removes and frees a connection that is closed. */
void connections_remove(HttpConnection *connection);

/* Notes what it waits for. Its HTTP thread calls this. */
void connection_set_phase(HttpConnection *connection, ConnectionPhase phase);

/* Takes it out of the queue: it waits for the service, or is a stream, and cannot be cut off. */
void connection_leave_turn(HttpConnection *connection);

/* Puts it at the end of the queue of those that may be cut off: a request has ended, or a part of a
 * body came. */
void connection_take_turn(HttpConnection *connection);

/* Cuts off connections that are overdue. Call it about once a second, by one thread at a time.
 *
 * now_ms   monotonic
 * Returns  how many connections there are */
unsigned connections_tick(Connections *connections, int64_t now_ms);

/* How many are in a phase. */
unsigned connections_count(Connections *connections, ConnectionPhase phase);

/* Shuts down those that wait for a request or its body; the library then closes them. */
void connections_end_waiting(Connections *connections);
