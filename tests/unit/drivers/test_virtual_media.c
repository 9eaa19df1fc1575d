/* What a machine gets by virtual media, with a BMC that notes what is inserted: the order, the
 * secrets, what is shared, and that nothing stays behind.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "common/config.h"
#include "common/process.h"
#include "common/steady.h"
#include "db/media.h"
#include "db/records.h"
#include "drivers/boot/virtual_media_images.h"
#include "images/publisher.h"
#include "model/internal_info.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define URL "http://192.0.2.1:8089"

typedef struct World {
    char *folder; /* owned */
    DriverFixture *fixture;
} World;

/* ---- the BMC ---- */

static GString *calls;                      /* "check eject:cd ..." */
static char *inserted[VIRTUAL_MEDIA_KINDS]; /* owned */
static const char *refused;                 /* the call that fails */

static bool
note(const char *what, const char *which, GError **error)
{
    g_autofree char *call = g_strconcat(what, *which != '\0' ? ":" : "", which, NULL);
    g_string_append_printf(calls, "%s%s", calls->len > 0 ? " " : "", call);
    return refused == NULL || strcmp(refused, call) != 0 ||
           steel_fail(error, STEEL_ERROR_BMC_UNREACHABLE, "the BMC says no");
}

static bool
fake_check(Task *task, GError **error)
{
    (void)task;
    return note("check", "", error);
}

static bool
fake_insert(Task *task, VirtualMediaKind kind, const char *url, GError **error)
{
    (void)task;
    g_free(inserted[kind]);
    inserted[kind] = g_strdup(url);
    if (note("insert", virtual_media_word(kind), error))
        return true;
    g_prefix_error(error, "the URI %s: ", url);
    return false;
}

static bool
fake_eject(Task *task, VirtualMediaKind kind, GError **error)
{
    (void)task;
    g_clear_pointer(&inserted[kind], g_free);
    return note("eject", virtual_media_word(kind), error);
}

static bool
fake_boot_once(Task *task, GError **error)
{
    (void)task;
    return note("once", "", error);
}

static bool
fake_floppy(const Task *task)
{
    (void)task;
    return true;
}

static bool
fake_swift(VirtualMediaSwift *place)
{
    *place = (VirtualMediaSwift){"media", 900};
    return true;
}

static const char *
fake_words(void)
{
    return "quiet";
}

static const VirtualMedia with_floppy = {.check = fake_check,
                                         .insert = fake_insert,
                                         .eject = fake_eject,
                                         .set_boot_once_cd = fake_boot_once,
                                         .has_floppy = fake_floppy,
                                         .kernel_words = fake_words};
static const VirtualMedia cd_only = {.check = fake_check,
                                     .insert = fake_insert,
                                     .eject = fake_eject,
                                     .set_boot_once_cd = fake_boot_once};
static const VirtualMedia in_swift = {
    .insert = fake_insert, .eject = fake_eject, .in_swift = fake_swift};

/* ---- surroundings ---- */

