/* Which conductor a call goes to, and over which way.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/router.h"

#include "common/config.h"
#include "common/steady.h"
#include "db/conductors.h"
#include "scratch.h"

#define NO_NODE "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"

enum { NODES = 60 };

/* The two ways of a process, which note what they are given. */
typedef struct World {
    Scratch *scratch;
    RpcRouter *router;
    Rpc *rpc;
    unsigned local;      /* calls to the conductor of this process */
    GPtrArray *carried;  /* hosts of the others; owned */
    bool nobody_answers; /* at the carrier */
    GError *error;       /* of the last call; owned */
    unsigned answers;
} World;

static void
world_local(void *self, const RpcCall *call, RpcDone done, void *user_data)
{
    World *world = self;
    json_decref(call->arguments);
    world->local++;
    json_auto_t *result = json_object();
    done(result, NULL, user_data);
}

static const RpcTransport world_transport = {.name = "local", .call = world_local};

static void
world_send(void *self, const char *host, const RpcCall *call, RpcDone done, void *user_data)
{
    World *world = self;
    json_decref(call->arguments);
    g_ptr_array_add(world->carried, g_strdup(host));
    if (world->nobody_answers) {
        g_autoptr(GError) error = NULL;
        steel_fail(&error, STEEL_ERROR_NO_CONDUCTOR, "nobody there");
        done(NULL, error, user_data);
        return;
    }
    json_auto_t *result = json_object();
    done(result, NULL, user_data);
}

static const RpcCarrier world_carrier = {.name = "test", .send = world_send};

static World *
world_new(void **state, const char *host)
{
    World *world = g_new0(World, 1);
    world->scratch = *state;
    world->carried = g_ptr_array_new_with_free_func(g_free);
    const RpcRouterOptions options = {.db = world->scratch->db,
                                      .host = host,
                                      .local = host != NULL ? &world_transport : NULL,
                                      .local_self = world,
                                      .carrier = &world_carrier,
                                      .carrier_self = world};
    world->router = rpc_router_new(&options);
    world->rpc = rpc_new(&rpc_router_transport, world->router);
    return world;
}

