/* Sessions against a server that answers from a script: version, retries, tokens, errors.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Accepts one connection per answer, in order, and keeps the requests. */
typedef struct Script {
    const char *const *answers; /* NULL-ended */
    int listener;
    int port;
    pthread_t thread;
    GPtrArray *requests; /* read after script_end only */
} Script;

/* Reads a request: its head, and as many bytes of body as it announces. */
static char *
read_request(int fd)
{
    GString *text = g_string_new(NULL);
    char buffer[4096];
    for (;;) {
        const char *end = strstr(text->str, "\r\n\r\n");
        const char *length = strstr(text->str, "Content-Length: ");
        size_t body = length != NULL ? (size_t)g_ascii_strtoull(length + 16, NULL, 10) : 0;
        if (end != NULL && text->len >= (size_t)(end + 4 - text->str) + body)
            break;
        ssize_t size = recv(fd, buffer, sizeof buffer, 0);
        if (size <= 0)
            break;
        g_string_append_len(text, buffer, size);
    }
    return g_string_free(text, false);
}

static void *
play(void *user)
{
    Script *script = user;
    for (const char *const *answer = script->answers; *answer != NULL; answer++) {
        struct pollfd waiting = {.fd = script->listener, .events = POLLIN};
        if (poll(&waiting, 1, 30000) <= 0)
            break;
        int fd = accept(script->listener, NULL, NULL);
        if (fd < 0)
            break;
        g_ptr_array_add(script->requests, read_request(fd));
        (void)!send(fd, *answer, strlen(*answer), MSG_NOSIGNAL);
        close(fd);
    }
    return NULL;
}

static void
script_begin(Script *script, const char *const *answers)
{
    memset(script, 0, sizeof *script);
    script->answers = answers;
    script->requests = g_ptr_array_new_with_free_func(g_free);
    script->listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(script->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(script->listener, 8), 0);
    assert_int_equal(getsockname(script->listener, (struct sockaddr *)&address, &size), 0);
    script->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&script->thread, NULL, play, script), 0);
}

/* Waits until the last answer is sent; every answer of the script must have been requested. */
static void
script_end(Script *script)
{
    size_t count = 0;
    while (script->answers[count] != NULL)
        count++;
    pthread_join(script->thread, NULL);
    close(script->listener);
    assert_int_equal(script->requests->len, count);
}

static void
script_free(Script *script)
{
    g_ptr_array_unref(script->requests);
}

static bool
asked(const Script *script, guint index, const char *part)
{
    return strstr(g_ptr_array_index(script->requests, index), part) != NULL;
}

/* Settings for the script's server without a pause between tries, and further settings in pairs. */
static Settings *
settings_for(const Script *script, SettingId id, const char *text)
{
    Settings *settings = g_new0(Settings, 1);
    settings->texts[SETTING_ENDPOINT] = g_strdup_printf("http://127.0.0.1:%d/", script->port);
    settings->texts[SETTING_RETRY_INTERVAL] = g_strdup("0");
    if (id < SETTING_COUNT)
        settings->texts[id] = g_strdup(text);
    return settings;
}

#define END "Content-Type: application/json\r\nConnection: close\r\n\r\n"
#define OK_ANSWER "HTTP/1.1 200 OK\r\n" END "{\"nodes\": []}"
#define NOT_ACCEPTABLE                                                                             \
    "HTTP/1.1 406 Not Acceptable\r\nX-OpenStack-Ironic-API-Maximum-Version: 1.40\r\n" END          \
    "{\"error_message\": \"too new\"}"
#define LOCKED                                                                                     \
    "HTTP/1.1 409 Conflict\r\n" END                                                                \
    "{\"error_message\": {\"faultstring\": \"Node n is locked by host h\"}}"
#define DUPLICATE                                                                                  \
    "HTTP/1.1 409 Conflict\r\n" END                                                                \
    "{\"error_message\": {\"faultstring\": \"A port with this MAC exists\"}}"

static void
an_older_service_is_asked_again_with_its_own_version(void **state)
{
    (void)state;
    static const char *const answers[] = {NOT_ACCEPTABLE, OK_ANSWER, OK_ANSWER, NULL};
    Script script;
    script_begin(&script, answers);
    g_autoptr(Settings) settings = settings_for(&script, SETTING_COUNT, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Session) session = session_new(settings, &error);
    assert_non_null(session);
    for (int i = 0; i < 2; i++) {
        json_auto_t *answer = session_call(session, "GET", "/v1/nodes", NULL, &error);
        assert_true(json_is_array(json_object_get(answer, "nodes")));
    }
    script_end(&script);
    assert_true(asked(&script, 0, "GET /v1/nodes HTTP/1.1\r\n"));
    assert_true(asked(&script, 0, "X-OpenStack-Ironic-API-Version: 1.115\r\n"));
    assert_true(asked(&script, 1, "X-OpenStack-Ironic-API-Version: 1.40\r\n"));
    assert_true(asked(&script, 2, "X-OpenStack-Ironic-API-Version: 1.40\r\n"));
    script_free(&script);
}

