/* The HTTP API: listens, answers reads from the database, and hands all other requests to a
 * conductor through rpc.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "rpc/events.h"
#include "rpc/progress_board.h"
#include "rpc/rpc.h"

typedef struct Api Api;

/* What the API needs; all borrowed until api_stop has returned. Options come from
 * config_current(). */
typedef struct ApiServices {
    Db *db;
    Rpc *rpc;
    Events *events;          /* NULL: no event stream */
    ProgressBoard *progress; /* NULL: no agent's progress is shown */
} ApiServices;

/* Opens the socket of [api]host_ip and port (or unix_socket) and starts to answer.
 * Errors: CONFIG (an address beyond loopback without authentication, TLS without certificate), IO
 * (the address is taken). */
Api *api_start(const ApiServices *services, GError **error);

/* Stops: takes no new connections, lets running requests finish, closes. The conductor must still
 * answer rpc calls while this runs. NULL is fine. False: a call has not returned within half a
 * minute, or [conductor]graceful_shutdown_timeout if that is less (a dead BMC holds it). The Api
 * still exists and may not be freed: the process must end. */
bool api_stop(Api *api);

/* Reads certificate and key again; open connections stay. On failure the old ones stay. One thread
 * at a time.
 * Errors: CONFIG. */
bool api_reload(Api *api, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The port it listens on, for [api]port = 0; 0 on a unix socket. */
unsigned api_port(const Api *api);
