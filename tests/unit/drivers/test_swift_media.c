/* Images for BMCs in Swift: published, shared, counted, and removed, also when nodes race and when
 * a step fails. With what STEEL_CLOUD_AUTH_URL names, as tests/unit/openstack/test_swift.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "cloud.h"
#include "common/json_text.h"
#include "common/process.h"
#include "common/steady.h"
#include "common/uuid.h"
#include "db/media.h"
#include "db/records.h"
#include "drivers/boot/media.h"
#include "images/publisher.h"
#include "openstack/swift.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define IMAGE "an image"

typedef struct World {
    DriverFixture *fixture;
    Openstack *openstack;
    OpenstackSession *swift;
    char *folder, *work, *container;
} World;

static int
set_up(void **state)
{
    char uuid[UUID_TEXT_SIZE];
    World *world = g_new0(World, 1);
    world->folder = g_dir_make_tmp("steel-swift-media-XXXXXX", NULL);
    world->work = g_build_filename(world->folder, "work", NULL);
    world->container = g_strdup_printf("steel-test-%s", uuid_generate(uuid));
    g_autoptr(GPtrArray) settings = cloud_settings();
    g_ptr_array_add(settings, g_strconcat("state_path=", world->folder, NULL));
    g_ptr_array_add(settings, NULL);
    if (!cloud_is_real())
        cloud_control("{\"faults\": []}");
    world->fixture = driver_fixture_new((const char *const *)settings->pdata);
    driver_fixture_begin(world->fixture, driver_fixture_node(world->fixture, "ipmi"));
    world->openstack = openstack_new(config_current());
    world->swift = openstack_service(world->openstack, OPENSTACK_SWIFT, NULL);
    assert_non_null(world->swift);
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    World *world = *state;
    openstack_free(world->openstack);
    driver_fixture_free(world->fixture);
    const char *const argv[] = {"rm", "-rf", "--", world->folder, NULL};
    assert_true(process_run(&(ProcessSpec){.argv = argv}, NULL, NULL));
    g_free(world->folder);
    g_free(world->work);
    g_free(world->container);
    g_free(world);
    return 0;
}

static MediaOwner
owner_of(const World *world, Db *db, const char *node_uuid)
{
    return (MediaOwner){.db = db,
                        .host = "a-conductor",
                        .node_uuid = node_uuid,
                        .place = {.http_root = world->folder,
                                  .swift = world->swift,
                                  .container = world->container,
                                  .url_life_s = 600},
                        .work = world->work};
}

static bool
make_text(void *user, const char *folder, const char *output, GError **error)
{
    (void)user, (void)folder;
    return g_file_set_contents(output, IMAGE, -1, error);
}

static const MediaWanted shared = {.publisher = &publisher_swift,
                                   .purpose = "instance",
                                   .name = "boot-abc",
                                   .file = "boot.iso",
                                   .make = make_text};

/* The id of what a node uses; the caller frees. */
static char *
id_of(Db *db, const char *node_uuid)
{
    g_autoptr(GPtrArray) media = db_media_of_node(db, node_uuid, NULL, NULL);
    assert_int_equal(media->len, 1);
    return g_strdup(((Medium *)media->pdata[0])->id);
}

/* What Swift shows of an image; -1: no number, -2: it is not there. */
static int64_t
shown(const World *world, const char *id)
{
    g_autoptr(GError) error = NULL;
    int64_t count = -1;
    const PublisherPlace place = {.swift = world->swift, .container = world->container};
    if (publisher_swift.read_users(&place, id, "boot.iso", &count, &error))
        return count;
    assert_true(steel_error_is(error, STEEL_ERROR_NOT_FOUND));
    return -2;
}

static void
store_node(const World *world, const char *uuid)
{
    Node *node = driver_fixture_node(world->fixture, "ipmi");
    record_set_text(&node->uuid, uuid);
    record_set_text(&node->name, NULL);
    assert_true(db_record_insert(world->fixture->db, &node_resource, node, NULL));
    node_free(node);
}

static const char other[] = "00000000-0000-4000-8000-000000000001";

