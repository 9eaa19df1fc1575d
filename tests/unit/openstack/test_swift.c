/* Sessions and objects, with what STEEL_CLOUD_AUTH_URL names: a stand-in (tests/openstack), which
 * makes faults as well, or a real Keystone and Swift.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/swift.h"

#include "cloud.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include "common/uuid.h"
#include "images/publisher.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXT "what is in the object\n"

/* One cloud as one configuration reaches it. */
typedef struct World {
    Config *config;
    Openstack *openstack;
    OpenstackSession *swift;
    char *container, *path;
} World;

/* ---- the world ---- */

static void
open_world(World *world, const char *const *lines)
{
    GError *error = NULL;
    world->config = config_new();
    cloud_login(world->config);
    for (; lines != NULL && *lines != NULL; lines++)
        assert_true(config_set(world->config, *lines, NULL));
    assert_true(config_finish(world->config, NULL));
    world->openstack = openstack_new(world->config);
    world->swift = openstack_service(world->openstack, OPENSTACK_SWIFT, &error);
    if (error != NULL)
        fail_msg("%s", error->message);
}

static void
close_world(World *world)
{
    openstack_free(world->openstack);
    config_free(world->config);
}

static int
set_up(void **state)
{
    char uuid[UUID_TEXT_SIZE];
    World *world = g_new0(World, 1);
    world->container = g_strdup_printf("steel-test-%s", uuid_generate(uuid));
    world->path = g_strdup("/tmp/steel-swift-XXXXXX");
    int fd = mkstemp(world->path);
    assert_true(fd >= 0 && write(fd, TEXT, strlen(TEXT)) == (ssize_t)strlen(TEXT));
    close(fd);
    if (!cloud_is_real())
        cloud_control(
            "{\"faults\": [], \"life_s\": 3600, \"key\": \"account-key\", \"forget\": true}");
    open_world(world, NULL);
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    World *world = *state;
    close_world(world);
    unlink(world->path);
    g_free(world->path);
    g_free(world->container);
    g_free(world);
    return 0;
}

static void
put(const World *world, const char *name, int64_t life_s)
{
    GError *error = NULL;
    const SwiftObject object = {world->container, name};
    if (!swift_put(world->swift, &object, world->path, life_s, &error))
        fail_msg("%s", error->message);
}

static void
take_away(const World *world, const char *name)
{
    GError *error = NULL;
    const SwiftObject object = {world->container, name};
    if (!swift_remove(world->swift, &object, &error))
        fail_msg("%s", error->message);
}

/* What the URL gives to those who have it. */
static int
fetch(const char *url, char **body)
{
    const HttpRequest request = {.url = url};
    g_auto(HttpResponse) response = {0};
    assert_true(http_request(&request, &response, NULL));
    *body = g_strdup(response.body);
    return response.status;
}

/* ---- objects ---- */

static void
an_object_is_put_lent_and_removed(void **state)
{
    const World *world = *state;
    GError *error = NULL;
    const SwiftObject object = {world->container, "a folder/boot & more.iso"};
    put(world, object.name, 3600);
    g_autofree char *url = swift_lend(world->swift, &object, 600, "boot.iso", &error);
    if (error != NULL)
        fail_msg("%s", error->message);
    g_autofree char *body = NULL, *gone = NULL, *forged = NULL;
    assert_true(g_str_has_suffix(url, "filename=boot.iso"));
    assert_int_equal(fetch(url, &body), 200);
    assert_string_equal(body, TEXT);
    char *digit = strstr(url, "temp_url_sig=") + strlen("temp_url_sig=");
    char good = *digit;
    *digit = good == '0' ? '1' : '0';
    assert_int_equal(fetch(url, &forged), 401);
    *digit = good;
    take_away(world, object.name);
    take_away(world, object.name); /* again */
    assert_int_equal(fetch(url, &gone), 404);
}

static void
an_object_with_an_end_is_gone_then(void **state)
{
    const World *world = *state;
    GError *error = NULL;
    const SwiftObject object = {world->container, "short"};
    put(world, object.name, 1);
    g_autofree char *url = swift_lend(world->swift, &object, 600, NULL, &error);
    int64_t limit_ms = time_monotonic_ms() + 60 * 1000;
    int status = 200;
    while (status == 200 && time_monotonic_ms() < limit_ms) {
        g_autofree char *body = NULL;
        status = fetch(url, &body);
    }
    assert_int_equal(status, 404);
}

