/* Images in Glance, with what STEEL_CLOUD_AUTH_URL names: a stand-in (tests/openstack), or a real
 * Keystone, Swift and Glance.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/glance.h"

#include "cloud.h"
#include "common/json_text.h"
#include "images/fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DATA "what is in the image\n"
#define NOWHERE "00000000-0000-4000-8000-000000000000"

typedef struct World {
    Config *config;
    Openstack *openstack;
    OpenstackSession *glance, *swift;
    char *path; /* of a file with the data */
    char *id;   /* of an image with them */
} World;

static void
open_world(World *world, const char *const *lines)
{
    world->config = config_new();
    cloud_login(world->config);
    for (; lines != NULL && *lines != NULL; lines++)
        assert_true(config_set(world->config, *lines, NULL));
    assert_true(config_finish(world->config, NULL));
    world->openstack = openstack_new(world->config);
    world->glance = openstack_service(world->openstack, OPENSTACK_GLANCE, NULL);
    world->swift = openstack_service(world->openstack, OPENSTACK_SWIFT, NULL);
    assert_non_null(world->glance);
    assert_non_null(world->swift);
}

/* What Glance does for others than Steel. */
static json_t *
ask(const World *world, const OpenstackCall *call)
{
    g_auto(HttpResponse) response = {0};
    GError *error = NULL;
    if (!openstack_ask(world->glance, call, &response, &error))
        fail_msg("%s", error->message);
    return json_text_parse(response.body, response.body_size, 0, NULL);
}

static char *
new_image(const World *world, const char *properties)
{
    g_autofree char *body = g_strdup_printf(
        "{\"name\": \"steel-test\", \"disk_format\": \"raw\", \"container_format\": \"bare\"%s}",
        properties);
    json_auto_t *made = ask(world, &(OpenstackCall){.what = "the making of an image",
                                                    .method = "POST",
                                                    .path = "/v2/images",
                                                    .body = body});
    const char *id = json_string_member(made, "id");
    assert_non_null(id);
    return g_strdup(id);
}

static void
put_data(const World *world, const char *id)
{
    g_autofree char *path = g_strdup_printf("/v2/images/%s/file", id);
    json_decref(ask(world, &(OpenstackCall){.what = "the upload",
                                            .method = "PUT",
                                            .path = path,
                                            .body_file = world->path,
                                            .content_type = "application/octet-stream"}));
}

static void
delete_image(const World *world, const char *id)
{
    g_autofree char *path = g_strdup_printf("/v2/images/%s", id);
    json_decref(ask(
        world, &(OpenstackCall){.what = "the end of an image", .method = "DELETE", .path = path}));
}

static int
set_up(void **state)
{
    World *world = g_new0(World, 1);
    world->path = g_strdup("/tmp/steel-glance-XXXXXX");
    int fd = mkstemp(world->path);
    assert_true(fd >= 0 && write(fd, DATA, strlen(DATA)) == (ssize_t)strlen(DATA));
    close(fd);
    open_world(world, NULL);
    world->id = new_image(world, ", \"visibility\": \"private\", \"img_type\": \"partition\", "
                                 "\"boot_iso\": \"http://h/boot.iso\", \"min_disk\": 2");
    put_data(world, world->id);
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    World *world = *state;
    delete_image(world, world->id);
    openstack_free(world->openstack);
    config_free(world->config);
    unlink(world->path);
    g_free(world->path);
    g_free(world->id);
    g_free(world);
    return 0;
}

/* ---- tests ---- */

