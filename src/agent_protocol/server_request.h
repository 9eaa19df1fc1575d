/* A request to an agent's API: what the agent and the simulated agents read and answer alike.
 *
 * A server makes one in HttpServer.begin and puts it where it keeps its own; the thread of the
 * connection owns it. No function here blocks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent_protocol/server_route.h"
#include "http/listener.h"

#include <glib.h>
#include <jansson.h>

enum { SERVER_ARGUMENT_LIMIT = 16 };

typedef struct ServerRequest {
    HttpConnection *connection; /* borrowed */
    ServerRoute route;
    char *path;
    const char *id; /* of a command, in path */
    HttpArgument arguments[SERVER_ARGUMENT_LIMIT];
    size_t argument_count;
    bool too_many_arguments, too_large;
    GString *body; /* at most body_limit bytes */
    size_t body_limit;
} ServerRequest;

/* Reads the request line into a zeroed request. body_limit: in bytes; what is longer is thrown
 * away and noted. */
void server_request_begin(ServerRequest *request, HttpConnection *connection, const char *method,
                          const char *path, size_t body_limit);

/* A part of the body. */
void server_request_take(ServerRequest *request, const char *data, size_t size);

/* The command of a whole body, {"name": str, "params": object}: two new references. Errors:
 * AGENT_ERROR_INVALID_CONTENT. */
bool server_request_command(const ServerRequest *request, json_t **name, json_t **params,
                            GError **error);

/* Frees what it holds, not the request; the body may hold secrets and is wiped. */
void server_request_clear(ServerRequest *request);

/* The value of a query's argument; borrowed. NULL: it was not given. */
const char *server_request_argument(const ServerRequest *request, const char *name);

/* Whether the answer shall wait for the end of the command: ?wait=true. */
bool server_request_waits(const ServerRequest *request);

/* From which byte on the log is asked for: ?offset=N, else 0. */
uint64_t server_request_offset(const ServerRequest *request);

/* Whether a command's document says that it still runs. */
bool server_command_runs(const json_t *result);

/* Answers. value is taken; error is of agent_error.h; text is one sentence. */
HttpStep server_send_json(const ServerRequest *request, json_t *value);
HttpStep server_send_error(const ServerRequest *request, const GError *error);
HttpStep server_send_fault(const ServerRequest *request, unsigned status, const char *text);

/* What needs no token: the documents of the root, and that there is no such URL or method. base:
 * the agent's own URL. */
HttpStep server_send_open(const ServerRequest *request, const char *base);

/* /v1/status. started_ms: since the epoch */
HttpStep server_send_status(const ServerRequest *request, int64_t started_ms);

/* HttpServer.refusal */
struct MHD_Response *server_refusal(void *user, unsigned status, const char *text);
