/* The control socket of a running lab or fleet: one JSON object per connection as the request, one
 * as the answer.
 *
 *     {"command": "status"}\n  ->  {...}\n   or   {"error": "text", "code": "NOT_FOUND"}\n
 *
 * A request has at most 4 KiB and 5 s, and 16 may run at a time; others are cut off.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>

#define CONTROL_SOCKET "control.sock"
#define CONTROL_CLIENT_LIMIT 16
#define CONTROL_POLL_COUNT (CONTROL_CLIENT_LIMIT + 1)

typedef struct ControlServer ControlServer;

/* Answers a request (an object): a new object, or NULL with an error that is sent instead. */
typedef json_t *(*ControlHandler)(void *user_data, const json_t *request, GError **error);

/* Listens at <folder>/control.sock and replaces an old socket: the caller holds the folder's lock.
 * Errors: IO. */
ControlServer *control_server_new(const char *folder, ControlHandler handler, void *user_data,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Closes and removes the socket. NULL is fine. */
void control_server_free(ControlServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ControlServer, control_server_free)

/* Fills at most CONTROL_POLL_COUNT entries for poll() and returns how many. */
size_t control_server_poll(const ControlServer *server, struct pollfd *polled);

/* Accepts, reads and answers without waiting. Call it also about once a second, for the time
 * limit. */
void control_server_attend(ControlServer *server);

/* SIGTERM and SIGINT as a descriptor, the caller closes; they are blocked from now on. Before
 * threads start, since these inherit it. */
int control_open_signals(void);

/* Attends to the server until one of these signals comes. */
void control_server_run(ControlServer *server, int signal_fd);

/* Asks a server. Returns its answer, a new object. Errors: NOT_FOUND (nobody listens), TIMEOUT, IO,
 * and the error of the answer with its code. Any thread; blocks. */
json_t *control_ask(const char *folder, const json_t *request, int timeout_ms,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