static void
a_word_is_kept_with_an_object(void **state)
{
    const World *world = *state;
    GError *error = NULL;
    const SwiftObject object = {world->container, "counted"}, absent = {world->container, "no"};
    put(world, object.name, 0);
    assert_null(swift_word(world->swift, &object, "Usage-Count", &error));
    assert_null(error);
    for (int i = 1; i <= 3; i++) {
        g_autofree char *text = g_strdup_printf("%d", i);
        assert_true(swift_set_word(world->swift, &object, "Usage-Count", text, &error));
        g_autofree char *read = swift_word(world->swift, &object, "Usage-Count", &error);
        assert_string_equal(read, text);
    }
    take_away(world, object.name);
    assert_null(swift_word(world->swift, &absent, "Usage-Count", &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NOT_FOUND));
    g_error_free(error);
}

static void
the_publisher_puts_images_for_bmcs_there(void **state)
{
    const World *world = *state;
    GError *error = NULL;
    char id[PUBLISHER_ID_SIZE];
    const PublisherPlace place = {
        .swift = world->swift, .container = world->container, .url_life_s = 600};
    publisher_id(0, id);
    assert_true(publisher_swift.check(&place, &error));
    if (!publisher_swift.put(&place, id, "boot.iso", world->path, &error))
        fail_msg("%s", error->message);
    g_autofree char *url = publisher_swift.url(&place, id, "boot.iso", &error), *body = NULL;
    assert_int_equal(fetch(url, &body), 200);
    assert_true(publisher_swift.note_users(&place, id, "boot.iso", 7, &error));
    int64_t count = 0;
    assert_true(publisher_swift.read_users(&place, id, "boot.iso", &count, &error));
    assert_int_equal(count, 7);
    assert_true(publisher_swift.remove(&place, id, "boot.iso", &error));
    g_autofree char *gone = NULL;
    assert_int_equal(fetch(url, &gone), 404);
}

static void
the_publisher_says_why_it_cannot(void **state)
{
    (void)state;
    GError *error = NULL;
    const PublisherPlace place = {.swift_problem = "Swift is not configured: [x]y must be set"};
    assert_false(publisher_swift.check(&place, &error));
    assert_non_null(strstr(error->message, "[x]y must be set"));
    assert_non_null(strstr(error->message, "use_web_server_for_images"));
    g_error_free(error);
}

/* ---- logins ---- */

static void
a_wrong_password_is_not_tried_again_at_once(void **state)
{
    const World *world = *state;
    const char *const lines[] = {"keystone_authtoken.password=wrong", NULL};
    World other = {0};
    open_world(&other, lines);
    const SwiftObject object = {world->container, "o"};
    for (int i = 0; i < 3; i++) {
        g_autoptr(GError) error = NULL;
        assert_false(swift_remove(other.swift, &object, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_UNAUTHORIZED));
        assert_non_null(strstr(error->message, "Swift, the removal of"));
        assert_non_null(strstr(error->message, "[keystone_authtoken] (user "));
        assert_null(strstr(error->message, "wrong"));
    }
    close_world(&other);
    if (cloud_is_real())
        return;
    json_auto_t *seen = cloud_look();
    assert_int_equal(json_array_size(json_object_get(seen, "requests")), 1);
}

