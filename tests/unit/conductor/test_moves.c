/* A record moves from one node to another: both nodes are locked, both are checked, and both must
 * still have the ownership that allowed the call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/transition.h"
#include "conductor_fixture.h"

#include "conductor/verbs.h"
#include "db/sql.h"
#include "model/json_patch.h"

/* The records of a node, with the fewest members that one needs. */
static const struct {
    const Resource *resource;
    const char *values;
} kinds[] = {
    {&port_resource, "\"address\": \"52:54:00:00:00:01\""},
    {&portgroup_resource, "\"name\": \"group\""},
    {&volume_connector_resource, "\"type\": \"iqn\", \"connector_id\": \"iqn.x\""},
    {&volume_target_resource,
     "\"volume_type\": \"iscsi\", \"volume_id\": \"v\", \"boot_index\": 0"},
};

/* Two nodes, and one record of each kind on the first. */
typedef struct Scene {
    ConductorFixture *fixture;
    Node *here, *there; /* here has the lesser UUID */
    char *things[G_N_ELEMENTS(kinds)];
} Scene;

static char *
create_call(size_t kind, const char *node_uuid)
{
    return g_strdup_printf("{\"resource\": \"%s\", \"values\": {\"node_uuid\": \"%s\", %s}}",
                           kinds[kind].resource->name, node_uuid, kinds[kind].values);
}

static char *
move_call(size_t kind, const char *thing, const char *node_uuid)
{
    return g_strdup_printf("{\"resource\": \"%s\", \"key\": \"%s\", \"patch\": [{\"op\": "
                           "\"replace\", \"path\": \"/node_uuid\", \"value\": \"%s\"}]}",
                           kinds[kind].resource->name, thing, node_uuid);
}

static char *
destroy_call(size_t kind, const char *thing)
{
    return g_strdup_printf("{\"resource\": \"%s\", \"key\": \"%s\"}", kinds[kind].resource->name,
                           thing);
}

static Scene
scene(ConductorFixture *fixture)
{
    Scene scene = {.fixture = fixture,
                   .here = conductor_fixture_node(fixture, "manageable", NULL),
                   .there = conductor_fixture_node(fixture, "manageable", NULL)};
    if (strcmp(scene.here->uuid, scene.there->uuid) > 0) {
        Node *kept = scene.here;
        scene.here = scene.there;
        scene.there = kept;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *arguments = create_call(i, scene.here->uuid);
        json_auto_t *made = conductor_fixture_call(fixture, RPC_CREATE, NULL, arguments, &error);
        assert_null(error);
        scene.things[i] = g_strdup(json_string_member(made, "uuid"));
    }
    return scene;
}

static void
scene_clear(Scene *scene)
{
    node_free(scene->here);
    node_free(scene->there);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        g_free(scene->things[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scene, scene_clear)

/* The UUID of a record's node; the caller frees. */
static char *
owner_of(const Scene *scene, size_t kind)
{
    g_autoptr(GError) error = NULL;
    const Resource *resource = kinds[kind].resource;
    void *record =
        db_record_find(scene->fixture->db, resource, "uuid", scene->things[kind], &error);
    assert_non_null(record);
    char *owner = g_strdup(*(char **)field_member(resource_field(resource, "node_uuid"), record));
    record_free(resource, record);
    return owner;
}

static void
assert_on(const Scene *scene, size_t kind, const Node *node)
{
    g_autofree char *owner = owner_of(scene, kind);
    if (strcmp(owner, node->uuid) != 0)
        fail_msg("the %s is on the other node", kinds[kind].resource->name);
}

static void
write_node(const Scene *scene, const Node *node, const char *column, const char *value)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *sql = g_strdup_printf("UPDATE nodes SET \"%s\" = ?1 WHERE uuid = ?2", column);
    const DbValue values[] = {db_text(value), db_text(node->uuid)};
    if (!db_execute(scene->fixture->db, sql, values, G_N_ELEMENTS(values), NULL, &error))
        fail_msg("%s", error->message);
}

static void
move(const Scene *scene, size_t kind, const Node *to)
{
    g_autofree char *arguments = move_call(kind, scene->things[kind], to->uuid);
    conductor_fixture_do(scene->fixture, RPC_UPDATE, NULL, arguments);
    assert_on(scene, kind, to);
}

/* The record stays on the node `here`, and no lock is left. */
static void
move_refused(const Scene *scene, size_t kind, const char *to, SteelErrorCode code, const char *part)
{
    g_autofree char *arguments = move_call(kind, scene->things[kind], to);
    conductor_fixture_refused(scene->fixture, RPC_UPDATE, NULL, arguments, code, part);
    assert_on(scene, kind, scene->here);
}

static void
assert_unlocked(const Scene *scene, const Node *node)
{
    g_autoptr(Node) now = conductor_fixture_load(scene->fixture, node->uuid);
    assert_null(now->reservation);
}

static void
everything_moves_to_another_node_and_back(void **state)
{
    g_auto(Scene) scenery = scene(*state);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        move(&scenery, i, scenery.there);
        move(&scenery, i, scenery.here);
        move_refused(&scenery, i, "1be26c0b-03f2-4d2e-ae87-c02d7f33c781", STEEL_ERROR_INVALID,
                     "could not be found");
    }
    assert_unlocked(&scenery, scenery.here);
    assert_unlocked(&scenery, scenery.there);
}

