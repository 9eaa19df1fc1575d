/* Tokens, checked with a small Keystone on the loopback: which requests it gets, and how its
 * answers count.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/keystone.h"
#include "common/log.h"
#include "common/time_text.h"

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A Keystone that knows one user's password and some tokens. */
typedef struct FakeKeystone {
    struct MHD_Daemon *daemon;
    pthread_mutex_t mutex; /* guards everything below */
    int logins, questions;
    int turned_away; /* answered with `status` */
    unsigned own;    /* the number in the last service token, "own-<n>" */
    bool refuse_own; /* the next question is answered 401 */
    unsigned status; /* of every answer, if not 0 */
    int64_t life_s;  /* of all tokens */
    char *login_body;
    char *last_url;
} FakeKeystone;

static FakeKeystone fake;
static Config *config;

/* ---- the fake ---- */

static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned status, const char *body, const char *token)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (token != NULL)
        MHD_add_response_header(response, "X-Subject-Token", token);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static char *
token_document(const char *token)
{
    char expires[TIME_TEXT_SIZE];
    int64_t end = time_now_ms() + (strcmp(token, "expired") == 0 ? -60 : fake.life_s) * 1000;
    time_text_ms(end, expires);
    const char *role = strcmp(token, "service") == 0 ? "service" : "reader";
    return g_strdup_printf(
        "{\"token\":{\"methods\":[\"password\"],\"user\":{\"id\":\"u-%s\",\"name\":\"n\","
        "\"domain\":"
        "{\"id\":\"default\",\"name\":\"Default\"}},\"roles\":[{\"id\":\"1\",\"name\":\"%s\"}],"
        "\"expires_at\":\"%s\",\"project\":{\"id\":\"p1\",\"name\":\"blue\",\"domain\":{\"id\":"
        "\"default\"}}}}",
        token, role, expires);
}

static enum MHD_Result
log_in(struct MHD_Connection *connection, const char *body)
{
    fake.logins++;
    g_free(fake.login_body);
    fake.login_body = g_strdup(body);
    if (strstr(body, "\"sesame\"") == NULL)
        return answer(connection, 401, "{}", NULL);
    g_autofree char *token = g_strdup_printf("own-%u", ++fake.own);
    g_autofree char *document = token_document("own");
    return answer(connection, 201, document, token);
}

static enum MHD_Result
validate(struct MHD_Connection *connection)
{
    const char *own = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Auth-Token");
    const char *token = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Subject-Token");
    bool late =
        MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "allow_expired") != NULL;
    g_autofree char *expected = g_strdup_printf("own-%u", fake.own);
    fake.questions++;
    if (g_strcmp0(own, expected) != 0 || fake.refuse_own) {
        fake.refuse_own = false;
        return answer(connection, 401, "{}", NULL);
    }
    if (token != NULL && g_str_has_prefix(token, "status-"))
        return answer(connection, (unsigned)g_ascii_strtoull(token + 7, NULL, 10), "{}", NULL);
    if (token == NULL || strcmp(token, "unknown") == 0 || (strcmp(token, "expired") == 0 && !late))
        return answer(connection, 404, "{}", NULL);
    g_autofree char *document = token_document(token);
    return answer(connection, 200, strcmp(token, "garbage") == 0 ? "<html>" : document, NULL);
}

