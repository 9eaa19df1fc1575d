/* What Cinder is asked, and what is made of its answers, with a stand-in (tests/openstack).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/cinder.h"

#include "cloud.h"
#include "common/json_text.h"
#include "common/time_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VOLUME "8d5ac3ea-5a45-4dbd-a4f9-1a7a7c5b1f3c"
#define SERVER "1be26c0b-03f2-4d2e-ae87-c02d7f33c781"
#define IQN "iqn.2017-08.org.openstack.rack1-07"

typedef struct World {
    Config *config;
    Openstack *openstack;
    CinderCall call;
} World;

static int
set_up(void **state)
{
    GError *error = NULL;
    World *world = g_new0(World, 1);
    cloud_control("{\"faults\": [], \"forget\": true, \"no_cinder\": false, \"volumes\": {\"" VOLUME
                  "\": {}}}");
    world->config = config_new();
    cloud_login(world->config);
    assert_true(config_finish(world->config, NULL));
    world->openstack = openstack_new(world->config);
    world->call = (CinderCall){.volume_id = VOLUME, .request_id = "req-test"};
    world->call.session = openstack_service(world->openstack, OPENSTACK_CINDER, &error);
    if (error != NULL)
        fail_msg("%s", error->message);
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    World *world = *state;
    openstack_free(world->openstack);
    config_free(world->config);
    g_free(world);
    return 0;
}

static void
good(bool done, GError *error)
{
    if (error != NULL)
        fail_msg("%s", error->message);
    assert_true(done);
}

static void
failed(GError **error, SteelErrorCode code, const char *part)
{
    assert_non_null(*error);
    if ((*error)->code != (int)code || strstr((*error)->message, part) == NULL)
        fail_msg("%d: %s", (*error)->code, (*error)->message);
    g_clear_error(error);
}

static char *
status(const World *world)
{
    GError *error = NULL;
    g_auto(CinderVolume) volume = {0};
    good(cinder_volume_get(&world->call, &volume, &error), error);
    return g_strdup(volume.status);
}

static void
assert_status(const World *world, const char *wanted)
{
    g_autofree char *now = status(world);
    assert_string_equal(now, wanted);
}

static void
a_volume_is_attached_and_detached(void **state)
{
    const World *world = *state;
    const CinderCall *call = &world->call;
    GError *error = NULL;
    json_auto_t *connector = json_pack("{s:s,s:s}", "initiator", IQN, "host", SERVER);
    good(cinder_reserve(call, &error), error);
    assert_status(world, "attaching");
    good(cinder_unreserve(call, &error), error);
    assert_status(world, "available");
    good(cinder_reserve(call, &error), error);
    json_auto_t *data = cinder_initialize_connection(call, connector, &error);
    good(data != NULL, error);
    assert_string_equal(json_string_member(data, "target_portal"), "192.0.2.5:3260");
    good(cinder_attach(call, SERVER, &error), error);
    g_auto(CinderVolume) volume = {0};
    good(cinder_volume_get(call, &volume, &error), error);
    assert_string_equal(volume.status, "in-use");
    assert_int_equal(volume.attachments->len, 1);
    const CinderAttachment *attachment = volume.attachments->pdata[0];
    assert_string_equal(attachment->server, SERVER);
    good(cinder_set_metadata(call, "a", "b", &error), error);
    good(cinder_set_metadata(call, "c", "d", &error), error);
    good(cinder_begin_detaching(call, &error), error);
    good(cinder_roll_detaching(call, &error), error);
    assert_status(world, "in-use");
    good(cinder_begin_detaching(call, &error), error);
    good(cinder_terminate_connection(call, connector, &error), error);
    good(cinder_detach(call, attachment->id, &error), error);
    json_auto_t *all = cloud_look();
    const json_t *after = json_object_get(json_object_get(all, "volumes"), VOLUME);
    assert_string_equal(json_string_member(after, "status"), "available");
    assert_int_equal(json_array_size(json_object_get(after, "connectors")), 0);
    assert_int_equal(json_object_size(json_object_get(after, "metadata")), 2);
}

static void
a_refusal_has_cinders_words(void **state)
{
    const World *world = *state;
    GError *error = NULL;
    good(cinder_reserve(&world->call, &error), error);
    assert_false(cinder_reserve(&world->call, &error));
    failed(&error, STEEL_ERROR_INVALID,
           "Cinder answered 400 to the reservation of volume " VOLUME
           ": Invalid volume: Volume status must be available or in-use to reserve, but the status "
           "is attaching.");
    const CinderCall absent = {.session = world->call.session, .volume_id = "no & such/volume"};
    g_auto(CinderVolume) volume = {0};
    assert_false(cinder_volume_get(&absent, &volume, &error));
    failed(&error, STEEL_ERROR_NOT_FOUND, "Volume no & such/volume could not be found.");
}

static void
an_id_never_leaves_the_folder_of_volumes(void **state)
{
    const World *world = *state;
    static const char *const ids[] = {"", ".", ".."};
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        GError *error = NULL;
        const CinderCall call = {.session = world->call.session, .volume_id = ids[i]};
        assert_false(cinder_reserve(&call, &error));
        failed(&error, STEEL_ERROR_INVALID, "is no ID of a volume in Cinder");
    }
}

static void
a_token_that_has_ended_is_replaced_on_the_way(void **state)
{
    const World *world = *state;
    GError *error = NULL;
    good(cinder_reserve(&world->call, &error), error);
    cloud_control("{\"revoke\": true}");
    good(cinder_attach(&world->call, SERVER, &error), error);
    assert_status(world, "in-use");
}

static void
faults_are_told_with_service_and_call(void **state)
{
    const World *world = *state;
    static const struct {
        const char *kind, *part;
        SteelErrorCode code;
    } rows[] = {
        {"500",  "Cinder answered 500 to the attachment of volume " VOLUME, STEEL_ERROR_HTTP},
        {"403",  "Cinder answered 403 to the attachment of volume " VOLUME, STEEL_ERROR_FORBIDDEN},
        {"409",  "Cinder answered 409 to the attachment of volume " VOLUME, STEEL_ERROR_CONFLICT},
        {"html", "The proxy is tired",                                      STEEL_ERROR_HTTP},
        {"half", "Cinder, the attachment of volume " VOLUME,                STEEL_ERROR_HTTP},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        cloud_fault("POST /v3/service/volumes/" VOLUME "/action os-attach", 1, rows[i].kind);
        assert_false(cinder_attach(&world->call, SERVER, &error));
        failed(&error, rows[i].code, rows[i].part);
    }
    GError *error = NULL;
    g_auto(CinderVolume) volume = {0};
    cloud_fault("GET /v3/service/volumes/", 1, "nonsense");
    assert_false(cinder_volume_get(&world->call, &volume, &error));
    failed(&error, STEEL_ERROR_HTTP,
           "Cinder, a look at the state of volume " VOLUME ": the answer is no JSON");
}

static void
a_refusal_to_detach_says_what_to_set(void **state)
{
    const World *world = *state;
    GError *error = NULL;
    cloud_fault("POST /v3/service/volumes/" VOLUME "/action os-detach", 1, "409");
    assert_false(cinder_detach(&world->call, "an-attachment", &error));
    failed(&error, STEEL_ERROR_CONFLICT, "set [service_user]send_service_user_token");
}

static void
a_slow_cinder_costs_no_more_than_the_deadline(void **state)
{
    const World *world = *state;
    GError *error = NULL;
    CinderCall call = world->call;
    good(cinder_reserve(&call, &error), error); /* logs in */
    call.deadline_ms = time_monotonic_ms() + 3000;
    cloud_fault("POST /v3/service/volumes/" VOLUME "/action os-reserve", 1, "slow");
    assert_false(cinder_reserve(&call, &error));
    failed(&error, STEEL_ERROR_TIMEOUT, "Cinder, the reservation of volume " VOLUME);
}