static void
an_endpoint_of_another_region_is_not_taken(void **state)
{
    const World *world = *state;
    const char *const lines[] = {"swift.region_name=Nowhere", NULL};
    World other = {0};
    open_world(&other, lines);
    g_autoptr(GError) error = NULL;
    const SwiftObject object = {world->container, "o"};
    assert_false(swift_remove(other.swift, &object, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
    assert_non_null(strstr(error->message, "object-store in region Nowhere"));
    close_world(&other);
}

static void
the_configuration_may_name_the_endpoint(void **state)
{
    const World *world = *state;
    g_autofree char *endpoint = openstack_endpoint(world->swift, NULL);
    const char *account = strstr(endpoint, "AUTH_");
    g_autofree char *line = g_strdup_printf("swift.endpoint_override=%.*sAUTH_%%(project_id)s/",
                                            (int)(account - endpoint), endpoint);
    const char *const lines[] = {line, "swift.region_name=Nowhere", NULL};
    World other = {0};
    open_world(&other, lines);
    g_autofree char *made = openstack_endpoint(other.swift, NULL);
    assert_string_equal(made, endpoint);
    close_world(&other);
}

/* ---- faults ---- */

static void
a_fault_names_service_call_and_words(void **state)
{
    static const struct {
        const char *kind, *words;
        SteelErrorCode code;
    } rows[] = {
        {"400",  "Swift answered 400 to the removal of", STEEL_ERROR_INVALID},
        {"403",  "the order of a test",                  STEEL_ERROR_FORBIDDEN},
        {"409",  "Swift answered 409",                   STEEL_ERROR_CONFLICT},
        {"500",  "(request req-stand-in)",               STEEL_ERROR_HTTP},
        {"503",  "Swift answered 503",                   STEEL_ERROR_HTTP},
        {"html", "The proxy is tired .",                 STEEL_ERROR_HTTP},
        {"half", "Swift, the removal of",                STEEL_ERROR_HTTP},
    };
    const World *world = *state;
    const SwiftObject object = {world->container, "o"};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        cloud_fault("DELETE", 1, rows[i].kind);
        assert_false(swift_remove(world->swift, &object, &error));
        if (!steel_error_is(error, rows[i].code) || strstr(error->message, rows[i].words) == NULL)
            fail_msg("%s: %s", rows[i].kind, error->message);
        assert_non_null(strstr(error->message, object.container));
    }
}

static void
a_slow_answer_ends_in_time(void **state)
{
    const World *world = *state;
    const char *const lines[] = {"swift.timeout=1", NULL};
    const SwiftObject object = {world->container, "o"};
    g_autoptr(GError) error = NULL;
    World other = {0};
    open_world(&other, lines);
    cloud_fault("DELETE", 1, "slow");
    assert_false(swift_remove(other.swift, &object, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_TIMEOUT));
    close_world(&other);
}

static void
retries_are_those_of_the_section(void **state)
{
    const World *world = *state;
    const char *const lines[] = {
        "swift.status_code_retries=2",          "swift.status_code_retry_delay=0",
        "swift.retriable_status_codes=500,503", "swift.connect_retries=1",
        "swift.connect_retry_delay=0",          NULL};
    const SwiftObject object = {world->container, "o"};
    World other = {0};
    open_world(&other, lines);
    cloud_fault("DELETE", 2, "500");
    assert_true(swift_remove(other.swift, &object, NULL));
    cloud_fault("DELETE", 3, "503");
    assert_false(swift_remove(other.swift, &object, NULL));
    cloud_fault("DELETE", 1, "409"); /* not worth another try */
    assert_false(swift_remove(other.swift, &object, NULL));
    cloud_fault("DELETE", 1, "half");
    assert_true(swift_remove(other.swift, &object, NULL));
    cloud_fault("POST /v1", 1, "half"); /* it may have been done */
    assert_false(swift_set_word(other.swift, &object, "A", "b", NULL));
    close_world(&other);
}

static void
a_refused_token_is_replaced_one_time(void **state)
{
    const World *world = *state;
    const SwiftObject object = {world->container, "o"};
    assert_true(swift_remove(world->swift, &object, NULL));
    cloud_control("{\"revoke\": true, \"forget\": true}");
    assert_true(swift_remove(world->swift, &object, NULL));
    json_auto_t *renewed = cloud_look();
    assert_int_equal(json_integer_value(json_object_get(renewed, "logins")), 1);
    cloud_fault("DELETE", 100, "401");
    cloud_control("{\"forget\": true}");
    g_autoptr(GError) error = NULL;
    assert_false(swift_remove(world->swift, &object, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_FORBIDDEN));
    json_auto_t *seen = cloud_look();
    assert_int_equal(json_integer_value(json_object_get(seen, "logins")), 1);
}

static void
a_token_is_renewed_before_it_ends(void **state)
{
    const World *world = *state;
    const SwiftObject object = {world->container, "o"};
    cloud_control("{\"life_s\": 40}");
    assert_true(swift_remove(world->swift, &object, NULL));
    assert_true(swift_remove(world->swift, &object, NULL));
    json_auto_t *one = cloud_look();
    assert_int_equal(json_integer_value(json_object_get(one, "logins")), 1);
    time_test_set_ahead(31 * 1000); /* in its last quarter */
    assert_true(swift_remove(world->swift, &object, NULL));
    time_test_set_ahead(0);
    json_auto_t *two = cloud_look();
    assert_int_equal(json_integer_value(json_object_get(two, "logins")), 2);
}

static void
keystone_that_answers_nonsense_is_told_of(void **state)
{
    static const char *const kinds[] = {"500", "503", "html", "half", "nonsense"};
    const World *world = *state;
    const SwiftObject object = {world->container, "o"};
    const char *const lines[] = {"keystone_authtoken.http_request_max_retries=0", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        World other = {0};
        g_autoptr(GError) error = NULL, again = NULL;
        open_world(&other, lines);
        cloud_fault("POST /v3", 1, kinds[i]);
        assert_false(swift_remove(other.swift, &object, &error));
        if (!steel_error_is(error, STEEL_ERROR_HTTP))
            fail_msg("%s: %s", kinds[i], error->message);
        assert_null(strstr(error->message, "secret"));
        close_world(&other);
    }
}

/* ---- many at once ---- */

typedef struct Caller {
    const World *world;
    int number;
    bool good;
} Caller;

static void *
call_often(void *data)
{
    Caller *caller = data;
    g_autofree char *name = g_strdup_printf("of-%d", caller->number);
    const SwiftObject object = {caller->world->container, name};
    caller->good = true;
    for (int i = 0; i < 5; i++)
        caller->good = caller->good &&
                       swift_put(caller->world->swift, &object, caller->world->path, 60, NULL) &&
                       swift_remove(caller->world->swift, &object, NULL);
    return NULL;
}

static void
many_threads_share_one_login(void **state)
{
    enum { CALLERS = 8 };
    const World *world = *state;
    pthread_t threads[CALLERS];
    Caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (Caller){world, i, false};
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(callers[i].good);
    }
    if (cloud_is_real())
        return;
    json_auto_t *seen = cloud_look();
    assert_int_equal(json_integer_value(json_object_get(seen, "logins")), 1);
}