static void
world_free(World *world)
{
    rpc_free(world->rpc);
    rpc_router_free(world->router);
    g_ptr_array_free(world->carried, TRUE);
    g_clear_error(&world->error);
    g_free(world);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

static void
world_done(json_t *result, const GError *error, void *user_data)
{
    World *world = user_data;
    world->answers++;
    g_clear_error(&world->error);
    assert_true((result == NULL) != (error == NULL));
    if (error != NULL)
        world->error = g_error_copy(error);
}

static void
ask(World *world, const char *node_uuid)
{
    const RpcCall call = {
        .method = RPC_SET_POWER, .node_uuid = node_uuid, .arguments = json_object()};
    unsigned before = world->answers;
    rpc_call(world->rpc, &call, world_done, world);
    assert_int_equal(world->answers, before + 1);
}

/* The host for a call with these arguments, which are taken. */
static char *
host_of(World *world, RpcMethod method, const char *node_uuid, json_t *arguments)
{
    const RpcCall call = {.method = method,
                          .node_uuid = node_uuid,
                          .arguments = arguments,
                          .context = {.request_id = "req-1"}};
    char *host = rpc_router_host(world->router, &call, NULL);
    json_decref(arguments);
    return host;
}

/* Its lease, owned. */
static char *
register_conductor(Db *db, const char *hostname, const char *group, const char *driver)
{
    g_autoptr(ConductorRecord) record = conductor_record_new();
    record->hostname = g_strdup(hostname);
    record->conductor_group = g_strdup(group);
    json_array_append_new(record->drivers, json_string(driver));
    record->lease_expires_ms = steady_now_ms() + 3600 * 1000;
    assert_true(db_conductor_register(db, record, NULL));
    return g_strdup(record->lease);
}

static void
conductor(Db *db, const char *hostname, const char *group, const char *driver)
{
    g_free(register_conductor(db, hostname, group, driver));
}

static void
without_a_conductor_a_call_fails_at_once(void **state)
{
    g_autoptr(World) world = world_new(state, NULL);
    ask(world, NO_NODE);
    assert_true(steel_error_is(world->error, STEEL_ERROR_NO_CONDUCTOR));
    assert_int_equal(world->carried->len, 0);
}

/* The lease of the own conductor is about to begin. */
static void
the_own_conductor_is_called_while_none_is_known(void **state)
{
    g_autoptr(World) world = world_new(state, "rack1");
    ask(world, NO_NODE);
    assert_null(world->error);
    assert_int_equal(world->local, 1);
}

/* The own conductor's nodes stay in the process, the others' are carried, and each call about a
 * node goes to the same host. */
static void
a_call_goes_to_the_conductor_that_the_ring_names(void **state)
{
    Db *db = ((Scratch *)*state)->db;
    conductor(db, "rack1", "", "fake-hardware");
    conductor(db, "rack2", "", "fake-hardware");
    g_autoptr(World) world = world_new(state, "rack1");
    g_autoptr(World) other = world_new(state, NULL);
    for (int i = 0; i < NODES; i++) {
        g_autoptr(Node) node = scratch_node(db, NULL);
        g_autofree char *host = host_of(other, RPC_SET_POWER, node->uuid, json_object());
        unsigned local = world->local;
        ask(world, node->uuid);
        if (strcmp(host, "rack1") == 0)
            assert_int_equal(world->local, local + 1);
        else
            assert_string_equal(g_ptr_array_index(world->carried, world->carried->len - 1),
                                "rack2");
    }
    assert_int_equal(world->local + world->carried->len, NODES);
    assert_in_range(world->local, 1, NODES - 1);
}

static void
a_node_goes_to_a_conductor_of_its_group(void **state)
{
    Db *db = ((Scratch *)*state)->db;
    conductor(db, "rack1", "", "fake-hardware");
    conductor(db, "rack2", "far", "fake-hardware");
    g_autoptr(World) world = world_new(state, NULL);
    for (int i = 0; i < NODES; i++) {
        g_autoptr(Node) node = node_new();
        node->driver = g_strdup("fake-hardware");
        node->conductor_group = g_strdup("far");
        scratch_insert(db, &node_resource, node);
        g_autofree char *host = host_of(world, RPC_SET_POWER, node->uuid, json_object());
        assert_string_equal(host, "rack2");
    }
}

/* The others may not reach its machine. They reach the database. */
static void
a_node_whose_group_has_no_conductor_is_only_written_to(void **state)
{
    Db *db = ((Scratch *)*state)->db;
    conductor(db, "rack1", "", "fake-hardware");
    g_autoptr(World) world = world_new(state, "rack1");
    g_autoptr(Node) node = node_new();
    node->driver = g_strdup("fake-hardware");
    node->conductor_group = g_strdup("far");
    scratch_insert(db, &node_resource, node);
    g_autofree char *none = host_of(world, RPC_SET_POWER, node->uuid, json_object());
    g_autofree char *any = host_of(world, RPC_UPDATE, node->uuid, json_object());
    assert_null(none);
    assert_string_equal(any, "rack1");
    ask(world, node->uuid);
    assert_true(steel_error_is(world->error, STEEL_ERROR_NO_CONDUCTOR));
    assert_non_null(strstr(world->error->message, "group \"far\""));
}

static void
a_call_about_a_hardware_type_goes_to_one_that_has_it(void **state)
{
    Db *db = ((Scratch *)*state)->db;
    conductor(db, "rack1", "", "fake-hardware");
    conductor(db, "rack2", "", "redfish");
    g_autoptr(World) world = world_new(state, "rack1");
    g_autofree char *other =
        host_of(world, RPC_DRIVER_PROPERTIES, NULL, json_pack("{s:s}", "driver", "redfish"));
    g_autofree char *own =
        host_of(world, RPC_DRIVER_PROPERTIES, NULL, json_pack("{s:s}", "driver", "fake-hardware"));
    assert_string_equal(other, "rack2");
    assert_string_equal(own, "rack1");
}

/* The node is not in the database yet: its type and group are in the call. */
static void
a_new_node_goes_to_a_conductor_of_its_type(void **state)
{
    Db *db = ((Scratch *)*state)->db;
    conductor(db, "rack1", "", "fake-hardware");
    conductor(db, "rack2", "far", "redfish");
    g_autoptr(World) world = world_new(state, NULL);
    g_autofree char *host = host_of(
        world, RPC_CREATE, NO_NODE,
        json_pack("{s:{s:s, s:s}}", "values", "driver", "redfish", "conductor_group", "far"));
    assert_string_equal(host, "rack2");
}

/* It says what is wrong. */
static void
a_type_that_nobody_has_goes_to_the_own_conductor_first(void **state)
{
    Db *db = ((Scratch *)*state)->db;
    conductor(db, "rack1", "", "fake-hardware");
    conductor(db, "rack2", "", "fake-hardware");
    for (int i = 1; i <= 2; i++) {
        g_autofree char *own = g_strdup_printf("rack%d", i);
        g_autoptr(World) world = world_new(state, own);
        g_autofree char *host =
            host_of(world, RPC_DRIVER_PROPERTIES, NULL, json_pack("{s:s}", "driver", "no-such"));
        assert_string_equal(host, own);
    }
}

/* The known conductors are read again when one of them is not there: it may have an heir. */
static void
an_heir_is_called_as_soon_as_the_dead_one_was_not_reached(void **state)
{
    Db *db = ((Scratch *)*state)->db;
    g_autofree char *lease = register_conductor(db, "rack1", "", "fake-hardware");
    g_autoptr(Node) node = scratch_node(db, NULL);
    g_autoptr(World) world = world_new(state, NULL);
    ask(world, node->uuid);
    assert_true(db_conductor_leave(db, lease, NULL));
    conductor(db, "rack2", "", "fake-hardware");
    world->nobody_answers = true;
    ask(world, node->uuid);
    assert_true(steel_error_is(world->error, STEEL_ERROR_NO_CONDUCTOR));
    world->nobody_answers = false;
    ask(world, node->uuid);
    assert_null(world->error);
    assert_string_equal(g_ptr_array_index(world->carried, 0), "rack1");
    assert_string_equal(g_ptr_array_index(world->carried, 2), "rack2");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(without_a_conductor_a_call_fails_at_once),
        TEST(the_own_conductor_is_called_while_none_is_known),
        TEST(a_call_goes_to_the_conductor_that_the_ring_names),
        TEST(a_node_goes_to_a_conductor_of_its_group),
        TEST(a_node_whose_group_has_no_conductor_is_only_written_to),
        TEST(a_call_about_a_hardware_type_goes_to_one_that_has_it),
        TEST(a_new_node_goes_to_a_conductor_of_its_type),
        TEST(a_type_that_nobody_has_goes_to_the_own_conductor_first),
        TEST(an_heir_is_called_as_soon_as_the_dead_one_was_not_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