static void
a_catalog_without_cinder_is_named(void **state)
{
    const World *world = *state;
    GError *error = NULL;
    cloud_control("{\"no_cinder\": true, \"revoke\": true}");
    assert_false(cinder_reserve(&world->call, &error));
    failed(&error, STEEL_ERROR_CONFIG, "volumev3");
}

/* ---- answers ---- */

static void
answers_without_sense_are_refused(void **state)
{
    (void)state;
    static const char *const volumes[] = {
        "",
        "[]",
        "{\"volume\": []}",
        "{\"volume\": {\"status\": 1}}",
        "{\"volume\": {\"status\": \"a b\"}}",
        "{\"volume\": {\"status\": \"in-use\", \"attachments\": {}}}",
        "{\"volume\": {\"status\": \"in-use\", \"attachments\": [1]}}",
        "{\"volume\": {\"status\": \"in-use\", \"attachments\": [{\"server_id\": \"s\"}]}}",
        "{\"volume\": {\"status\": \"in-use\", \"attachments\": [{\"attachment_id\": \"a\\nb\"}]}}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(volumes); i++) {
        GError *error = NULL;
        g_auto(CinderVolume) volume = {0};
        assert_false(cinder_volume_read(volumes[i], strlen(volumes[i]), &volume, &error));
        assert_null(volume.status);
        assert_true(steel_error_is(error, STEEL_ERROR_HTTP));
        g_error_free(error);
    }
    static const char *const connections[] = {"{}", "{\"connection_info\": []}",
                                              "{\"connection_info\": {\"data\": {}}}",
                                              "{\"connection_info\": {\"data\": \"x\"}}"};
    for (size_t i = 0; i < G_N_ELEMENTS(connections); i++) {
        GError *error = NULL;
        assert_null(cinder_connection_read(connections[i], strlen(connections[i]), &error));
        failed(&error, STEEL_ERROR_HTTP, "no connection_info with data");
    }
}

static void
a_connection_has_bounds(void **state)
{
    (void)state;
    GError *error = NULL;
    g_autofree char *word = g_strnfill(70 * 1000, 'x'),
                    *text =
                        g_strdup_printf("{\"connection_info\": {\"data\": {\"a\": \"%s\"}}}", word);
    assert_null(cinder_connection_read(text, strlen(text), &error));
    failed(&error, STEEL_ERROR_HTTP, "more than 64 keys or 65536 bytes");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_volume_is_attached_and_detached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_has_cinders_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_id_never_leaves_the_folder_of_volumes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_token_that_has_ended_is_replaced_on_the_way, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(faults_are_told_with_service_and_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_to_detach_says_what_to_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_cinder_costs_no_more_than_the_deadline, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_catalog_without_cinder_is_named, set_up, tear_down),
        cmocka_unit_test(answers_without_sense_are_refused),
        cmocka_unit_test(a_connection_has_bounds),
    };
    return cmocka_run_group_tests_name("openstack_cinder", tests, NULL, NULL);
}