static void
an_id_is_told_from_other_texts(void **state)
{
    (void)state;
    assert_string_equal(glance_id(NOWHERE), NOWHERE);
    assert_string_equal(glance_id(GLANCE_SCHEME NOWHERE), NOWHERE);
    static const char *const others[] = {"",         "an-image",         "glance://", "glance://x",
                                         "http://h", "glance://../file", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        assert_null(glance_id(others[i]));
}

static void
an_image_is_found_with_what_its_owner_says(void **state)
{
    const World *world = *state;
    g_auto(GlanceImage) image = {0};
    GError *error = NULL;
    if (!glance_find(world->glance, world->id, &image, &error))
        fail_msg("%s", error->message);
    assert_string_equal(image.id, world->id);
    assert_string_equal(image.status, "active");
    assert_string_equal(image.visibility, "private");
    assert_string_equal(image.disk_format, "raw");
    assert_string_equal(image.img_type, "partition");
    assert_string_equal(image.boot_iso, "http://h/boot.iso");
    assert_int_equal(image.size, strlen(DATA));
    assert_int_equal(image.min_disk, 2);
    g_autofree char *sha512 = g_compute_checksum_for_string(G_CHECKSUM_SHA512, DATA, -1),
                    *own = openstack_project(world->glance, NULL);
    assert_string_equal(image.os_hash_algo, "sha512");
    assert_string_equal(image.os_hash_value, sha512);
    assert_string_equal(image.owner, own);
    assert_true(glance_check_active(&image, NULL));
}

static void
one_that_is_not_there_is_told(void **state)
{
    const World *world = *state;
    g_auto(GlanceImage) image = {0};
    g_autoptr(GError) error = NULL;
    assert_false(glance_find(world->glance, NOWHERE, &image, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NOT_FOUND));
    assert_non_null(strstr(error->message, "Glance answered 404 to the look at image " NOWHERE));
}

static void
one_without_data_is_not_active(void **state)
{
    const World *world = *state;
    g_auto(GlanceImage) image = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *id = new_image(world, "");
    assert_true(glance_find(world->glance, id, &image, NULL));
    assert_false(glance_check_active(&image, &error));
    assert_non_null(strstr(error->message, "and is queued"));
    delete_image(world, id);
}

static bool
access_of(const World *world, const char *id, const char *project)
{
    g_auto(GlanceImage) image = {0};
    g_autoptr(GError) error = NULL;
    assert_true(glance_find(world->glance, id, &image, NULL));
    g_free(image.owner); /* Steel's own project may use what it has */
    image.owner = g_strdup("another-project");
    bool may = glance_check_access(world->glance, &image, project, &error);
    assert_true(may || steel_error_is(error, STEEL_ERROR_NOT_FOUND));
    return may;
}

static void
a_project_may_use_what_it_sees(void **state)
{
    const World *world = *state;
    g_autofree char *public = new_image(world, ", \"visibility\": \"public\""),
                    *shared = new_image(world, ", \"visibility\": \"shared\""),
                    *path = g_strdup_printf("/v2/images/%s/members", shared);
    json_decref(ask(world, &(OpenstackCall){.what = "a member",
                                            .method = "POST",
                                            .path = path,
                                            .body = "{\"member\": \"a-project\"}"}));
    assert_true(access_of(world, public, "a-project"));
    assert_true(access_of(world, shared, "a-project"));
    assert_false(access_of(world, shared, "b-project"));
    assert_false(access_of(world, world->id, "a-project"));
    assert_true(access_of(world, world->id, "another-project"));
    assert_false(access_of(world, world->id, NULL));
    delete_image(world, public);
    delete_image(world, shared);
}

/* Fetches the image as the cache does; the caller frees. NULL with the error. */
static char *
fetched(const World *world, const char *url, GError **error)
{
    const ImageFetch fetch = {.url = url,
                              .openstack = world->openstack,
                              .size_limit = 1 << 20,
                              .stall_s = 20,
                              .timeout_ms = 60000};
    return image_fetch_text(&fetch, error);
}

static void
its_data_are_fetched(void **state)
{
    const World *world = *state;
    g_autofree char *url = g_strconcat(GLANCE_SCHEME, world->id, NULL);
    GError *error = NULL;
    g_autofree char *data = fetched(world, url, &error);
    if (data == NULL)
        fail_msg("%s", error->message);
    assert_string_equal(data, DATA);
}

static void
its_version_is_its_checksum(void **state)
{
    const World *world = *state;
    const ImageFetch fetch = {.url = world->id, .openstack = world->openstack, .timeout_ms = 60000};
    g_auto(ImageVersion) version = {0};
    g_autofree char *sha512 = g_compute_checksum_for_string(G_CHECKSUM_SHA512, DATA, -1);
    assert_true(image_fetch_version(&fetch, &version, NULL));
    assert_string_equal(version.text, sha512);
    assert_int_equal(version.size, strlen(DATA));
}

static void
a_client_with_the_temporary_url_gets_the_data(void **state)
{
    const World *world = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *url = glance_lend(world->config, world->swift, world->id, "boot.iso", &error);
    if (url == NULL)
        fail_msg("%s", error->message);
    g_auto(HttpResponse) response = {0};
    assert_true(http_request(&(HttpRequest){.url = url}, &response, NULL));
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, DATA);
    assert_true(g_str_has_suffix(url, "&filename=boot.iso"));
}

static void
options_that_contradict_each_other_give_no_url(void **state)
{
    (void)state;
    static const char *const lines[] = {"glance.swift_temp_url_duration=10",
                                        "glance.swift_temp_url_expected_download_start_delay=11",
                                        NULL};
    World world = {0};
    g_autoptr(GError) error = NULL;
    open_world(&world, lines);
    assert_null(glance_lend(world.config, world.swift, NOWHERE, NULL, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    g_clear_error(&error);
    assert_null(glance_lend(config_current(), NULL, NOWHERE, NULL, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_MISSING));
    assert_non_null(strstr(error->message, "[glance]swift_endpoint_url is not set"));
    openstack_free(world.openstack);
    config_free(world.config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_told_from_other_texts),
        TEST(an_image_is_found_with_what_its_owner_says),
        TEST(one_that_is_not_there_is_told),
        TEST(one_without_data_is_not_active),
        TEST(a_project_may_use_what_it_sees),
        TEST(its_data_are_fetched),
        TEST(its_version_is_its_checksum),
        TEST(a_client_with_the_temporary_url_gets_the_data),
        cmocka_unit_test(options_that_contradict_each_other_give_no_url),
    };
    return cmocka_run_group_tests_name("openstack_glance", tests, NULL, NULL);
}