static void
a_service_users_token_goes_along(void **state)
{
    const World *world = *state;
    const SwiftObject object = {world->container, "o"};
    const char *const lines[] = {"service_user.send_service_user_token=true",
                                 "service_user.auth_section=swift", NULL};
    World other = {0};
    open_world(&other, lines);
    close_world(&other);
    g_autofree char *url =
        g_strconcat("service_user.auth_url=", cloud_environment("AUTH_URL"), NULL);
    const char *const own[] = {"service_user.send_service_user_token=true",
                               "service_user.auth_type=v3applicationcredential",
                               "service_user.application_credential_id=credential",
                               "service_user.application_credential_secret=credential-secret",
                               url,
                               NULL};
    open_world(&other, own);
    cloud_control("{\"forget\": true}");
    assert_true(swift_remove(other.swift, &object, NULL));
    close_world(&other);
    json_auto_t *seen = cloud_look();
    const json_t *requests = json_object_get(seen, "requests");
    const json_t *last = json_array_get(requests, json_array_size(requests) - 1);
    assert_int_equal(json_integer_value(json_object_get(seen, "logins")), 2);
    assert_true(g_str_has_prefix(json_string_member(last, "service_token"), "gAAAA"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_object_is_put_lent_and_removed),
        TEST(an_object_with_an_end_is_gone_then),
        TEST(a_word_is_kept_with_an_object),
        TEST(the_publisher_puts_images_for_bmcs_there),
        TEST(the_publisher_says_why_it_cannot),
        TEST(a_wrong_password_is_not_tried_again_at_once),
        TEST(an_endpoint_of_another_region_is_not_taken),
        TEST(the_configuration_may_name_the_endpoint),
        TEST(many_threads_share_one_login),
    };
    const struct CMUnitTest faults[] = {
        /* which only the stand-in makes */
        TEST(a_fault_names_service_call_and_words), TEST(a_slow_answer_ends_in_time),
        TEST(retries_are_those_of_the_section),     TEST(a_refused_token_is_replaced_one_time),
        TEST(a_token_is_renewed_before_it_ends),    TEST(keystone_that_answers_nonsense_is_told_of),
        TEST(a_service_users_token_goes_along),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return cloud_is_real() ? failed : failed + cmocka_run_group_tests(faults, NULL, NULL);
}