/* The states of the old and of the new node. */
static void
both_nodes_have_a_say_in_a_move(void **state)
{
    static const struct {
        size_t kind;
        const char *column, *value;
        SteelErrorCode code;
        const char *part;
    } rows[] = {
        {0, "provision_state", "available", STEEL_ERROR_INVALID_STATE, "available"},
        {1, "provision_state", "available", STEEL_ERROR_INVALID_STATE, "available"},
        {2, "power_state", "power on", STEEL_ERROR_INVALID_STATE_REQUESTED,
         "while it is in state "
         "\"power on\"."},
        {3, "power_state", "power on", STEEL_ERROR_INVALID_STATE_REQUESTED,
         "The requested action \"volume target update\" can not be performed on node"},
        {3, "power_state", NULL, STEEL_ERROR_INVALID_STATE_REQUESTED, "state \"None\"."},
    };
    g_auto(Scene) scenery = scene(*state);
    Node *const nodes[] = {scenery.here, scenery.there};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        for (size_t k = 0; k < G_N_ELEMENTS(nodes); k++) {
            const char *back =
                strcmp(rows[i].column, "power_state") == 0 ? "power off" : "manageable";
            write_node(&scenery, nodes[k], rows[i].column, rows[i].value);
            move_refused(&scenery, rows[i].kind, scenery.there->uuid, rows[i].code, rows[i].part);
            move_refused(&scenery, rows[i].kind, scenery.there->uuid, rows[i].code, nodes[k]->uuid);
            write_node(&scenery, nodes[k], rows[i].column, back);
        }
}

static void
a_port_that_a_network_is_attached_to_stays(void **state)
{
    g_auto(Scene) scenery = scene(*state);
    g_autoptr(GError) error = NULL;
    if (!db_execute(scenery.fixture->db,
                    "UPDATE ports SET internal_info = '{\"tenant_vif_port_id\": \"vif-1\"}'", NULL,
                    0, NULL, &error))
        fail_msg("%s", error->message);
    move_refused(&scenery, 0, scenery.there->uuid, STEEL_ERROR_CONFLICT, "vif-1");
}

static void
a_move_needs_the_locks_of_both_nodes(void **state)
{
    g_auto(Scene) scenery = scene(*state);
    Node *const nodes[] = {scenery.here, scenery.there};
    for (size_t k = 0; k < G_N_ELEMENTS(nodes); k++) {
        g_autoptr(GError) error = NULL;
        Task *task = task_acquire(scenery.fixture->conductor, nodes[k]->uuid, TASK_EXCLUSIVE,
                                  "somebody else", &error);
        assert_non_null(task);
        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
            move_refused(&scenery, i, scenery.there->uuid, STEEL_ERROR_LOCKED, "somebody else");
        assert_unlocked(&scenery, nodes[1 - k]);
        task_release(task);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        move(&scenery, i, scenery.there);
}

/* Two moves in opposite directions must not deadlock. */
static void
whichever_way_a_thing_moves_the_lesser_uuid_is_locked_first(void **state)
{
    g_auto(Scene) scenery = scene(*state);
    g_autoptr(GError) error = NULL;
    Conductor *conductor = scenery.fixture->conductor;
    for (int back = 0; back <= 1; back++) {
        Task *first =
            task_acquire(conductor, scenery.here->uuid, TASK_EXCLUSIVE, "the first", &error);
        Task *second =
            task_acquire(conductor, scenery.there->uuid, TASK_EXCLUSIVE, "the second", &error);
        assert_true(first != NULL && second != NULL);
        g_autofree char *arguments =
            move_call(0, scenery.things[0], back ? scenery.here->uuid : scenery.there->uuid);
        conductor_fixture_refused(scenery.fixture, RPC_UPDATE, NULL, arguments, STEEL_ERROR_LOCKED,
                                  "the first");
        task_release(first);
        task_release(second);
        if (!back)
            move(&scenery, 0, scenery.there);
    }
}

/* ---- whose the nodes are ---- */

/* The ownership that allowed the call: both nodes belonged to these projects. */
static char *
judged(const Scene *scene, const char *here, const char *there)
{
    return g_strdup_printf("{\"%s\": {\"owner\": \"%s\", \"lessee\": null}, \"%s\": {\"owner\": "
                           "\"%s\", \"lessee\": null}}",
                           scene->here->uuid, here, scene->there->uuid, there);
}

static void
nothing_moves_when_a_node_has_got_another_owner(void **state)
{
    g_auto(Scene) scenery = scene(*state);
    conductor_fixture_write(scenery.fixture, "owner", "me");
    g_autofree char *right = judged(&scenery, "me", "me");
    g_autofree char *gone = judged(&scenery, "them", "me");
    g_autofree char *taken = judged(&scenery, "me", "them");
    const char *const wrong[] = {gone, taken, "{}"};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(wrong); k++) {
            scenery.fixture->judged = wrong[k];
            move_refused(&scenery, i, scenery.there->uuid, STEEL_ERROR_CONFLICT, "ask again");
        }
        assert_unlocked(&scenery, scenery.here);
        assert_unlocked(&scenery, scenery.there);
        scenery.fixture->judged = right;
        move(&scenery, i, scenery.there);
        move(&scenery, i, scenery.here);
    }
}

