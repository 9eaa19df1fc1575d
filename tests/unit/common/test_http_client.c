/* http_client against a small server on the loopback: its requests, its answers, its errors.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/http_client.h"
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

/* Answers every connection with the same bytes and keeps the last request. */
typedef struct Server {
    int listener;
    int stop_pipe[2];
    int port;
    pthread_t thread;
    pthread_mutex_t lock;
    GString *request;   /* guarded by lock */
    const char *answer; /* NULL: accept the connection and stay silent */
    int connections;    /* guarded by lock */
} Server;

/* True if the request in `text` is complete: the head, and as many bytes of body as Content-Length
 * says. */
static bool
complete(const GString *text)
{
    const char *end = strstr(text->str, "\r\n\r\n");
    if (end == NULL)
        return false;
    const char *length = strstr(text->str, "Content-Length: ");
    size_t wanted =
        length != NULL && length < end ? (size_t)g_ascii_strtoull(length + 16, NULL, 10) : 0;
    return text->len - (size_t)(end + 4 - text->str) >= wanted;
}

/* Waits for bytes on the socket or for the end of the test; false at the end. */
static bool
readable(Server *server, int fd)
{
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN},
                            {.fd = server->stop_pipe[0], .events = POLLIN}};
    return poll(fds, 2, 30000) > 0 && fds[1].revents == 0;
}

static void
serve(Server *server, int fd)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[4096];
    while (readable(server, fd)) {
        ssize_t size = recv(fd, buffer, sizeof buffer, 0);
        if (size <= 0)
            return;
        g_string_append_len(text, buffer, size);
        if (!complete(text))
            continue;
        pthread_mutex_lock(&server->lock);
        g_string_assign(server->request, text->str);
        pthread_mutex_unlock(&server->lock);
        g_string_truncate(text, 0);
        if (server->answer != NULL)
            (void)!send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL);
    }
}

static void *
run(void *user)
{
    Server *server = user;
    while (readable(server, server->listener)) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            continue;
        pthread_mutex_lock(&server->lock);
        server->connections++;
        pthread_mutex_unlock(&server->lock);
        serve(server, fd);
        close(fd);
    }
    return NULL;
}

static void
server_start(Server *server, const char *answer)
{
    memset(server, 0, sizeof *server);
    server->answer = answer;
    server->request = g_string_new(NULL);
    pthread_mutex_init(&server->lock, NULL);
    assert_int_equal(pipe(server->stop_pipe), 0);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, run, server), 0);
}

/* Ends the server; returns the last request it saw, and the number of connections. The caller
 * frees. */
static char *
server_stop(Server *server, int *connections)
{
    assert_int_equal(write(server->stop_pipe[1], "x", 1), 1);
    pthread_join(server->thread, NULL);
    close(server->listener);
    close(server->stop_pipe[0]);
    close(server->stop_pipe[1]);
    pthread_mutex_destroy(&server->lock);
    if (connections != NULL)
        *connections = server->connections;
    return g_string_free(server->request, false);
}

static void
status_headers_and_body_come_back(void **state)
{
    (void)state;
    Server server;
    server_start(
        &server,
        "HTTP/1.1 404 Not Found\r\nX-Thing:  two words \r\nContent-Length: 5\r\n\r\nhello");
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%d/v1/nodes?limit=1", server.port);
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) error = NULL;
    assert_true(http_request(&(HttpRequest){.url = url}, &response, &error));
    assert_int_equal(response.status, 404);
    assert_string_equal(response.body, "hello");
    assert_int_equal(response.body_size, 5);
    assert_string_equal(http_response_header(&response, "x-thing"), "two words");
    assert_null(http_response_header(&response, "x-other"));
    g_autofree char *seen = server_stop(&server, NULL);
    assert_non_null(strstr(seen, "GET /v1/nodes?limit=1 HTTP/1.1\r\n"));
}