static void
a_chosen_version_is_kept(void **state)
{
    (void)state;
    static const char *const answers[] = {NOT_ACCEPTABLE, NULL};
    Script script;
    script_begin(&script, answers);
    g_autoptr(Settings) settings = settings_for(&script, SETTING_API_VERSION, "1.60");
    g_autoptr(GError) error = NULL;
    g_autoptr(Session) session = session_new(settings, &error);
    assert_null(session_call(session, "GET", "/v1/nodes", NULL, &error));
    assert_string_equal(error->message, "too new (HTTP 406)");
    assert_true(steel_error_is(error, STEEL_ERROR_NOT_ACCEPTABLE));
    script_end(&script);
    assert_true(asked(&script, 0, "X-OpenStack-Ironic-API-Version: 1.60\r\n"));
    script_free(&script);
}

static void
a_request_to_a_locked_node_is_repeated(void **state)
{
    (void)state;
    static const char *const answers[] = {
        LOCKED, LOCKED, "HTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\n", NULL};
    Script script;
    script_begin(&script, answers);
    g_autoptr(Settings) settings = settings_for(&script, SETTING_COUNT, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Session) session = session_new(settings, &error);
    json_auto_t *body = json_pack("{s:s}", "target", "power on");
    json_auto_t *answer = session_call(session, "PUT", "/v1/nodes/n/states/power", body, &error);
    assert_true(json_is_null(answer));
    script_end(&script);
    assert_true(asked(&script, 2, "{\"target\":\"power on\"}"));
    script_free(&script);
}

static void
a_node_that_stays_locked_is_an_error_after_the_last_try(void **state)
{
    (void)state;
    static const char *const answers[] = {LOCKED, LOCKED, NULL};
    Script script;
    script_begin(&script, answers);
    g_autoptr(Settings) settings = settings_for(&script, SETTING_MAX_RETRIES, "1");
    g_autoptr(GError) error = NULL;
    g_autoptr(Session) session = session_new(settings, &error);
    assert_null(session_call(session, "DELETE", "/v1/nodes/n", NULL, &error));
    assert_string_equal(error->message, "Node n is locked by host h (HTTP 409)");
    script_end(&script);
    script_free(&script);
}

static void
other_conflicts_are_errors_at_once(void **state)
{
    (void)state;
    static const char *const answers[] = {DUPLICATE, NULL};
    Script script;
    script_begin(&script, answers);
    g_autoptr(Settings) settings = settings_for(&script, SETTING_COUNT, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Session) session = session_new(settings, &error);
    assert_null(session_call(session, "POST", "/v1/ports", NULL, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_CONFLICT));
    script_end(&script);
    script_free(&script);
}

static void
keystones_token_is_used_and_replaced_when_it_expires(void **state)
{
    (void)state;
    Script script;
    static const char *answers[6] = {NULL};
    answers[0] = "HTTP/1.1 201 Created\r\nX-Subject-Token: first\r\n" END "{\"token\": {}}";
    answers[1] = "HTTP/1.1 401 Unauthorized\r\n" END "{}";
    answers[2] = "HTTP/1.1 201 Created\r\nX-Subject-Token: second\r\n" END "{\"token\": {}}";
    answers[3] = OK_ANSWER;
    script_begin(&script, answers);
    g_autoptr(Settings) settings = settings_for(&script, SETTING_AUTH_TYPE, "password");
    settings->texts[SETTING_AUTH_URL] =
        g_strdup_printf("http://127.0.0.1:%d/identity/", script.port);
    settings->texts[SETTING_ENDPOINT_OVERRIDE] = g_strdup(settings->texts[SETTING_ENDPOINT]);
    settings->texts[SETTING_USERNAME] = g_strdup("u");
    settings->texts[SETTING_PASSWORD] = g_strdup("p");
    g_autoptr(GError) error = NULL;
    g_autoptr(Session) session = session_new(settings, &error);
    json_auto_t *answer = session_call(session, "GET", "/v1/nodes", NULL, &error);
    assert_non_null(answer);
    script_end(&script);
    assert_true(asked(&script, 0, "POST /identity/v3/auth/tokens HTTP/1.1\r\n"));
    assert_true(asked(&script, 1, "X-Auth-Token: first\r\n"));
    assert_true(asked(&script, 3, "X-Auth-Token: second\r\n"));
    script_free(&script);
}