static void
nothing_is_made_or_deleted_on_a_node_that_has_got_another_owner(void **state)
{
    g_auto(Scene) scenery = scene(*state);
    conductor_fixture_write(scenery.fixture, "owner", "me");
    g_autofree char *right = judged(&scenery, "me", "me");
    g_autofree char *wrong = judged(&scenery, "them", "them");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *create = create_call(i, scenery.here->uuid);
        g_autofree char *destroy = destroy_call(i, scenery.things[i]);
        scenery.fixture->judged = wrong;
        conductor_fixture_refused(scenery.fixture, RPC_DESTROY, NULL, destroy, STEEL_ERROR_CONFLICT,
                                  "ask again");
        assert_on(&scenery, i, scenery.here);
        conductor_fixture_refused(scenery.fixture, RPC_CREATE, NULL, create, STEEL_ERROR_CONFLICT,
                                  "ask again");
        scenery.fixture->judged = right;
        conductor_fixture_do(scenery.fixture, RPC_DESTROY, NULL, destroy);
        conductor_fixture_do(scenery.fixture, RPC_CREATE, NULL, create);
    }
}

static void
nothing_is_done_with_a_node_that_has_got_another_owner(void **state)
{
    static const struct {
        RpcMethod method;
        const char *arguments; /* NULL: with the node's key */
    } rows[] = {
        {RPC_SET_MAINTENANCE, "{\"maintenance\": true}"},
        {RPC_SET_POWER,       "{\"target\": \"power on\"}"},
        {RPC_PROVISION,       "{\"target\": \"provide\"}"},
        {RPC_SET_TRAITS,      "{\"traits\": []}"},
        {RPC_GET_BOOT_DEVICE, "{}"},
        {RPC_UPDATE,          NULL},
        {RPC_DESTROY,         NULL},
    };
    g_auto(Scene) scenery = scene(*state);
    conductor_fixture_write(scenery.fixture, "owner", "me");
    conductor_fixture_write(scenery.fixture, "lessee", "tenant");
    g_autofree char *wrong = judged(&scenery, "me", "me"); /* there was no lessee at that time */
    g_autofree char *key =
        g_strdup_printf("{\"resource\": \"node\", \"key\": \"%s\", \"patch\": [{\"op\": \"add\", "
                        "\"path\": \"/extra/a\", \"value\": 1}]}",
                        scenery.here->uuid);
    scenery.fixture->judged = wrong;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        conductor_fixture_refused(scenery.fixture, rows[i].method, scenery.here->uuid,
                                  rows[i].arguments != NULL ? rows[i].arguments : key,
                                  STEEL_ERROR_CONFLICT, "ask again");
        assert_unlocked(&scenery, scenery.here);
    }
    conductor_fixture_write(scenery.fixture, "lessee", NULL);
    conductor_fixture_do(scenery.fixture, RPC_UPDATE, scenery.here->uuid, key);
}