static void
the_number_of_users_is_shown(void **state)
{
    const World *world = *state;
    g_autoptr(GError) error = NULL;
    Db *db = world->fixture->db;
    store_node(world, other);
    MediaOwner mine = owner_of(world, db, FIXTURE_NODE), theirs = owner_of(world, db, other);
    g_autofree char *first = media_publish(&mine, &shared, &error);
    assert_no_error(error);
    g_autofree char *id = id_of(db, FIXTURE_NODE);
    assert_int_equal(shown(world, id), 1);
    g_autofree char *second = media_publish(&theirs, &shared, &error),
                    *again = media_publish(&theirs, &shared, &error);
    assert_no_error(error);
    assert_int_equal(shown(world, id), 2);
    assert_true(media_release(&mine, NULL, &error) && media_release(&mine, NULL, &error));
    assert_int_equal(shown(world, id), 1);
    assert_true(media_release(&theirs, NULL, &error));
    assert_int_equal(shown(world, id), -2);
}

/* ---- many ---- */

enum { NODES = 6, ROUNDS = 4 };

typedef struct Racer {
    const World *world;
    char uuid[UUID_TEXT_SIZE];
    bool stays; /* in the last round */
} Racer;

static void
find_whole(const char *url)
{
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) error = NULL;
    if (!http_request(&(HttpRequest){.url = url}, &response, &error))
        g_error("%s", error->message);
    if (response.status != 200 || strcmp(response.body, IMAGE) != 0)
        g_error("a node got %d %s", response.status, response.body);
}

static void *
race(void *data)
{
    const Racer *racer = data;
    MediaOwner owner = owner_of(racer->world, racer->world->fixture->db, racer->uuid);
    for (int i = 0; i < ROUNDS; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *url = media_publish(&owner, &shared, &error);
        if (url == NULL)
            g_error("%s", error->message);
        find_whole(url);
        if ((!racer->stays || i + 1 < ROUNDS) && !media_release(&owner, NULL, &error))
            g_error("%s", error->message);
    }
    return NULL;
}

static void
nodes_that_race_are_counted(void **state)
{
    const World *world = *state;
    Db *db = world->fixture->db;
    pthread_t threads[NODES];
    Racer racers[NODES];
    for (int i = 0; i < NODES; i++) {
        racers[i] = (Racer){.world = world, .stays = i % 2 == 0};
        g_snprintf(racers[i].uuid, sizeof racers[i].uuid, "00000000-0000-4000-8000-%012d", i);
        store_node(world, racers[i].uuid);
    }
    for (int i = 0; i < NODES; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < NODES; i++)
        pthread_join(threads[i], NULL);
    g_autofree char *id = id_of(db, racers[0].uuid);
    assert_int_equal(shown(world, id), NODES / 2);
    for (int i = 0; i < NODES; i += 2) {
        MediaOwner owner = owner_of(world, db, racers[i].uuid);
        assert_true(media_release(&owner, NULL, NULL));
    }
    assert_int_equal(shown(world, id), -2);
}

/* ---- faults ---- */

static void
a_number_that_was_not_written_is_corrected(void **state)
{
    const World *world = *state;
    g_autoptr(GError) error = NULL;
    MediaOwner owner = owner_of(world, world->fixture->db, FIXTURE_NODE);
    cloud_fault("POST /v1", 1, "503");
    g_autofree char *url = media_publish(&owner, &shared, &error);
    assert_no_error(error);
    g_autofree char *id = id_of(world->fixture->db, FIXTURE_NODE);
    assert_int_equal(shown(world, id), -1);
    assert_int_equal(media_sweep(&owner), 0);
    assert_int_equal(shown(world, id), 1);
    assert_true(media_release(&owner, NULL, &error));
}

static void
an_image_that_was_not_removed_is_removed_later(void **state)
{
    const World *world = *state;
    g_autoptr(GError) error = NULL;
    MediaOwner owner = owner_of(world, world->fixture->db, FIXTURE_NODE);
    g_autofree char *url = media_publish(&owner, &shared, &error);
    g_autofree char *id = id_of(world->fixture->db, FIXTURE_NODE);
    cloud_fault("DELETE /v1", 1, "500");
    assert_true(media_release(&owner, NULL, &error));
    assert_int_equal(shown(world, id), 1);
    assert_int_equal(media_sweep(&owner), 1);
    assert_int_equal(shown(world, id), -2);
}