static char *
write_below(const World *world, const char *name, const char *text)
{
    char *path = g_build_filename(world->folder, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static void
set_url(json_t *object, const char *key, const World *world, const char *name)
{
    g_autofree char *url = g_strdup_printf("file://%s/%s", world->folder, name);
    json_object_set_new(object, key, json_string(url));
}

static int
set_up(void **state)
{
    World *world = g_new0(World, 1);
    world->folder = g_dir_make_tmp("steel-virtual-media-XXXXXX", NULL);
    g_autofree char *path = g_strconcat("state_path=", world->folder, NULL),
                    *allowed =
                        g_strconcat("conductor.file_url_allowed_paths=", world->folder, NULL);
    const char *settings[] = {path, allowed, NULL};
    g_free(write_below(world, "kernel", "a kernel"));
    g_free(write_below(world, "initramfs", "an initramfs"));
    g_free(write_below(world, "ready.iso", "an ISO"));
    world->fixture = driver_fixture_new(settings);
    Node *node = driver_fixture_node(world->fixture, "ipmi");
    set_url(node->driver_info, "deploy_kernel", world, "kernel");
    set_url(node->driver_info, "deploy_ramdisk", world, "initramfs");
    driver_fixture_begin(world->fixture, node);
    world->fixture->services.boot_url = URL;
    calls = g_string_new(NULL);
    refused = NULL;
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    World *world = *state;
    for (VirtualMediaKind kind = 0; kind < VIRTUAL_MEDIA_KINDS; kind++)
        g_clear_pointer(&inserted[kind], g_free);
    g_string_free(calls, TRUE);
    driver_fixture_free(world->fixture);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", world->folder);
    assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(world->folder);
    g_free(world);
    return 0;
}

static Task *
task_of(void **state)
{
    return ((World *)*state)->fixture->task;
}

/* The file that a URL of the boot server names. */
static char *
served(const World *world, const char *url)
{
    assert_non_null(url);
    assert_true(g_str_has_prefix(url, URL "/virtual_media/"));
    assert_false(publisher_path_refused(url + strlen(URL), steady_now_ms() / 1000));
    return g_build_filename(world->folder, "http", url + strlen(URL), NULL);
}

static char *
output_of(const char *const *argv)
{
    g_auto(ProcessResult) result = {0};
    g_autoptr(GError) error = NULL;
    ProcessSpec spec = {.argv = argv};
    assert_true(process_run(&spec, &result, &error));
    assert_no_error(error);
    return g_strdup(result.output);
}

static char *
file_of_iso(const World *world, const char *url, const char *name)
{
    g_autofree char *iso = served(world, url),
                    *copy = g_build_filename(world->folder, "extracted", NULL);
    const char *argv[] = {"xorriso", "-osirrox", "on", "-indev", iso, "-extract", name, copy, NULL};
    char *text = NULL;
    unlink(copy);
    g_free(output_of(argv));
    assert_true(g_file_get_contents(copy, &text, NULL, NULL));
    return text;
}

static unsigned
entries(const World *world, const char *name)
{
    unsigned count = 0;
    g_autofree char *path = g_build_filename(world->folder, name, NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    while (dir != NULL && g_dir_read_name(dir) != NULL)
        count++;
    return count;
}

static void
assert_nothing_left(const World *world, Db *db)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) media = db_media_of_node(db, FIXTURE_NODE, NULL, &error);
    assert_no_error(error);
    assert_int_equal(media->len, 0);
    assert_int_equal(entries(world, "http/virtual_media"), 0);
    assert_int_equal(entries(world, "virtual_media"), 0);
}

static void
prepare(Task *task, const VirtualMedia *how, const json_t *parameters)
{
    g_autoptr(GError) error = NULL;
    assert_true(virtual_media_prepare_ramdisk(task, how, parameters, &error) || error != NULL);
    assert_no_error(error);
}

static void
clean_up(Task *task, const VirtualMedia *how)
{
    g_autoptr(GError) error = NULL;
    assert_true(virtual_media_clean_up_ramdisk(task, how, &error) || error != NULL);
    assert_no_error(error);
}

/* ---- the ramdisk ---- */

static void
a_floppy_tells_the_agent_and_the_iso_has_no_secret(void **state)
{
    const World *world = *state;
    Task *task = task_of(state);
    prepare(task, &with_floppy, NULL);
    assert_string_equal(calls->str, "check eject:cd eject:floppy insert:floppy insert:cd once");
    const char *token = info_text(task->node, INFO_AGENT_SECRET_TOKEN);
    g_autofree char *floppy = served(world, inserted[VIRTUAL_MEDIA_FLOPPY]),
                    *grub = file_of_iso(world, inserted[VIRTUAL_MEDIA_CD], "/boot/grub/grub.cfg"),
                    *line = g_strconcat("ipa-agent-token=", token, NULL);
    const char *argv[] = {"mtype", "-i", floppy, "::parameters.txt", NULL};
    g_autofree char *text = output_of(argv);
    assert_non_null(strstr(text, line));
    assert_non_null(strstr(text, "boot_method=vmedia"));
    assert_non_null(strstr(text, "ipa-api-url=http://"));
    assert_non_null(strstr(grub, "'boot_method=vmedia'"));
    assert_non_null(strstr(grub, "'quiet'"));
    assert_null(strstr(grub, token));
    clean_up(task, &with_floppy);
    assert_nothing_left(world, world->fixture->db);
}

static void
without_a_floppy_the_iso_tells_the_agent(void **state)
{
    const World *world = *state;
    Task *task = task_of(state);
    json_auto_t *parameters = json_pack("{s:s}", "ipa-inspection-callback-url",
                                        "http://192.0.2.1/x?agent_token=%agent_token%");
    json_decref(task->node->network_data);
    task->node->network_data = json_pack("{s:[]}", "links");
    prepare(task, &cd_only, parameters);
    assert_string_equal(calls->str, "check eject:cd eject:floppy insert:cd once");
    const char *token = info_text(task->node, INFO_AGENT_SECRET_TOKEN);
    g_autofree char *callback =
        g_strdup_printf("'ipa-inspection-callback-url=http://192.0.2.1/x?agent_token=%s'", token);
    g_autofree char *grub = file_of_iso(world, inserted[VIRTUAL_MEDIA_CD], "/boot/grub/grub.cfg"),
                    *network = file_of_iso(world, inserted[VIRTUAL_MEDIA_CD],
                                           "/openstack/latest/network_data.json");
    assert_non_null(strstr(grub, callback));
    assert_null(strstr(grub, "boot_method"));
    assert_string_equal(network, "{\"links\":[]}");
}

/* The token on the medium is the one that the next agent has, whatever the power does; one of an
 * earlier start is not believed. */
static void
the_token_outlives_the_start_and_no_second_preparation(void **state)
{
    Task *task = task_of(state);
    prepare(task, &cd_only, NULL);
    g_autofree char *first = g_strdup(info_text(task->node, INFO_AGENT_SECRET_TOKEN));
    info_set_text(task->node, INFO_AGENT_URL, "http://192.0.2.9");
    info_forget(task->node, LIFETIME_AGENT);
    assert_string_equal(info_text(task->node, INFO_AGENT_SECRET_TOKEN), first);
    assert_null(info_text(task->node, INFO_AGENT_URL));
    prepare(task, &cd_only, NULL);
    assert_string_not_equal(info_text(task->node, INFO_AGENT_SECRET_TOKEN), first);
    clean_up(task, &cd_only);
    info_forget(task->node, LIFETIME_AGENT);
    assert_null(info_text(task->node, INFO_AGENT_SECRET_TOKEN));
}

static void
a_second_preparation_leaves_one_image(void **state)
{
    const World *world = *state;
    prepare(task_of(state), &with_floppy, NULL);
    prepare(task_of(state), &with_floppy, NULL);
    assert_int_equal(entries(world, "http/virtual_media"), 2);
}

static void
a_ready_iso_is_served_as_it_is(void **state)
{
    const World *world = *state;
    Task *task = task_of(state);
    set_url(task->node->driver_info, "deploy_iso", world, "ready.iso");
    prepare(task, &cd_only, NULL);
    g_autofree char *path = served(world, inserted[VIRTUAL_MEDIA_CD]), *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_string_equal(text, "an ISO");
    /* its agent is told no token: it gets one by its lookup */
    assert_null(info_text(task->node, INFO_AGENT_SECRET_TOKEN));
}

static void
nothing_is_made_without_the_licence(void **state)
{
    const World *world = *state;
    g_autoptr(GError) error = NULL;
    refused = "check";
    assert_false(virtual_media_prepare_ramdisk(task_of(state), &with_floppy, NULL, &error));
    assert_error(&error, STEEL_ERROR_BMC_UNREACHABLE, "the BMC says no");
    assert_string_equal(calls->str, "check");
    assert_nothing_left(world, world->fixture->db);
}

static void
an_insert_that_is_refused_is_named_and_cleaned_up(void **state)
{
    const World *world = *state;
    g_autoptr(GError) error = NULL;
    refused = "insert:cd";
    assert_false(virtual_media_prepare_ramdisk(task_of(state), &with_floppy, NULL, &error));
    /* the BMC repeats the URL, whose path is a secret */
    assert_error(&error, STEEL_ERROR_BMC_UNREACHABLE,
                 "the virtual cd could not be inserted: the URI " URL
                 "/virtual_media/.../boot.iso: the BMC says no");
    clean_up(task_of(state), &with_floppy);
    assert_nothing_left(world, world->fixture->db);
}

/* ---- validation ---- */

static void
validation_says_what_is_missing(void **state)
{
    Task *task = task_of(state);
    g_autoptr(GError) error = NULL;
    assert_true(virtual_media_validate(task, &cd_only, &error));
    assert_no_error(error);
    json_object_del(task->node->driver_info, "deploy_ramdisk");
    assert_false(virtual_media_validate_ramdisk(task, RAMDISK_FOR_AGENT, &error));
    assert_error(&error, STEEL_ERROR_MISSING,
                 "Error validating Redfish virtual media. Some parameters were missing in node's "
                 "driver_info. Missing are: ['deploy_ramdisk']");
    assert_false(virtual_media_validate(task, &in_swift, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "Swift is not configured");
    ((World *)*state)->fixture->services.boot_url = NULL;
    assert_false(virtual_media_validate(task, &cd_only, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "[boot_server]enabled");
}

/* ---- images that are shared ---- */

static MediaOwner
owner_of(const World *world, Db *db, const char *node_uuid)
{
    return (MediaOwner){.db = db,
                        .host = "a-conductor",
                        .node_uuid = node_uuid,
                        .place = {g_build_filename(world->folder, "http", NULL), URL},
                        .work = g_build_filename(world->folder, "virtual_media", NULL)};
}

static void
owner_free(MediaOwner *owner)
{
    g_free((char *)(uintptr_t)owner->place.http_root);
    virtual_media_owner_clear(owner);
}

static int made; /* atomic */

static bool
make_text(void *user, const char *folder, const char *output, GError **error)
{
    (void)user, (void)folder;
    __atomic_add_fetch(&made, 1, __ATOMIC_SEQ_CST);
    return g_file_set_contents(output, "an image", -1, error);
}

static const MediaWanted shared = {.publisher = &publisher_web,
                                   .purpose = "instance",
                                   .name = "boot-abc",
                                   .file = "boot.iso",
                                   .make = make_text};

enum { NODES = 8, ROUNDS = 6 };

typedef struct Racer {
    const World *world;
    char uuid[40];
} Racer;

/* Publishes, finds its image whole, releases; again and again. */
static void *
race(void *data)
{
    const Racer *racer = data;
    MediaOwner owner = owner_of(racer->world, racer->world->fixture->db, racer->uuid);
    for (int i = 0; i < ROUNDS; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *url = media_publish(&owner, &shared, &error), *text = NULL;
        if (url == NULL)
            g_error("%s", error->message);
        g_autofree char *path = served(racer->world, url);
        if (!g_file_get_contents(path, &text, NULL, &error) || strcmp(text, "an image") != 0)
            g_error("%s", error->message);
        if (!media_release(&owner, "instance", &error) || !media_release(&owner, NULL, &error))
            g_error("%s", error->message);
    }
    owner_free(&owner);
    return NULL;
}

static void
store_node(const World *world, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Node *node = driver_fixture_node(world->fixture, "ipmi");
    record_set_text(&node->uuid, uuid);
    record_set_text(&node->name, NULL);
    assert_true(db_record_insert(world->fixture->db, &node_resource, node, &error));
    assert_no_error(error);
    node_free(node);
}

static void
nodes_that_race_find_the_shared_image_whole_and_leave_none(void **state)
{
    const World *world = *state;
    pthread_t threads[NODES];
    Racer racers[NODES];
    for (int i = 0; i < NODES; i++) {
        racers[i].world = world;
        g_snprintf(racers[i].uuid, sizeof racers[i].uuid, "00000000-0000-4000-8000-%012d", i);
        store_node(world, racers[i].uuid);
    }
    for (int i = 0; i < NODES; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < NODES; i++)
        pthread_join(threads[i], NULL);
    assert_nothing_left(world, world->fixture->db);
}

static int64_t
users_of(Db *db, const char *node_uuid)
{
    int64_t count = 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) media = db_media_of_node(db, node_uuid, "instance", &error);
    assert_no_error(error);
    assert_int_equal(media->len, 1);
    assert_true(db_medium_count_users(db, ((Medium *)media->pdata[0])->id, &count, &error));
    return count;
}

/* A node that prepares twice counts once, and one that cleans up twice is taken off once; a node
 * that is deleted uses nothing. */
static void
users_are_counted_by_node(void **state)
{
    const World *world = *state;
    Db *db = world->fixture->db;
    const char *const other = "00000000-0000-4000-8000-000000000001";
    g_autoptr(GError) error = NULL;
    store_node(world, other);
    MediaOwner mine = owner_of(world, db, FIXTURE_NODE), theirs = owner_of(world, db, other);
    __atomic_store_n(&made, 0, __ATOMIC_SEQ_CST);
    g_autofree char *first = media_publish(&mine, &shared, &error),
                    *again = media_publish(&mine, &shared, &error),
                    *second = media_publish(&theirs, &shared, &error);
    assert_no_error(error);
    assert_string_equal(first, again);
    assert_string_equal(first, second);
    assert_int_equal(__atomic_load_n(&made, __ATOMIC_SEQ_CST), 1);
    assert_int_equal(users_of(db, FIXTURE_NODE), 2);
    assert_true(media_release(&theirs, NULL, &error));
    assert_true(media_release(&theirs, NULL, &error));
    assert_int_equal(users_of(db, FIXTURE_NODE), 1);
    assert_true(db_record_delete(db, &node_resource, FIXTURE_NODE, &error));
    assert_int_equal(media_sweep(&theirs), 1);
    assert_nothing_left(world, db);
    owner_free(&mine);
    owner_free(&theirs);
}

/* ---- death between the steps ---- */

static int step, last_step; /* the step before which the child dies */

static void
maybe_die(void)
{
    if (step++ == last_step)
        _exit(9);
}

static bool
dying_check(const PublisherPlace *place, GError **error)
{
    maybe_die();
    return publisher_web.check(place, error);
}

static bool
dying_put(const PublisherPlace *place, const char *id, const char *file, const char *path,
          GError **error)
{
    maybe_die();
    bool good = publisher_web.put(place, id, file, path, error);
    maybe_die();
    return good;
}

static char *
dying_url(const PublisherPlace *place, const char *id, const char *file, GError **error)
{
    maybe_die();
    return publisher_web.url(place, id, file, error);
}

static bool
dying_make(void *user, const char *folder, const char *output, GError **error)
{
    maybe_die();
    bool good = make_text(user, folder, output, error);
    maybe_die();
    return good;
}

static const Publisher dying = {.word = "web",
                                .check = dying_check,
                                .put = dying_put,
                                .remove = NULL, /* the row's word finds the real one */
                                .url = dying_url,
                                .list = NULL};

/* The child opens the database itself. Returns true if it came to the end. */
static bool
publish_and_die(const World *world, const char *path, bool named)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        g_autofree char *url = g_strconcat("sqlite:///", path, NULL);
        Db *db = db_open(url, &db_throw_away, NULL);
        MediaOwner owner = owner_of(world, db, FIXTURE_NODE);
        MediaWanted wanted = shared;
        wanted.publisher = &dying;
        wanted.make = dying_make;
        wanted.name = named ? "boot-abc" : NULL;
        g_autofree char *published = media_publish(&owner, &wanted, NULL);
        _exit(published != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
    return WEXITSTATUS(status) == 0;
}

static Db *
new_database(const World *world, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *url = g_strconcat("sqlite:///", path, NULL);
    Db *db = db_open(url, &db_throw_away, &error);
    assert_no_error(error);
    Node *node = driver_fixture_node(world->fixture, "ipmi");
    assert_true(db_record_insert(db, &node_resource, node, &error));
    assert_no_error(error);
    node_free(node);
    return db;
}

/* Whatever step a process dies in, clean-up by another leaves nothing; and so does the sweep when
 * the node is gone. */
static void
a_process_that_dies_leaves_nothing_behind(void **state)
{
    const World *world = *state;
    bool ended = false;
    for (last_step = 0; !ended; last_step++)
        for (int named = 0; named < 2; named++) {
            g_autoptr(GError) error = NULL;
            g_autofree char *path =
                g_strdup_printf("%s/dying-%d-%d.sqlite", world->folder, last_step, named);
            db_close(new_database(world, path));
            step = 0;
            ended = publish_and_die(world, path, named == 1);
            g_autofree char *url = g_strconcat("sqlite:///", path, NULL);
            Db *db = db_open(url, &db_throw_away, &error);
            assert_no_error(error);
            MediaOwner owner = owner_of(world, db, FIXTURE_NODE);
            if (last_step % 2 == 0)
                assert_true(media_release(&owner, NULL, &error));
            else
                assert_true(db_record_delete(db, &node_resource, FIXTURE_NODE, &error));
            (void)media_sweep(&owner);
            assert_nothing_left(world, db);
            owner_free(&owner);
            db_close(db);
        }
    assert_int_equal(last_step, 7); /* six places to die, and the end */
}

/* What lies in the folders without a row, such as after the database was restored. */
static void
what_nobody_remembers_is_swept(void **state)
{
    const World *world = *state;
    MediaOwner owner = owner_of(world, world->fixture->db, FIXTURE_NODE);
    char id[PUBLISHER_ID_SIZE];
    g_autofree char *folder = g_strdup_printf("%s/http/virtual_media/%s", world->folder,
                                              publisher_id(0, id)),
                    *work = g_strdup_printf("%s/virtual_media/%s", world->folder, id);
    assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
    assert_int_equal(g_mkdir_with_parents(work, 0755), 0);
    assert_int_equal(media_sweep(&owner), 2);
    assert_nothing_left(world, world->fixture->db);
    owner_free(&owner);
}

/* ---- the end of life ---- */

static void
a_path_is_refused_after_its_end(void **state)
{
    (void)state;
    char id[PUBLISHER_ID_SIZE];
    g_autofree char *path = g_strdup_printf("/virtual_media/%s/boot.iso", publisher_id(1000, id));
    assert_false(publisher_path_refused(path, 999));
    assert_true(publisher_path_refused(path, 1000));
    g_autofree char *forever = g_strdup_printf("/virtual_media/%s/boot.iso", publisher_id(0, id));
    assert_false(publisher_path_refused(forever, 1000));
    assert_true(publisher_path_refused("/virtual_media/x/boot.iso", 1));
    assert_true(publisher_path_refused("/virtual_media/", 1));
    assert_false(publisher_path_refused("/agent_images/x", 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_floppy_tells_the_agent_and_the_iso_has_no_secret),
        TEST(without_a_floppy_the_iso_tells_the_agent),
        TEST(the_token_outlives_the_start_and_no_second_preparation),
        TEST(a_second_preparation_leaves_one_image),
        TEST(a_ready_iso_is_served_as_it_is),
        TEST(nothing_is_made_without_the_licence),
        TEST(an_insert_that_is_refused_is_named_and_cleaned_up),
        TEST(validation_says_what_is_missing),
        TEST(nodes_that_race_find_the_shared_image_whole_and_leave_none),
        TEST(users_are_counted_by_node),
        TEST(a_process_that_dies_leaves_nothing_behind),
        TEST(what_nobody_remembers_is_swept),
        TEST(a_path_is_refused_after_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