/* The node was read without its lock, to learn whether the method needs one. */
static void
a_vendor_method_holds_the_node_against_its_caller_again_once_it_is_locked(void **state)
{
    g_autoptr(GError) error = NULL;
    g_auto(Scene) scenery = scene(*state);
    g_autofree char *right = judged(&scenery, "me", "me");
    json_auto_t *owners = conductor_fixture_json(right);
    json_auto_t *arguments =
        conductor_fixture_json("{\"method\": \"second_method\", \"http_method\": \"POST\", "
                               "\"arguments\": {\"bar\": \"kazoo\"}}");
    conductor_fixture_write(scenery.fixture, "owner", "me");
    conductor_fixture_write(scenery.fixture, "lessee", "me");
    Conductor *conductor = scenery.fixture->conductor;
    VerbCall call = {.conductor = conductor,
                     .task = task_acquire(conductor, scenery.here->uuid, TASK_SHARED, "t", &error),
                     .arguments = arguments,
                     .node_uuid = scenery.here->uuid,
                     .judged = owners};
    assert_non_null(call.task);
    conductor_fixture_write(scenery.fixture, "lessee", "tenant");
    json_t *result = verb_vendor_passthru(&call, &error);
    task_release(call.task);
    assert_null(result);
    assert_true(steel_error_is(error, STEEL_ERROR_CONFLICT));
}

static void
an_allocation_does_not_get_a_node_that_has_got_another_owner(void **state)
{
    g_auto(Scene) scenery = scene(*state);
    conductor_fixture_write(scenery.fixture, "provision_state", "active");
    conductor_fixture_write(scenery.fixture, "resource_class", "gold");
    conductor_fixture_write(scenery.fixture, "owner", "them");
    g_autofree char *wrong = judged(&scenery, "me", "me");
    g_autofree char *arguments = g_strdup_printf(
        "{\"resource\": \"allocation\", \"values\": {\"node\": \"%s\"}}", scenery.here->uuid);
    scenery.fixture->judged = wrong;
    conductor_fixture_refused(scenery.fixture, RPC_CREATE, scenery.here->uuid, arguments,
                              STEEL_ERROR_CONFLICT, "ask again");
    g_autoptr(Node) after = conductor_fixture_load(scenery.fixture, scenery.here->uuid);
    assert_null(after->allocation_uuid);
    assert_null(after->reservation);
}

/* ---- at once ---- */

enum { ROUNDS = 10 };

typedef struct Mover {
    Scene *scene;
    size_t kind;
    unsigned refused;
} Mover;

/* Moves back and forth; retries if a node is locked. */
static void *
move_to_and_fro(void *data)
{
    Mover *mover = data;
    const Scene *scene = mover->scene;
    for (int i = 0; i < 2 * ROUNDS;) {
        g_autoptr(GError) error = NULL;
        const Node *to = i % 2 == 0 ? scene->there : scene->here;
        g_autofree char *arguments = move_call(mover->kind, scene->things[mover->kind], to->uuid);
        json_t *done = conductor_fixture_call(scene->fixture, RPC_UPDATE, NULL, arguments, &error);
        if (done != NULL)
            i++;
        else if (!steel_error_is(error, STEEL_ERROR_LOCKED))
            break;
        mover->refused += done == NULL && !steel_error_is(error, STEEL_ERROR_LOCKED);
        json_decref(done);
    }
    return NULL;
}

static void
things_that_move_in_both_directions_at_once_all_arrive(void **state)
{
    g_auto(Scene) scenery = scene(*state);
    pthread_t threads[G_N_ELEMENTS(kinds)];
    Mover movers[G_N_ELEMENTS(kinds)];
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        movers[i] = (Mover){&scenery, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, move_to_and_fro, &movers[i]), 0);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(movers[i].refused, 0);
        assert_on(&scenery, i, scenery.here);
    }
    assert_unlocked(&scenery, scenery.here);
    assert_unlocked(&scenery, scenery.there);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(everything_moves_to_another_node_and_back),
        fixture_test(both_nodes_have_a_say_in_a_move),
        fixture_test(a_port_that_a_network_is_attached_to_stays),
        fixture_test(a_move_needs_the_locks_of_both_nodes),
        fixture_test(whichever_way_a_thing_moves_the_lesser_uuid_is_locked_first),
        fixture_test(nothing_moves_when_a_node_has_got_another_owner),
        fixture_test(nothing_is_made_or_deleted_on_a_node_that_has_got_another_owner),
        fixture_test(nothing_is_done_with_a_node_that_has_got_another_owner),
        fixture_test(a_vendor_method_holds_the_node_against_its_caller_again_once_it_is_locked),
        fixture_test(an_allocation_does_not_get_a_node_that_has_got_another_owner),
        fixture_test(things_that_move_in_both_directions_at_once_all_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
