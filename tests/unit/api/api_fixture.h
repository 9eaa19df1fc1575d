/* A database in a folder of its own, and a conductor that only records its calls: for tests of the
 * API.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/api.h"
#include "model/resources.h"

typedef struct ApiFixture {
    char *folder;
    Db *db;
    Rpc *rpc;

    /* The conductor: its last call, and its answer. */
    int calls; /* atomic */
    RpcMethod method;
    char *node_uuid;
    json_t *arguments;
    json_t *judged;     /* NULL: none */
    json_t *result;     /* borrowed by the answer; NULL: {} */
    int failure;        /* a SteelErrorCode, or -1 */
    bool on_own_thread; /* answers from another thread, some milliseconds later */
} ApiFixture;

ApiFixture *api_fixture_new(void);
void api_fixture_free(ApiFixture *fixture);

/* Inserts a node; borrowed name may be NULL. Returns its uuid, to be freed. */
char *api_fixture_add_node(ApiFixture *fixture, const char *name);