static enum MHD_Result
on_request(void *data, struct MHD_Connection *connection, const char *url, const char *method,
           const char *version, const char *upload, size_t *upload_size, void **slot)
{
    (void)data;
    (void)version;
    if (*slot == NULL) {
        *slot = g_string_new(NULL);
        return MHD_YES;
    }
    GString *body = *slot;
    if (*upload_size > 0) {
        g_string_append_len(body, upload, (gssize)*upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    pthread_mutex_lock(&fake.mutex);
    g_free(fake.last_url);
    fake.last_url = g_strdup(url);
    fake.turned_away += fake.status != 0;
    enum MHD_Result result = fake.status != 0 ? answer(connection, fake.status, "{}", NULL)
                             : strcmp(method, "POST") == 0 ? log_in(connection, body->str)
                                                           : validate(connection);
    pthread_mutex_unlock(&fake.mutex);
    return result;
}

static void
on_completed(void *data, struct MHD_Connection *connection, void **slot,
             enum MHD_RequestTerminationCode code)
{
    (void)data;
    (void)connection;
    (void)code;
    if (*slot != NULL)
        g_string_free(*slot, TRUE);
    *slot = NULL;
}

static unsigned
fake_start(void)
{
    fake = (FakeKeystone){.life_s = 3600};
    pthread_mutex_init(&fake.mutex, NULL);
    fake.daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, NULL,
                                   MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    assert_non_null(fake.daemon);
    return MHD_get_daemon_info(fake.daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static void
fake_stop(void)
{
    if (fake.daemon != NULL)
        MHD_stop_daemon(fake.daemon);
    fake.daemon = NULL;
    g_clear_pointer(&fake.login_body, g_free);
    g_clear_pointer(&fake.last_url, g_free);
}

static int
set_up(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    fake_start();
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    fake_stop();
    return 0;
}

/* A checker of tokens with further settings, "name=value" each, ended by NULL. */
static Keystone *
keystone_with(const char *path, ...)
{
    unsigned port = MHD_get_daemon_info(fake.daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    g_autofree char *url =
        g_strdup_printf("keystone_authtoken.auth_url=http://127.0.0.1:%u%s", port, path);
    g_autoptr(GError) error = NULL;
    config = config_new();
    bool good = config_set(config, url, &error) &&
                config_set(config, "keystone_authtoken.username=steel", &error) &&
                config_set(config, "keystone_authtoken.password=sesame", &error) &&
                config_set(config, "keystone_authtoken.project_name=service", &error) &&
                config_set(config, "keystone_authtoken.http_request_max_retries=0", &error);
    va_list settings;
    va_start(settings, path);
    for (const char *setting; good && (setting = va_arg(settings, const char *)) != NULL;) {
        g_autofree char *full = g_strconcat("keystone_authtoken.", setting, NULL);
        good = config_set(config, full, &error);
    }
    va_end(settings);
    Keystone *keystone =
        good && config_finish(config, &error) ? keystone_new(config, &error) : NULL;
    if (keystone == NULL)
        fail_msg("%s", error->message);
    config_free(config);
    return keystone;
}

static IdentityOutcome
check(Keystone *keystone, const char *token, bool may_block)
{
    g_auto(Credentials) who = {0};
    g_autoptr(GError) error = NULL;
    IdentityOutcome outcome = keystone_check(keystone, token, NULL, may_block, &who, &error);
    assert_true((outcome == IDENTITY_FAILED) == (error != NULL));
    if (outcome == IDENTITY_KNOWN) {
        g_autofree char *expected = g_strconcat("u-", token, NULL);
        assert_string_equal(who.user_id, expected);
        assert_string_equal(who.project_name, "blue");
    }
    return outcome;
}

/* ---- the tests ---- */

static void
a_token_is_checked_once_and_then_remembered(void **state)
{
    (void)state;
    g_autoptr(Keystone) keystone = keystone_with("/v3", NULL);
    assert_int_equal(check(keystone, "t1", false), IDENTITY_ASK);
    assert_int_equal(check(keystone, "t1", true), IDENTITY_KNOWN);
    assert_int_equal(check(keystone, "t1", false), IDENTITY_KNOWN);
    assert_int_equal(check(keystone, "t1", true), IDENTITY_KNOWN);
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.questions, 1);
    assert_int_equal(check(keystone, "t2", true), IDENTITY_KNOWN);
    assert_int_equal(fake.logins, 1);
    assert_string_equal(fake.last_url, "/v3/auth/tokens");
}

static void
refused_tokens_are_remembered_too(void **state)
{
    (void)state;
    g_autoptr(Keystone) keystone = keystone_with("/", NULL);
    g_autofree char *endless = g_strnfill(5000, 'x');
    assert_int_equal(check(keystone, "unknown", true), IDENTITY_REFUSED);
    assert_int_equal(check(keystone, "unknown", false), IDENTITY_REFUSED);
    assert_int_equal(check(keystone, "expired", true), IDENTITY_REFUSED);
    assert_int_equal(fake.questions, 2);
    assert_int_equal(check(keystone, NULL, true), IDENTITY_REFUSED);
    assert_int_equal(check(keystone, "", true), IDENTITY_REFUSED);
    assert_int_equal(check(keystone, "with space", true), IDENTITY_REFUSED);
    assert_int_equal(check(keystone, endless, true), IDENTITY_REFUSED);
    assert_int_equal(fake.questions, 2);
}

static void
without_a_cache_every_check_asks_keystone(void **state)
{
    (void)state;
    g_autoptr(Keystone) keystone = keystone_with("/v3/", "token_cache_time=-1", NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(check(keystone, "t1", false), IDENTITY_ASK);
        assert_int_equal(check(keystone, "t1", true), IDENTITY_KNOWN);
    }
    assert_int_equal(fake.questions, 3);
}

static void
steel_logs_in_again_when_its_own_token_is_refused_or_old(void **state)
{
    (void)state;
    g_autoptr(Keystone) keystone = keystone_with("/v3", NULL);
    assert_int_equal(check(keystone, "t1", true), IDENTITY_KNOWN);
    pthread_mutex_lock(&fake.mutex);
    fake.refuse_own = true;
    fake.life_s = 0; /* the next token is old at once */
    pthread_mutex_unlock(&fake.mutex);
    assert_int_equal(check(keystone, "expired", true), IDENTITY_REFUSED);
    assert_int_equal(fake.logins, 2);
    pthread_mutex_lock(&fake.mutex);
    fake.life_s = 3600;
    pthread_mutex_unlock(&fake.mutex);
    assert_int_equal(check(keystone, "t3", true), IDENTITY_KNOWN);
    assert_int_equal(fake.logins, 3);
}

static void
a_keystone_that_does_not_answer_is_named_and_left_alone(void **state)
{
    (void)state;
    g_autoptr(Keystone) keystone = keystone_with("/v3", NULL);
    fake.status = 500;
    g_auto(Credentials) who = {0};
    g_autoptr(GError) error = NULL;
    assert_int_equal(keystone_check(keystone, "t1", NULL, true, &who, &error), IDENTITY_FAILED);
    assert_true(steel_error_is(error, STEEL_ERROR_IDENTITY_UNAVAILABLE));
    assert_int_equal(steel_error_info(error)->http_status, 503);
    g_clear_error(&error);
    /* For a second the failure is remembered. On a busy machine that second may have passed, so the
     * test tries again. */
    bool unasked = false;
    for (int i = 0; i < 50 && !unasked; i++) {
        assert_int_equal(check(keystone, "t2", true), IDENTITY_FAILED);
        int before = fake.turned_away;
        assert_int_equal(keystone_check(keystone, "t3", NULL, true, &who, &error), IDENTITY_FAILED);
        assert_non_null(strstr(error->message, "500"));
        g_clear_error(&error);
        unasked = fake.turned_away == before;
    }
    assert_true(unasked);
}

static void
a_wrong_password_of_steel_itself_is_said_without_the_password(void **state)
{
    (void)state;
    g_autoptr(Keystone) keystone = keystone_with("/v3", "password=abracadabra", NULL);
    g_auto(Credentials) who = {0};
    g_autoptr(GError) error = NULL;
    assert_int_equal(keystone_check(keystone, "t1", NULL, true, &who, &error), IDENTITY_FAILED);
    assert_non_null(strstr(error->message, "user steel"));
    assert_null(strstr(error->message, "abracadabra"));
    assert_int_equal(check(keystone, "t2", true), IDENTITY_FAILED);
    assert_int_equal(fake.logins, 1); /* more tries would lock the user out */
}

static void
answers_that_are_no_tokens_are_failures(void **state)
{
    (void)state;
    g_autoptr(Keystone) keystone = keystone_with("/v3", NULL);
    assert_int_equal(check(keystone, "garbage", true), IDENTITY_FAILED);
    assert_int_equal(check(keystone, "t1", true), IDENTITY_KNOWN);
}

static void
a_service_token_is_checked_and_lets_an_expired_one_pass(void **state)
{
    (void)state;
    g_autoptr(Keystone) keystone = keystone_with("/v3", NULL);
    g_autoptr(GError) error = NULL;
    g_auto(Credentials) who = {0};
    assert_int_equal(keystone_check(keystone, "expired", "service", true, &who, &error),
                     IDENTITY_KNOWN);
    assert_string_equal(who.user_id, "u-expired");
    assert_string_equal(who.service_user_id, "u-service");
    assert_true(credentials_list_has(who.service_roles, "service"));
    credentials_clear(&who);
    assert_int_equal(keystone_check(keystone, "t1", "unknown", true, &who, &error),
                     IDENTITY_REFUSED);
    assert_int_equal(keystone_check(keystone, "expired", "t1", true, &who, &error),
                     IDENTITY_REFUSED); /* t1 is a token, but not a service's */
    assert_int_equal(keystone_check(keystone, "t2", "t1", true, &who, &error), IDENTITY_KNOWN);
    credentials_clear(&who);
    g_autoptr(Keystone) strict = keystone_with("/v3", "service_token_roles_required=true", NULL);
    assert_int_equal(keystone_check(strict, "t2", "t1", true, &who, &error), IDENTITY_REFUSED);
}

static void
logins_follow_the_configuration(void **state)
{
    (void)state;
    static const struct {
        const char *settings[5];
        const char *body;
    } rows[] = {
        {{NULL},
         "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":"
         "\"steel\","
         "\"password\":\"sesame\",\"domain\":{\"id\":\"default\"}}}},\"scope\":{\"project\":{"
         "\"name\":"
         "\"service\",\"domain\":{\"id\":\"default\"}}}}}"},
        {{"user_domain_name=Users", "project_domain_id=abc", "auth_type=v3password", NULL},
         "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":"
         "\"steel\","
         "\"password\":\"sesame\",\"domain\":{\"name\":\"Users\"}}}},\"scope\":{\"project\":{"
         "\"name\":"
         "\"service\",\"domain\":{\"id\":\"abc\"}}}}}"},
        {{"system_scope=all", NULL},
         "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":"
         "\"steel\","
         "\"password\":\"sesame\",\"domain\":{\"id\":\"default\"}}}},\"scope\":{\"system\":{"
         "\"all\":true}}}}"},
        {{"auth_type=v3applicationcredential", "application_credential_id=i",
          "application_credential_secret=sesame", NULL},
         "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"],\"application_"
         "credential\":"
         "{\"id\":\"i\",\"secret\":\"sesame\"}}}}"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *const *s = rows[i].settings;
        g_autoptr(Keystone) keystone = keystone_with("/v3", s[0], s[1], s[2], NULL);
        assert_int_equal(check(keystone, "t1", true), IDENTITY_KNOWN);
        json_auto_t *sent = json_loads(fake.login_body, 0, NULL);
        json_auto_t *expected = json_loads(rows[i].body, 0, NULL);
        assert_non_null(expected);
        if (!json_equal(sent, expected))
            fail_msg("row %zu: %s", i, fake.login_body);
    }
}

static void
missing_options_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *setting, *lacks;
    } rows[] = {
        {"debug=false",                                          "auth_url"},
        {"keystone_authtoken.auth_url=http://k:5000",            "username"},
        {"keystone_authtoken.username=steel",                    "password"},
        {"keystone_authtoken.auth_type=v3applicationcredential", "application_credential_id"},
        {"keystone_authtoken.auth_type=v3kerberos",              "v3kerberos"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Config) some = config_new();
        for (size_t k = 0; k <= i; k++)
            assert_true(config_set(some, rows[k].setting, &error));
        assert_true(config_finish(some, &error));
        assert_null(keystone_new(some, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
        assert_non_null(strstr(error->message, rows[i].lacks));
    }
}

static void
the_challenge_names_the_public_url_of_keystone(void **state)
{
    (void)state;
    g_autoptr(Keystone) keystone =
        keystone_with("/v3", "www_authenticate_uri=https://keystone.example:5000", NULL);
    assert_string_equal(keystone_challenge(keystone),
                        "Keystone uri=\"https://keystone.example:5000\"");
}

static void *
ask_for_many(void *data)
{
    for (int i = 0; i < 40; i++) {
        g_autofree char *token = g_strdup_printf("t%d", i % 10);
        assert_int_equal(check(data, token, true), IDENTITY_KNOWN);
    }
    return NULL;
}

static void
threads_share_one_login_and_one_question_per_token(void **state)
{
    (void)state;
    g_autoptr(Keystone) keystone = keystone_with("/v3", NULL);
    pthread_t threads[6];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_for_many, keystone), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.questions, 10);
}

static void
token_documents_are_read_and_incomplete_ones_refused(void **state)
{
    (void)state;
    static const char system_token[] = "{\"token\":{\"user\":{\"id\":\"u\",\"name\":\"n\","
                                       "\"domain\":{\"id\":\"d\"}},\"system\":{\"all\":true},"
                                       "\"roles\":[{\"name\":\"admin\"},{\"name\":\"reader\"},{"
                                       "\"id\":\"x\"},7],\"is_admin_project\":false,"
                                       "\"expires_at\":\"2026-11-20T12:24:15.000000Z\"}}";
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"token\":[]}",
        "{\"token\":{\"user\":{\"id\":7},\"expires_at\":\"2026-11-20T12:24:15.000000Z\"}}",
        "{\"token\":{\"user\":{\"id\":\"u\"}}}",
        "{\"token\":{\"user\":{\"id\":\"u\"},\"expires_at\":\"tomorrow\"}}",
        "{\"token\":{\"user\":{\"id\":\"\"},\"expires_at\":\"2026-11-20T12:24:15.000000Z\"}}",
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(Bearer) bearer = keystone_parse_token(system_token, strlen(system_token), &error);
    assert_non_null(bearer);
    assert_string_equal(bearer->credentials.system_scope, "all");
    assert_null(bearer->credentials.project_id);
    assert_false(bearer->credentials.is_admin_project);
    assert_int_equal(g_strv_length(bearer->credentials.roles), 2);
    assert_int_equal(bearer->expires_ms, INT64_C(1795177455000));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        if (keystone_parse_token(bad[i], strlen(bad[i]), &error) != NULL)
            fail_msg("%s was taken", bad[i]);
        assert_non_null(error);
        g_clear_error(&error);
    }
}

static void
the_failure_of_one_token_affects_no_other(void **state)
{
    static const struct {
        const char *token;
        IdentityOutcome outcome;
    } rows[] = {
        {"status-400", IDENTITY_REFUSED},
        {"status-404", IDENTITY_REFUSED},
        {"status-413", IDENTITY_REFUSED},
        {"status-414", IDENTITY_REFUSED},
        {"status-431", IDENTITY_REFUSED},
        {"status-403", IDENTITY_FAILED},
        {"status-418", IDENTITY_FAILED},
    };
    (void)state;
    g_autoptr(Keystone) keystone = keystone_with("/v3", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *fresh = g_strdup_printf("fresh-%zu", i);
        assert_int_equal(check(keystone, rows[i].token, true), rows[i].outcome);
        assert_int_equal(check(keystone, fresh, true), IDENTITY_KNOWN);
        assert_int_equal(fake.questions, 2 * (int)i + 2);
    }
    assert_int_equal(check(keystone, "status-400", false),
                     IDENTITY_REFUSED); /* a 400 is about the token itself */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_documents_are_read_and_incomplete_ones_refused),
        cmocka_unit_test(missing_options_are_named),
        cmocka_unit_test_setup_teardown(a_token_is_checked_once_and_then_remembered, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refused_tokens_are_remembered_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_cache_every_check_asks_keystone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(steel_logs_in_again_when_its_own_token_is_refused_or_old,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_keystone_that_does_not_answer_is_named_and_left_alone,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_wrong_password_of_steel_itself_is_said_without_the_password, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_failure_of_one_token_affects_no_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(answers_that_are_no_tokens_are_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_service_token_is_checked_and_lets_an_expired_one_pass,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(logins_follow_the_configuration, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_challenge_names_the_public_url_of_keystone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(threads_share_one_login_and_one_question_per_token, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
