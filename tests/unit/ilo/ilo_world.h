/* What the tests of iLO operations have in common: a device and an open Ilo.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "bmc/guard.h"
#include "bmc/ilo/ilo.h"
#include "http_engine/engine.h"
#include "ilo_device.h"

typedef struct World {
    IloDevice *device;
    HttpEngine *engine;
    BmcGuard *guard;
    IloClient *client;
    IloTarget target;
    Ilo ilo;
} World;

static inline void
good(bool done, GError *error)
{
    if (!done || error != NULL)
        fail_msg("%s", error != NULL ? error->message : "no error");
}

/* The code and a part of the text. */
static inline void
bad(bool done, GError *error, SteelErrorCode code, const char *words)
{
    assert_false(done);
    assert_non_null(error);
    if (!steel_error_is(error, code) || strstr(error->message, words) == NULL)
        fail_msg("%s: %s", steel_error_info(error)->code, error->message);
    assert_null(strstr(error->message, ILO_DEVICE_PASSWORD));
    g_error_free(error);
}

static inline World
world_closed(IloDeviceKind kind)
{
    World world = {.device = ilo_device_new(kind), .engine = http_engine_new(NULL, NULL)};
    world.guard = bmc_guard_new(NULL);
    world.client = ilo_client_new(world.engine, world.guard, NULL);
    world.target = (IloTarget){.address = "127.0.0.1",
                               .port = ilo_device_port(world.device),
                               .username = ILO_DEVICE_USER,
                               .password = ILO_DEVICE_PASSWORD,
                               .ca_file = ilo_device_certificate(world.device),
                               .timeout_ms = 20000};
    return world;
}

static inline void
world_open(World *world)
{
    GError *error = NULL;
    bool opened = ilo_open(world->client, &world->target, &world->ilo, &error);
    good(opened, error);
}

static inline void
world_end(World *world)
{
    ilo_client_free(world->client);
    http_engine_free(world->engine);
    bmc_guard_free(world->guard);
    ilo_device_free(world->device);
}

/* "/rest/v1" or "/redfish/v1" before a path. The caller frees. */
static inline char *
world_uri(IloDeviceKind kind, const char *path)
{
    return g_strconcat(kind == ILO_DEVICE_GEN10 ? "/redfish/v1" : "/rest/v1", path, NULL);
}

static inline void
world_expect(World *world, const char *uri, const char *path, const char *value)
{
    g_autofree char *text = ilo_device_text(world->device, uri, path);
    assert_string_equal(text != NULL ? text : "(absent)", value);
}

static inline void
world_expect_changes(World *world, const char *changes)
{
    g_autofree char *text = ilo_device_changes(world->device);
    assert_string_equal(text, changes);
}