static void
method_headers_body_and_basic_auth_are_sent(void **state)
{
    (void)state;
    Server server;
    server_start(&server, "HTTP/1.1 204 No Content\r\n\r\n");
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%d/x", server.port);
    const char *headers[] = {"X-One: 1", "X-Two: 2", NULL};
    const HttpRequest request = {.method = "PATCH",
                                 .url = url,
                                 .headers = headers,
                                 .body = "[1]",
                                 .body_size = 3,
                                 .username = "admin",
                                 .password = "s:cret"};
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) error = NULL;
    assert_true(http_request(&request, &response, &error));
    assert_int_equal(response.status, 204);
    assert_int_equal(response.body_size, 0);
    g_autofree char *seen = server_stop(&server, NULL);
    assert_non_null(strstr(seen, "PATCH /x HTTP/1.1\r\n"));
    assert_non_null(strstr(seen, "X-One: 1\r\n"));
    assert_non_null(strstr(seen, "X-Two: 2\r\n"));
    assert_non_null(strstr(seen, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(seen, "Authorization: Basic YWRtaW46czpjcmV0\r\n"));
    assert_true(g_str_has_suffix(seen, "\r\n\r\n[1]"));
}

static void
a_thread_reuses_its_connection_without_earlier_options(void **state)
{
    (void)state;
    Server server;
    server_start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%d/", server.port);
    const HttpRequest first = {.method = "POST",
                               .url = url,
                               .body = "{}",
                               .body_size = 2,
                               .username = "u",
                               .password = "p"};
    const HttpRequest second = {.url = url};
    for (int i = 0; i < 2; i++) {
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) error = NULL;
        assert_true(http_request(i == 0 ? &first : &second, &response, &error));
        assert_string_equal(response.body, "ok");
    }
    int connections = 0;
    g_autofree char *seen = server_stop(&server, &connections);
    assert_int_equal(connections, 1);
    assert_true(g_str_has_prefix(seen, "GET / HTTP/1.1\r\n"));
    assert_null(strstr(seen, "Authorization"));
}

static void
an_answer_over_the_limit_is_refused(void **state)
{
    (void)state;
    Server server;
    server_start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%d/", server.port);
    HttpResponse response = {0};
    g_autoptr(GError) error = NULL;
    assert_false(http_request(&(HttpRequest){.url = url, .body_limit = 9}, &response, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_HTTP));
    assert_non_null(strstr(error->message, "larger than 9 bytes"));
    assert_null(response.body);
    g_free(server_stop(&server, NULL));
}

static void
an_answer_of_exactly_the_limit_is_taken(void **state)
{
    (void)state;
    Server server;
    server_start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%d/", server.port);
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) error = NULL;
    assert_true(http_request(&(HttpRequest){.url = url, .body_limit = 10}, &response, &error));
    assert_int_equal(response.body_size, 10);
    g_free(server_stop(&server, NULL));
}

static void
a_silent_server_is_a_timeout(void **state)
{
    (void)state;
    Server server;
    server_start(&server, NULL);
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%d/", server.port);
    HttpResponse response = {0};
    g_autoptr(GError) error = NULL;
    assert_false(http_request(&(HttpRequest){.url = url, .timeout_ms = 50}, &response, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_TIMEOUT));
    g_free(server_stop(&server, NULL));
}

static void
a_refused_connection_names_the_url_without_credentials(void **state)
{
    (void)state;
    Server server; /* its port is free again: nobody listens there */
    server_start(&server, NULL);
    g_free(server_stop(&server, NULL));
    g_autofree char *url =
        g_strdup_printf("http://bob:hunter2@127.0.0.1:%d/v1?token=abc", server.port);
    g_autofree char *shown = g_strdup_printf("http://127.0.0.1:%d/v1: ", server.port);
    HttpResponse response = {0};
    g_autoptr(GError) error = NULL;
    assert_false(http_request(&(HttpRequest){.url = url}, &response, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_HTTP));
    assert_true(g_str_has_prefix(error->message, shown));
    assert_null(strstr(error->message, "hunter2"));
    assert_null(strstr(error->message, "abc"));
}

