/* The connections of one listener: how many there are, whose they are, which one gives way when there is no room, and which
 * one keeps the listener waiting for too long. Private to this folder.
 *
 * A connection that waits for its client (for headers, a body, or that an answer is taken) stands in a queue by the end of
 * its last request; when the listener is full the first one is cut off. One that works or sleeps in the service's own cause
 * stands in no queue and is never cut off.
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

/* What a connection is waiting for; each has its deadline (connections.c). */
typedef enum ConnectionPhase {
    CONNECTION_WAITING, /* for a request's headers */
    CONNECTION_BODY,    /* for its body */
    CONNECTION_BUSY,    /* for the service */
    CONNECTION_SENDING, /* until the client has taken the answer */
    CONNECTION_STREAM,  /* for nothing: its answer has no end */
    CONNECTION_PHASE_COUNT
} ConnectionPhase;

/* Where a request stands between the threads; see listener.c. */
typedef enum RequestStage {
    STAGE_LINE,          /* the request line is in */
    STAGE_BEGIN_LATER,   /* begin has said LATER */
    STAGE_BODY,          /* the body comes */
    STAGE_COMPLETE_LATER /* complete has said LATER */
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

    /* The request at hand; of the HTTP thread alone, but for `handover`. */
    RequestStage stage;
    bool started;       /* the server's `begin` was called */
    bool too_long;      /* the request line */
    int handover;       /* atomic: how far suspending has come */
    const char *target; /* as it came; borrowed from the library */
    size_t target_length;
    char *query;   /* owned; NULL without one */
    void *request; /* of the server */
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

/* Whether there is room for one more from there; makes room by cutting another one off. Refusals are counted and told in the
 * log, once a minute for each address. Any thread. */
bool connections_admit(Connections *connections, const HttpAddress *address);

/* Takes a new connection into the book and makes its HttpConnection. */
HttpConnection *connections_add(Connections *connections, struct MHD_Connection *mhd, int fd,
                                const HttpAddress *address);

/* It is closed: out of the book, and freed. */
void connections_remove(HttpConnection *connection);

/* Notes what it waits for. To be called by its HTTP thread. */
void connection_set_phase(HttpConnection *connection, ConnectionPhase phase);

/* It goes to sleep until the service has done something, or for good (a stream): it cannot be cut off. */
void connection_leave_turn(HttpConnection *connection);

/* It goes to the end of the queue of those that may be cut off: a request has ended, or a body gets on. */
void connection_take_turn(HttpConnection *connection);

/* Cuts off who is overdue. To be called each second or so, by one thread at a time.
 *
 * now_ms   monotonic
 * Returns  how many connections there are */
unsigned connections_tick(Connections *connections, int64_t now_ms);

/* How many are in a phase. */
unsigned connections_count(Connections *connections, ConnectionPhase phase);

/* Reads no more from those that wait for a request or its body: they end when they have been noticed. */
void connections_end_waiting(Connections *connections);
