/* Calls and answers as they travel between hosts: JSON-RPC 2.0, the same over HTTP and RabbitMQ.
 *
 *     {"jsonrpc": "2.0", "id": uuid, "method": str, "params": {
 *         "context": {"request_id": str, "user_id": str or null, "project_id": str or null,
 *                     "global_request_id": str or null},
 *         "node": uuid or null, "arguments": {...}, "judged": {...} or null,
 *         "version": int, "sent_ms": int, "limit_ms": int, "again": bool}}
 *
 *     {"jsonrpc": "2.0", "id": uuid, "version": int, "result": {...}}
 *     {"jsonrpc": "2.0", "id": uuid or null, "version": int, "error":
 *         {"code": int, "message": str, "data": {"class": "NodeLocked", "code": "LOCKED"}}}
 *
 * What comes is hostile until it was read here: bounded in size, depth and number of values, and of
 * this shape. Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/uuid.h"
#include "rpc/rpc.h"

#include <stdint.h>

enum {
    RPC_MESSAGE_SIZE_MOST = 96 * 1024 * 1024, /* a config drive may be 64 MiB */
    RPC_MESSAGE_DEPTH_MOST = 1016,            /* [api]max_json_body_depth, and what is around it */
    RPC_MESSAGE_VALUES_MOST = 4 * 1000 * 1000,
    RPC_LIMIT_MS_MOST = 24 * 3600 * 1000,
    /* The caller waits so much longer than it tells, so that a call that it has given up is not
     * begun: clocks are read in whole milliseconds, and the wall clock, by which the conductor
     * judges, may be slewed against the monotonic one, by which the caller waits. */
    RPC_LIMIT_MARGIN_MS = 100,
};

/* A call that has come. */
typedef struct RpcRequest {
    char id[UUID_TEXT_SIZE]; /* "" if the message names none */
    RpcCall call;            /* its texts and `judged` belong to `message`, its arguments to it */
    unsigned version;        /* that the conductor must have */
    int64_t sent_ms;         /* wall clock of the caller */
    int64_t limit_ms;        /* the call is begun so long after that at the latest */
    bool again;              /* it was sent before, and may have arrived then */
    json_t *message;         /* owned */
} RpcRequest;

void rpc_request_clear(RpcRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RpcRequest, rpc_request_clear)

/* The text of a call; the caller frees with secret_free. */
char *rpc_request_write(const RpcCall *call, const char *id, int64_t sent_ms, int64_t limit_ms,
                        bool again);

/* Reads a call.
 *
 * request  out, empty before; to be cleared. On failure its `id` is set if it could be read, so
 *          that the caller can be told
 * Errors   INVALID: no such message; RPC_VERSION: a method that is not known */
bool rpc_request_read(const char *text, size_t size, RpcRequest *request,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The text of an answer; the caller frees with secret_free.
 *
 * id      "" if the call's is not known
 * result  borrowed; NULL: the error is told */
char *rpc_answer_write(const char *id, unsigned version, json_t *result, const GError *error);

/* An answer that has come. */
typedef struct RpcAnswer {
    char id[UUID_TEXT_SIZE];
    unsigned version; /* of the conductor */
    json_t *result;   /* owned; NULL: the call has failed */
    GError *error;    /* owned; the conductor's, with its code. NULL with a result */
} RpcAnswer;

void rpc_answer_clear(RpcAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RpcAnswer, rpc_answer_clear)

/* Reads an answer; `answer` as in rpc_request_read. Errors: INVALID. */
bool rpc_answer_read(const char *text, size_t size, RpcAnswer *answer,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