static void
other_protocols_and_broken_urls_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "http://[::1", ""};
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        HttpResponse response = {0};
        g_autoptr(GError) error = NULL;
        assert_false(http_request(&(HttpRequest){.url = urls[i]}, &response, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_HTTP));
    }
}

static void
a_redirect_is_the_answer_unless_followed(void **state)
{
    (void)state;
    Server target, server;
    server_start(&target, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Who: end\r\n\r\nhere");
    g_autofree char *answer = g_strdup_printf(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n",
        target.port);
    server_start(&server, answer);
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%d/", server.port);
    for (int limit = 0; limit < 2; limit++) {
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) error = NULL;
        assert_true(
            http_request(&(HttpRequest){.url = url, .redirect_limit = limit}, &response, &error));
        assert_int_equal(response.status, limit == 0 ? 302 : 200);
        const char *who = http_response_header(&response, "X-Who");
        assert_int_equal(who != NULL, limit == 1);
        assert_int_equal(http_response_header(&response, "Location") != NULL, limit == 0);
    }
    g_free(server_stop(&server, NULL));
    g_free(server_stop(&target, NULL));
}

static void
urls_are_shown_without_secrets(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"http://h/p",              "http://h/p"},
        {"https://u:p@h:1/p?q=1#f", "https://h:1/p"},
        {"http://u:p@ss@h/",        "http://h/"},
        {"http://h/a@b",            "http://h/a@b"},
        {"http://h?x=a@b",          "http://h"},
        {"nonsense?x",              "nonsense"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *shown = http_url_for_display(rows[i][0]);
        assert_string_equal(shown, rows[i][1]);
    }
}

static void
path_segments_are_percent_encoded(void **state)
{
    (void)state;
    g_autofree char *escaped = http_escape("a/b c?ü~_-.");
    assert_string_equal(escaped, "a%2Fb%20c%3F%C3%BC~_-.");
}

/* One of several threads that send at the same time. */
static void *
ask(void *user)
{
    const char *url = user;
    for (int i = 0; i < 5; i++) {
        g_auto(HttpResponse) response = {0};
        if (!http_request(&(HttpRequest){.url = url}, &response, NULL) || response.status != 200)
            return NULL;
    }
    return user;
}

static void
threads_ask_independently(void **state)
{
    (void)state;
    Server servers[3];
    pthread_t threads[3];
    char *urls[3] = {NULL};
    for (int i = 0; i < 3; i++) {
        server_start(&servers[i], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        urls[i] = g_strdup_printf("http://127.0.0.1:%d/", servers[i].port);
        assert_int_equal(pthread_create(&threads[i], NULL, ask, urls[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, urls[i]);
        int connections = 0;
        g_free(server_stop(&servers[i], &connections));
        assert_int_equal(connections, 1);
    }
    for (int i = 0; i < 3; i++)
        g_free(urls[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_headers_and_body_come_back),
        cmocka_unit_test(method_headers_body_and_basic_auth_are_sent),
        cmocka_unit_test(a_thread_reuses_its_connection_without_earlier_options),
        cmocka_unit_test(an_answer_over_the_limit_is_refused),
        cmocka_unit_test(an_answer_of_exactly_the_limit_is_taken),
        cmocka_unit_test(a_silent_server_is_a_timeout),
        cmocka_unit_test(a_refused_connection_names_the_url_without_credentials),
        cmocka_unit_test(other_protocols_and_broken_urls_are_refused),
        cmocka_unit_test(a_redirect_is_the_answer_unless_followed),
        cmocka_unit_test(urls_are_shown_without_secrets),
        cmocka_unit_test(path_segments_are_percent_encoded),
        cmocka_unit_test(threads_ask_independently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
