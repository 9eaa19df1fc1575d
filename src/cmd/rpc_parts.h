/* The parts of a steeld that carry calls between API and conductor, by its role and
 * [DEFAULT]rpc_transport.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "conductor/conductor.h"

/* What a process does. */
typedef enum Role {
    ROLE_ALL,       /* both */
    ROLE_API,       /* answers the API, and calls conductors */
    ROLE_CONDUCTOR, /* works for the API of other processes */
} Role;

/* Reads "all", "api" or "conductor". Errors: CONFIG. */
bool role_parse(const char *word, Role *role, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct RpcParts RpcParts;

/* All borrowed until rpc_parts_free. */
typedef struct RpcPartsOptions {
    Role role;
    Db *db;
    Conductor *conductor; /* NULL: this process has none */
    Events *events;
    ProgressBoard *progress;
} RpcPartsOptions;

/* Starts what the role needs. Errors: CONFIG (a role alone without a transport, [json_rpc] that
 * cannot be), IO. */
RpcParts *rpc_parts_start(const RpcPartsOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For the API; NULL in a process without one. */
Rpc *rpc_parts_caller(const RpcParts *parts);

/* Takes no more calls of others. NULL is fine. */
void rpc_parts_quiesce(RpcParts *parts);

/* Sends the last answers, once the conductor has stopped, and frees. False: answers are stuck, and
 * the process must end without freeing. NULL is fine. */
bool rpc_parts_stop(RpcParts *parts) G_GNUC_WARN_UNUSED_RESULT;
