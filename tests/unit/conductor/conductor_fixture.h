/* A whole conductor with the fake drivers, on a database of its own, called as the API calls it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/transition.h"
#include "db/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct ConductorFixture {
    char *folder; /* owned */
    Db *db;
    Events *events;
    EventListener *listener; /* everything since the start */
    Conductor *conductor;    /* NULL while stopped */
    const char *judged;      /* of the calls from now on, as JSON text; NULL: none */
} ConductorFixture;

/* `settings` as for config_set, NULL-terminated, may be NULL; next to the fixture's own: fake
 * hardware, no power sync, no automated cleaning. */
ConductorFixture *conductor_fixture_new(const char *const *settings);
void conductor_fixture_free(ConductorFixture *fixture);

/* Starts or stops a conductor on the same database; start may follow stop. */
void conductor_fixture_start(ConductorFixture *fixture);
void conductor_fixture_stop(ConductorFixture *fixture);

/* Setup and teardown for cmocka, with the plain settings. */
int conductor_fixture_setup(void **state);
int conductor_fixture_teardown(void **state);

/* Sends a call and waits for its answer, a new reference; NULL with the error set. `arguments` is
 * JSON text. */
json_t *conductor_fixture_call(ConductorFixture *fixture, RpcMethod method, const char *node_uuid,
                               const char *arguments, GError **error);

/* Do the same for a call that must succeed, and for one that must fail with this code and this
 * text. */
void conductor_fixture_do(ConductorFixture *fixture, RpcMethod method, const char *node_uuid,
                          const char *arguments);
void conductor_fixture_refused(ConductorFixture *fixture, RpcMethod method, const char *node_uuid,
                               const char *arguments, SteelErrorCode code, const char *part);

/* Stores a node of fake hardware in a provision state; driver_info is JSON text, NULL: {}. The
 * caller frees. */
Node *conductor_fixture_node(ConductorFixture *fixture, const char *state, const char *driver_info);

/* The node as it is now; the caller frees. */
Node *conductor_fixture_load(const ConductorFixture *fixture, const char *uuid);

/* Locks a node for the test, when it is free: the last call of an agent may be worked off under the
 * lock when a test goes on. The caller ends the task. */
Task *conductor_fixture_lock(ConductorFixture *fixture, const char *uuid);

/* Waits until the node is unlocked in this provision state and returns it; the caller frees. */
Node *conductor_fixture_await(const ConductorFixture *fixture, const char *uuid, const char *state);

/* Waits until a node satisfies this SQL condition. */
void conductor_fixture_await_that(const ConductorFixture *fixture, const char *condition);

/* Writes one text column of all nodes. */
void conductor_fixture_write(const ConductorFixture *fixture, const char *column,
                             const char *value);

/* The next published event of this type, skipping others; a new reference, NULL if there is
 * none. */
json_t *conductor_fixture_event(ConductorFixture *fixture, const char *type);

json_t *conductor_fixture_json(const char *text);

#define fixture_test(name)                                                                         \
    cmocka_unit_test_setup_teardown(name, conductor_fixture_setup, conductor_fixture_teardown)