static void
a_failed_upload_leaves_nothing(void **state)
{
    static const char *const kinds[] = {"403", "500", "html", "half"};
    const World *world = *state;
    MediaOwner owner = owner_of(world, world->fixture->db, FIXTURE_NODE);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(GError) error = NULL;
        cloud_fault("PUT /v1", 1, kinds[i]);
        g_autofree char *url = media_publish(&owner, &shared, &error);
        assert_null(url);
        assert_non_null(strstr(error->message, "Swift"));
        assert_non_null(strstr(error->message, "boot.iso"));
        g_autoptr(GPtrArray) media = db_media_of_node(world->fixture->db, FIXTURE_NODE, NULL, NULL);
        assert_int_equal(media->len, 0);
    }
}

/* ---- a process that dies ---- */

static bool
make_and_die(void *user, const char *folder, const char *output, GError **error)
{
    (void)user, (void)folder, (void)output, (void)error;
    _exit(9);
}

static bool
put_and_die(const PublisherPlace *place, const char *id, const char *file, const char *path,
            GError **error)
{
    if (!publisher_swift.put(place, id, file, path, error))
        _exit(1);
    _exit(9);
}

static bool
check_nothing(const PublisherPlace *place, GError **error)
{
    (void)place, (void)error;
    return true;
}

/* What dies is another process on a database in a file. */
static void
dies_and_is_cleaned_up(void **state, bool after_put)
{
    static const Publisher dying = {
        .word = "swift", .in_container = true, .check = check_nothing, .put = put_and_die};
    const World *world = *state;
    int status = 0;
    g_autofree char *url = g_strdup_printf("sqlite:///%s/died.sqlite", world->folder);
    Db *db = db_open(url, &db_throw_away, NULL);
    Node *node = driver_fixture_node(world->fixture, "ipmi");
    assert_true(db_record_insert(db, &node_resource, node, NULL));
    db_close(db);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        MediaWanted wanted = shared;
        wanted.publisher = after_put ? &dying : &publisher_swift;
        wanted.make = after_put ? make_text : make_and_die;
        MediaOwner owner = owner_of(world, db_open(url, &db_throw_away, NULL), node->uuid);
        g_free(media_publish(&owner, &wanted, NULL));
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    db = db_open(url, &db_throw_away, NULL);
    MediaOwner owner = owner_of(world, db, node->uuid);
    g_autofree char *id = id_of(db, node->uuid);
    assert_int_equal(shown(world, id), after_put ? -1 : -2);
    assert_true(media_release(&owner, NULL, NULL));
    assert_int_equal(shown(world, id), -2);
    db_close(db);
    node_free(node);
}

static void
nothing_stays_of_a_process_that_dies_while_it_makes(void **state)
{
    dies_and_is_cleaned_up(state, false);
}

static void
nothing_stays_of_a_process_that_dies_after_the_upload(void **state)
{
    dies_and_is_cleaned_up(state, true);
}

/* ---- an end ---- */

static void
an_image_of_one_node_has_an_end_in_swift_too(void **state)
{
    const World *world = *state;
    g_autoptr(GError) error = NULL;
    MediaOwner owner = owner_of(world, world->fixture->db, FIXTURE_NODE);
    MediaWanted wanted = shared;
    wanted.name = NULL;
    wanted.lifetime_s = 900;
    g_autofree char *url = media_publish(&owner, &wanted, &error);
    assert_no_error(error);
    g_autofree char *id = id_of(world->fixture->db, FIXTURE_NODE),
                    *path = g_strdup_printf("%s/%s/boot.iso", world->container, id);
    json_auto_t *seen = cloud_look();
    const json_t *object = json_object_get(json_object_get(seen, "objects"), path);
    int64_t after = 0;
    assert_true(json_integer_member(object, "after", &after));
    assert_in_range(after, 800, 900);
    assert_true(json_is_true(json_object_get(object, "ends")));
    assert_true(media_release(&owner, NULL, &error));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_number_of_users_is_shown),
        TEST(nodes_that_race_are_counted),
        TEST(nothing_stays_of_a_process_that_dies_while_it_makes),
        TEST(nothing_stays_of_a_process_that_dies_after_the_upload),
    };
    const struct CMUnitTest faults[] = {
        /* which only the stand-in makes, or shows */
        TEST(a_number_that_was_not_written_is_corrected),
        TEST(an_image_that_was_not_removed_is_removed_later),
        TEST(a_failed_upload_leaves_nothing),
        TEST(an_image_of_one_node_has_an_end_in_swift_too),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return cloud_is_real() ? failed : failed + cmocka_run_group_tests(faults, NULL, NULL);
}
