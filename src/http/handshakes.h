/* Lets a connection sleep while its client takes its time over a TLS handshake. Private to this
 * folder.
 *
 * libmicrohttpd (0.9.75, 1.0.1) runs an unfinished handshake again and again without a pause: one
 * client that goes silent after its first message keeps a core busy, and those that are on their
 * way to their next one cost each other's time. So a read that finds nothing suspends its
 * connection, until there is something to read or the socket was shut down.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/connections.h"

typedef struct Handshakes Handshakes;

/* NULL: the kernel gives no descriptors; errno says why. */
Handshakes *handshakes_new(void);

/* Watches the handshake of a new connection with TLS. The connection's HTTP thread calls this,
 * before it has read anything. */
void handshakes_watch(Handshakes *handshakes, HttpConnection *connection);

/* Wakes connections until a time, monotonic; one thread at a time. False: handshakes_end was
 * called. */
bool handshakes_run(Handshakes *handshakes, int64_t until_ms);

/* From now on no connection falls asleep, and handshakes_run returns. Any thread. */
void handshakes_end(Handshakes *handshakes);

/* Wakes all that sleep. After handshakes_end, when handshakes_run has returned for good. */
void handshakes_wake_all(Handshakes *handshakes);

/* Frees; no connection may be left. NULL is fine. */
void handshakes_free(Handshakes *handshakes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Handshakes, handshakes_free)