static void
basic_authentication_is_sent(void **state)
{
    (void)state;
    static const char *const answers[] = {OK_ANSWER, NULL};
    Script script;
    script_begin(&script, answers);
    g_autoptr(Settings) settings = settings_for(&script, SETTING_AUTH_TYPE, "http_basic");
    settings->texts[SETTING_USERNAME] = g_strdup("admin");
    settings->texts[SETTING_PASSWORD] = g_strdup("pw");
    g_autoptr(GError) error = NULL;
    g_autoptr(Session) session = session_new(settings, &error);
    json_auto_t *answer = session_call(session, "GET", "/v1/nodes", NULL, &error);
    assert_non_null(answer);
    script_end(&script);
    assert_true(asked(&script, 0, "Authorization: Basic YWRtaW46cHc=\r\n"));
    script_free(&script);
}

static void
settings_that_cannot_work_are_refused(void **state)
{
    (void)state;
    static const struct {
        SettingId id;
        const char *text, *part;
    } rows[] = {
        {SETTING_AUTH_TYPE,   "kerberos",   "there are none, http_basic"},
        {SETTING_AUTH_TYPE,   "http_basic", "OS_USERNAME"},
        {SETTING_API_VERSION, "2.0",        "latest or 1.N"},
        {SETTING_API_VERSION, "1.x",        "latest or 1.N"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Settings) settings = g_new0(Settings, 1);
        settings->texts[rows[i].id] = g_strdup(rows[i].text);
        g_autoptr(GError) error = NULL;
        assert_null(session_new(settings, &error));
        assert_non_null(strstr(error->message, rows[i].part));
    }
}

static void
commands_newer_than_the_version_asked_for_are_refused(void **state)
{
    (void)state;
    g_autoptr(Settings) settings = g_new0(Settings, 1);
    settings->texts[SETTING_API_VERSION] = g_strdup("1.30");
    g_autoptr(GError) error = NULL;
    g_autoptr(Session) session = session_new(settings, &error);
    assert_true(session_require(session, "1.30", "x", &error));
    assert_true(session_require(session, NULL, "x", &error));
    assert_false(session_require(session, "1.37", "node trait list", &error));
    assert_string_equal(error->message,
                        "node trait list needs API version 1.37; 1.30 was asked for");
}

static void
endpoints_lose_slashes_and_version(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"http://h:6385",          "http://h:6385"},
        {"http://h:6385/",         "http://h:6385"},
        {"http://h/baremetal/v1/", "http://h/baremetal"},
        {"http://h/v1",            "http://h"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = endpoint_trimmed(rows[i][0]);
        assert_string_equal(text, rows[i][1]);
    }
}

static void
next_links_stay_on_the_endpoint(void **state)
{
    (void)state;
    g_autoptr(Settings) settings = g_new0(Settings, 1);
    settings->texts[SETTING_ENDPOINT] = g_strdup("https://front:443/baremetal");
    g_autoptr(Session) session = session_new(settings, NULL);
    static const char *const rows[][2] = {
        {"http://inner:6385/baremetal/v1/nodes?limit=1&marker=x", "/v1/nodes?limit=1&marker=x"},
        {"http://inner:6385/v1/nodes?limit=1",                    "/v1/nodes?limit=1"},
        {"/v1/nodes",                                             "/v1/nodes"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = session_local_path(session, rows[i][0]);
        assert_string_equal(path, rows[i][1]);
    }
    assert_null(session_local_path(session, "http://nothing"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_service_is_asked_again_with_its_own_version),
        cmocka_unit_test(a_chosen_version_is_kept),
        cmocka_unit_test(a_request_to_a_locked_node_is_repeated),
        cmocka_unit_test(a_node_that_stays_locked_is_an_error_after_the_last_try),
        cmocka_unit_test(other_conflicts_are_errors_at_once),
        cmocka_unit_test(keystones_token_is_used_and_replaced_when_it_expires),
        cmocka_unit_test(basic_authentication_is_sent),
        cmocka_unit_test(settings_that_cannot_work_are_refused),
        cmocka_unit_test(commands_newer_than_the_version_asked_for_are_refused),
        cmocka_unit_test(endpoints_lose_slashes_and_version),
        cmocka_unit_test(next_links_stay_on_the_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
