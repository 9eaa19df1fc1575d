/* The boot server over real connections: scripts, reports, files, and what it refuses.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_server.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define MAC "52:54:00:00:00:01"
#define PATH "/boot/52-54-00-00-00-01"
#define TOKEN "0123456789abcdef0123"
#define NODE "1be26c0b-03f2-4d2e-ae87-c02d7f33c781"

typedef struct Fixture {
    const char *const *trusted;
    unsigned requests_per_second;
    char *directory, *root, *file, *link, *secret;
    BootServer *server;
    pthread_mutex_t lock;
    BootAnswer answer;                   /* guarded by lock, as all below */
    char source[HTTP_ADDRESS_TEXT_SIZE]; /* who asked last */
    bool database_fails, conductor_busy, told;
    GString *progress; /* a line per call */
    unsigned asked;
} Fixture;

static bool
give_instructions(void *user, const HttpAddress *source, BootInstructions *out, GError **error)
{
    Fixture *fixture = user;
    pthread_mutex_lock(&fixture->lock);
    fixture->asked++;
    http_address_text(source, fixture->source);
    bool fails = fixture->database_fails;
    BootAnswer answer = fixture->answer;
    pthread_mutex_unlock(&fixture->lock);
    if (fails)
        return steel_fail(error, STEEL_ERROR_DATABASE_BUSY, "the database is busy");
    if (strcmp(out->mac, MAC) != 0)
        return true;
    out->told = fixture->told;
    out->node_uuid = g_strdup(NODE);
    out->answer = answer;
    if (answer == BOOT_ANSWER_UNUSABLE)
        boot_instructions_set_problem(out, answer, "target_iqn is missing");
    if (answer == BOOT_ANSWER_REFUSED)
        boot_instructions_set_problem(out, answer, "somebody else's");
    if (answer == BOOT_ANSWER_BOOT) {
        out->answer = BOOT_ANSWER_NONE;
        boot_instructions_set_mode(out, BOOT_MODE_ISCSI);
        out->token = g_strdup(TOKEN);
        json_auto_t *properties =
            json_pack("{ss ss ss ss}", "target_portal", "192.0.2.5", "target_iqn",
                      "iqn.2010-10.com.example:a", "auth_username", "u", "auth_password", "hush");
        g_ptr_array_add(out->boot.iscsi.volumes, iscsi_volume_read(properties, NULL));
    }
    return true;
}

static bool
believe(void *user, const char *mac, const HttpAddress *source, const char *token, BootPhase phase,
        char **node_uuid, GError **error)
{
    Fixture *fixture = user;
    (void)phase;
    pthread_mutex_lock(&fixture->lock);
    http_address_text(source, fixture->source);
    bool fails = fixture->database_fails;
    bool known = strcmp(mac, MAC) == 0 && fixture->answer == BOOT_ANSWER_BOOT &&
                 g_strcmp0(token, TOKEN) == 0;
    pthread_mutex_unlock(&fixture->lock);
    if (fails)
        return steel_fail(error, STEEL_ERROR_DATABASE_BUSY, "the database is busy");
    if (!known)
        return steel_fail(error, STEEL_ERROR_FORBIDDEN, "not this boot's");
    *node_uuid = g_strdup(NODE);
    return true;
}

static bool
note_report(void *user, const BootReport *report, GError **error)
{
    Fixture *fixture = user;
    pthread_mutex_lock(&fixture->lock);
    bool busy = fixture->conductor_busy;
    if (!busy)
        g_string_append_printf(fixture->progress, "%s %s [%s]%s\n", report->node_uuid,
                               boot_phase_info(report->phase)->word,
                               report->detail != NULL ? report->detail : "",
                               report->repeated ? " again" : "");
    pthread_mutex_unlock(&fixture->lock);
    return !busy || steel_fail(error, STEEL_ERROR_NO_WORKER, "too many reports");
}

static char *
progress_so_far(Fixture *fixture)
{
    pthread_mutex_lock(&fixture->lock);
    char *text = g_strdup(fixture->progress->str);
    pthread_mutex_unlock(&fixture->lock);
    return text;
}

static BootServerOptions
options_of(Fixture *fixture)
{
    return (BootServerOptions){
        .host = "127.0.0.1",
        .root = fixture->root,
        .trusted_proxies = fixture->trusted,
        .requests_per_second = fixture->requests_per_second,
        .hooks = {give_instructions, believe, note_report},
        .user = fixture,
    };
}

static int
start(void **state, const char *const *trusted, unsigned requests_per_second)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->trusted = trusted;
    fixture->requests_per_second = requests_per_second;
    pthread_mutex_init(&fixture->lock, NULL);
    fixture->progress = g_string_new(NULL);
    fixture->directory = g_dir_make_tmp("steel-boot-XXXXXX", NULL);
    fixture->root = g_build_filename(fixture->directory, "http", NULL);
    BootServerOptions options = options_of(fixture);
    g_autoptr(GError) error = NULL;
    fixture->server = boot_server_start(&options, &error);
    if (fixture->server == NULL)
        fail_msg("%s", error->message);
    fixture->file = g_build_filename(fixture->root, "vmlinuz.gz", NULL);
    fixture->secret = g_build_filename(fixture->directory, "secret", NULL);
    fixture->link = g_build_filename(fixture->root, "link", NULL);
    assert_true(g_file_set_contents(fixture->file, "0123456789", -1, NULL));
    assert_true(g_file_set_contents(fixture->secret, "outside", -1, NULL));
    assert_int_equal(symlink("../secret", fixture->link), 0);
    *state = fixture;
    return 0;
}

static int
set_up(void **state)
{
    return start(state, NULL, 0);
}

static int
set_up_behind_a_proxy(void **state)
{
    static const char *const trusted[] = {"127.0.0.0/8", NULL};
    return start(state, trusted, 1);
}

static int
set_up_with_a_limit(void **state)
{
    return start(state, NULL, 1);
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    boot_server_stop(fixture->server);
    char *const paths[] = {fixture->file, fixture->link, fixture->root, fixture->secret,
                           fixture->directory};
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        assert_int_equal(g_remove(paths[i]), 0);
        g_free(paths[i]);
    }
    g_string_free(fixture->progress, TRUE);
    pthread_mutex_destroy(&fixture->lock);
    g_free(fixture);
    return 0;
}

/* Sends a request as it is and reads until the server closes. The caller frees. */
static char *
exchange(const Fixture *fixture, const char *request)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)boot_server_port(fixture->server)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct timeval limit = {.tv_sec = 30};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    GString *answer = g_string_new(NULL);
    char buffer[4096];
    ssize_t size;
    while ((size = recv(fd, buffer, sizeof buffer, 0)) > 0)
        g_string_append_len(answer, buffer, size);
    close(fd);
    return g_string_free(answer, FALSE);
}

static char *
ask(const Fixture *fixture, const char *method, const char *path, const char *headers)
{
    g_autofree char *request = g_strdup_printf(
        "%s %s HTTP/1.1\r\nHost: boot\r\nConnection: close\r\n%s\r\n", method, path, headers);
    return exchange(fixture, request);
}

static void
assert_status(const char *answer, int status)
{
    g_autofree char *line = g_strdup_printf("HTTP/1.1 %d ", status);
    if (!g_str_has_prefix(answer, line))
        fail_msg("expected %d, got: %.400s", status, answer);
}

static const char *
body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void
every_machine_gets_the_generic_script(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *answer = ask(fixture, "GET", "/boot.ipxe", "");
    assert_status(answer, 200);
    assert_true(g_str_has_prefix(body_of(answer), "#!ipxe\n"));
    assert_non_null(strstr(answer, "boot/${net${steel-card}/mac:hexhyp}.ipxe"));
    assert_non_null(strstr(answer, "Cache-Control: no-store"));
}

static void
a_known_machine_gets_its_script_and_that_is_noted(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_BOOT;
    g_autofree char *answer = ask(fixture, "GET", PATH ".ipxe", "");
    assert_status(answer, 200);
    assert_non_null(strstr(body_of(answer), "set password hush\n"));
    assert_non_null(strstr(body_of(answer), "token=" TOKEN));
    assert_non_null(strstr(answer, "Cache-Control: no-store"));
    g_autofree char *progress = progress_so_far(fixture);
    assert_string_equal(progress, NODE " script_served []\n");
}

static void
capitals_and_colons_in_the_address_name_the_same_machine(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_NONE;
    g_autofree char *answer = ask(fixture, "GET", "/boot/52:54:00:00:00:01.ipxe", "");
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "not to boot from the network now"));
    g_autofree char *progress = progress_so_far(fixture);
    assert_string_equal(progress, ""); /* nothing that anybody waits for */
}

static void
an_unknown_machine_gets_a_script_without_secrets_and_is_not_noted(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_BOOT;
    g_autofree char *answer = ask(fixture, "GET", "/boot/52-54-00-00-00-99.ipxe", "");
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "52:54:00:00:00:99 is not enrolled"));
    assert_null(strstr(answer, "hush"));
    g_autofree char *progress = progress_so_far(fixture);
    assert_string_equal(progress, "");
}

static void
a_problem_is_shown_to_the_machine_and_noted(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_UNUSABLE;
    g_autofree char *answer = ask(fixture, "GET", PATH ".ipxe", "");
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "echo target_iqn is missing\n"));
    g_autofree char *progress = progress_so_far(fixture);
    assert_string_equal(progress, NODE " unusable [target_iqn is missing]\n");
}

static void
a_script_that_is_asked_for_again_is_a_repetition(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_BOOT;
    fixture->told = true;
    g_autofree char *answer = ask(fixture, "GET", PATH ".ipxe", "");
    assert_status(answer, 200);
    g_autofree char *progress = progress_so_far(fixture);
    assert_string_equal(progress, NODE " script_served [] again\n");
}

static void
nothing_is_served_or_noted_while_too_much_is_to_be_written_down(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_BOOT;
    fixture->conductor_busy = true;
    g_autofree char *script = ask(fixture, "GET", PATH ".ipxe", "");
    assert_status(script, 503);
    assert_non_null(strstr(script, "Retry-After: 5"));
    assert_null(strstr(script, "hush"));
    g_autofree char *report =
        ask(fixture, "GET", PATH "/progress?token=" TOKEN "&phase=san_hooked", "");
    assert_status(report, 503);
}

static void
a_busy_database_makes_a_machine_wait_for_its_script_but_not_for_its_report(void **state)
{
    Fixture *fixture = *state;
    fixture->database_fails = true;
    g_autofree char *script = ask(fixture, "GET", PATH ".ipxe", "");
    assert_status(script, 503);
    assert_non_null(strstr(script, "Retry-After: 5"));
    g_autofree char *report =
        ask(fixture, "GET", PATH "/progress?token=" TOKEN "&phase=san_hooked", "");
    assert_status(report, 503);
    assert_null(strstr(report, "Retry-After"));
}

static void
a_report_with_the_token_reaches_the_hook_in_words(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_BOOT;
    g_autofree char *answer =
        ask(fixture, "GET",
            PATH "/progress?token=" TOKEN "&phase=san_failed&volume=0&try=2&errno=2c0d603b", "");
    assert_status(answer, 200);
    g_autofree char *progress = progress_so_far(fixture);
    assert_string_equal(progress,
                        NODE " san_failed [attempt 2, volume 0: the target has no volume of this "
                             "name: check target_iqn (iPXE error 2c0d603b)]\n");
}

static void
a_report_without_the_right_token_is_forbidden_and_changes_nothing(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_BOOT;
    static const char *const paths[] = {
        PATH "/progress?phase=san_hooked",
        PATH "/progress?token=&phase=san_hooked",
        PATH "/progress?token=0123456789abcdef0124&phase=san_hooked",
        PATH "/progress?token=0123456789abcdef012&phase=san_hooked",
        "/boot/52-54-00-00-00-99/progress?token=" TOKEN "&phase=san_hooked",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *answer = ask(fixture, "GET", paths[i], "");
        assert_status(answer, 403);
    }
    pthread_mutex_lock(&fixture->lock);
    fixture->answer = BOOT_ANSWER_NONE; /* the boot is over: its token is void */
    pthread_mutex_unlock(&fixture->lock);
    g_autofree char *late =
        ask(fixture, "GET", PATH "/progress?token=" TOKEN "&phase=san_hooked", "");
    assert_status(late, 403);
    g_autofree char *progress = progress_so_far(fixture);
    assert_string_equal(progress, "");
}

static void
a_report_that_makes_no_sense_is_refused(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_BOOT;
    static const char *const queries[] = {
        "",
        "&phase=",
        "&phase=rebooted",
        "&phase=san_hooked&errno=x",
        "&phase=san_hooked&detail=%0d%0aX",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        g_autofree char *path = g_strconcat(PATH "/progress?token=" TOKEN, queries[i], NULL);
        g_autofree char *answer = ask(fixture, "GET", path, "");
        assert_status(answer, 400);
    }
    g_autofree char *progress = progress_so_far(fixture);
    assert_string_equal(progress, "");
}

static void
files_come_whole_and_in_parts(void **state)
{
    Fixture *fixture = *state;
    static const struct {
        const char *header;
        int status;
        const char *range, *body;
    } cases[] = {
        {"",                         200, NULL,           "0123456789"},
        {"Range: bytes=2-4\r\n",     206, "bytes 2-4/10", "234"},
        {"Range: bytes=7-\r\n",      206, "bytes 7-9/10", "789"},
        {"Range: bytes=-1\r\n",      206, "bytes 9-9/10", "9"},
        {"Range: bytes=10-\r\n",     416, "bytes */10",   ""},
        {"Range: bytes=0-1,3-4\r\n", 200, NULL,           "0123456789"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *answer = ask(fixture, "GET", "/vmlinuz.gz", cases[i].header);
        assert_status(answer, cases[i].status);
        assert_string_equal(body_of(answer), cases[i].body);
        g_autofree char *line = cases[i].range != NULL
                                    ? g_strdup_printf("Content-Range: %s\r\n", cases[i].range)
                                    : NULL;
        if (line != NULL)
            assert_non_null(strstr(answer, line));
        else
            assert_null(strstr(answer, "Content-Range"));
    }
    g_autofree char *whole = ask(fixture, "GET", "/vmlinuz.gz", "");
    assert_non_null(strstr(whole, "Content-Type: application/gzip\r\n"));
    assert_non_null(strstr(whole, "Accept-Ranges: bytes\r\n"));
    assert_non_null(strstr(whole, "Last-Modified: "));
}

static void
a_part_of_another_version_of_a_file_is_not_served(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *whole = ask(fixture, "HEAD", "/vmlinuz.gz", "");
    const char *date = strstr(whole, "Last-Modified: ") + strlen("Last-Modified: ");
    g_autofree char *same =
        g_strdup_printf("Range: bytes=2-4\r\nIf-Range: %.*s\r\n", (int)strcspn(date, "\r"), date);
    g_autofree char *part = ask(fixture, "GET", "/vmlinuz.gz", same);
    assert_status(part, 206);
    assert_string_equal(body_of(part), "234");
    static const char *const others[] = {"Thu, 01 Jan 1970 00:00:01 GMT", "\"tag\"", "yesterday"};
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *other = g_strdup_printf("Range: bytes=2-4\r\nIf-Range: %s\r\n", others[i]);
        g_autofree char *answer = ask(fixture, "GET", "/vmlinuz.gz", other);
        assert_status(answer, 200);
        assert_string_equal(body_of(answer), "0123456789");
    }
}

static void
an_empty_file_is_served_as_one(void **state)
{
    Fixture *fixture = *state;
    assert_true(g_file_set_contents(fixture->file, "", -1, NULL));
    g_autofree char *whole = ask(fixture, "GET", "/vmlinuz.gz", "");
    assert_status(whole, 200);
    assert_non_null(strstr(whole, "Content-Length: 0\r\n"));
    g_autofree char *part = ask(fixture, "GET", "/vmlinuz.gz", "Range: bytes=0-\r\n");
    assert_status(part, 416);
}

static void
head_answers_with_the_headers_alone(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_BOOT;
    g_autofree char *file = ask(fixture, "HEAD", "/vmlinuz.gz", "");
    assert_status(file, 200);
    assert_non_null(strstr(file, "Content-Length: 10\r\n"));
    assert_string_equal(body_of(file), "");
    g_autofree char *part = ask(fixture, "HEAD", "/vmlinuz.gz", "Range: bytes=2-4\r\n");
    assert_status(part, 206);
    assert_non_null(strstr(part, "Content-Length: 3\r\n"));
    g_autofree char *script = ask(fixture, "HEAD", PATH ".ipxe", "");
    assert_status(script, 200);
    assert_string_equal(body_of(script), "");
    g_autofree char *report =
        ask(fixture, "HEAD", PATH "/progress?token=" TOKEN "&phase=given_up", "");
    assert_status(report, 200);
    g_autofree char *progress = progress_so_far(fixture);
    assert_string_equal(progress, "");
}

static void
no_path_leads_out_of_the_directory_or_lists_it(void **state)
{
    Fixture *fixture = *state;
    static const char *const paths[] = {
        "/",
        "/absent",
        "/../secret",
        "/%2e%2e/secret",
        "/%2e%2e%2fsecret",
        "/..%2fsecret",
        "/./vmlinuz.gz",
        "//vmlinuz.gz",
        "/link",
        "/vmlinuz.gz/",
        "/vmlinuz.gz/../../secret",
        "/boot/../../secret",
        "/boot/",
        "/boot/vmlinuz",
        "/\\..\\secret",
        "/%00",
        "/%ff",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *answer = ask(fixture, "GET", paths[i], "");
        assert_status(answer, 404);
        assert_null(strstr(answer, "outside"));
    }
}

static void
only_get_and_head_are_served(void **state)
{
    Fixture *fixture = *state;
    static const char *const methods[] = {"PUT", "DELETE", "OPTIONS", "BREW"};
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        g_autofree char *answer = ask(fixture, methods[i], "/vmlinuz.gz", "");
        assert_status(answer, 405);
        assert_non_null(strstr(answer, "Allow: GET, HEAD\r\n"));
    }
    g_autofree char *answer =
        exchange(fixture, "POST /vmlinuz.gz HTTP/1.1\r\nHost: boot\r\nConnection: close\r\n"
                          "Content-Length: 5\r\n\r\nhello");
    assert_status(answer, 405);
}

static void
requests_that_are_too_large_are_refused(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *name = g_strnfill(40000, 'a');
    name[0] = '/';
    g_autofree char *answer = ask(fixture, "GET", name, "");
    assert_true(g_str_has_prefix(answer, "HTTP/1.1 4") || answer[0] == '\0');
    g_autofree char *next = ask(fixture, "GET", "/vmlinuz.gz", "");
    assert_status(next, 200);
}

typedef struct Visitor {
    const Fixture *fixture;
    int good;
} Visitor;

static void *
visit(void *data)
{
    Visitor *visitor = data;
    for (int i = 0; i < 20; i++) {
        g_autofree char *script = ask(visitor->fixture, "GET", PATH ".ipxe", "");
        g_autofree char *file = ask(visitor->fixture, "GET", "/vmlinuz.gz", "");
        visitor->good +=
            g_str_has_prefix(script, "HTTP/1.1 200 ") && strcmp(body_of(file), "0123456789") == 0;
    }
    return NULL;
}

static void
many_machines_are_served_side_by_side(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_BOOT;
    pthread_t threads[8];
    Visitor visitors[G_N_ELEMENTS(threads)];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        visitors[i] = (Visitor){.fixture = fixture};
        assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(visitors[i].good, 20);
    }
    assert_int_equal(fixture->asked, 160);
}

static void
a_taken_port_is_an_error_that_names_it(void **state)
{
    Fixture *fixture = *state;
    BootServerOptions options = options_of(fixture);
    options.port = boot_server_port(fixture->server);
    g_autoptr(GError) error = NULL;
    assert_null(boot_server_start(&options, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
    g_autofree char *port = g_strdup_printf("port %u", options.port);
    assert_non_null(strstr(error->message, port));
}

static void
it_listens_on_ipv6_with_brackets_and_serves_without_a_directory(void **state)
{
    Fixture *fixture = *state;
    BootServerOptions options = options_of(fixture);
    options.host = "[::1]";
    options.root = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(BootServer) server = boot_server_start(&options, &error);
    if (server == NULL) {
        /* A machine without IPv6 says so in words; nothing else may fail here. */
        assert_non_null(strstr(error->message, "[::1]"));
        assert_non_null(strstr(error->message, "ddress"));
        return;
    }
    assert_true(boot_server_port(server) > 0);
}

static void
who_is_refused_gets_no_secret_and_nobody_waits_for_the_note(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_REFUSED;
    g_autofree char *answer = ask(fixture, "GET", PATH ".ipxe", "");
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "echo somebody else's\n"));
    assert_null(strstr(answer, "hush"));
    assert_null(strstr(answer, "steel-done"));
    g_autofree char *progress = progress_so_far(fixture);
    assert_string_equal(progress, NODE " script_refused [somebody else's] again\n");
}

static void
the_source_is_the_peer_whatever_it_says_of_itself(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *answer = ask(fixture, "GET", PATH ".ipxe", "X-Forwarded-For: 192.0.2.9\r\n");
    assert_status(answer, 200);
    assert_string_equal(fixture->source, "127.0.0.1");
}

static void
behind_a_trusted_proxy_the_source_is_whom_it_asks_for(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *answer =
        ask(fixture, "GET", PATH ".ipxe", "X-Forwarded-For: 203.0.113.1, 192.0.2.9\r\n");
    assert_status(answer, 200);
    assert_string_equal(fixture->source, "192.0.2.9");
    for (int i = 0; i < 30; i++) { /* the proxy's own requests are not counted */
        g_autofree char *own = ask(fixture, "GET", PATH ".ipxe", "");
        assert_status(own, 200);
    }
}

static void
who_asks_too_often_is_put_off(void **state)
{
    Fixture *fixture = *state;
    fixture->answer = BOOT_ANSWER_BOOT;
    unsigned refused = 0;
    for (int i = 0; i < 200 && refused == 0; i++) {
        g_autofree char *answer = ask(fixture, "GET", PATH ".ipxe", "");
        refused += strncmp(answer, "HTTP/1.1 503", 12) == 0 && strstr(answer, "Retry-After: 5");
    }
    assert_int_equal(refused, 1);
    g_autofree char *file = ask(fixture, "GET", "/vmlinuz.gz", ""); /* costs next to nothing */
    assert_status(file, 200);
}

static void
who_guesses_addresses_is_put_off_and_others_are_not(void **state)
{
    Fixture *fixture = *state;
    unsigned served = 0;
    for (int i = 0; i < 100; i++) {
        g_autofree char *path = g_strdup_printf("/boot/52-54-00-00-01-%02x.ipxe", i);
        g_autofree char *answer = ask(fixture, "GET", path, "");
        served += strncmp(answer, "HTTP/1.1 200", 12) == 0;
    }
    assert_int_equal(served, 32);
    fixture->answer = BOOT_ANSWER_BOOT;
    g_autofree char *known = ask(fixture, "GET", PATH ".ipxe", "");
    assert_status(known, 200);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_machine_gets_the_generic_script),
        CASE(a_known_machine_gets_its_script_and_that_is_noted),
        CASE(capitals_and_colons_in_the_address_name_the_same_machine),
        CASE(an_unknown_machine_gets_a_script_without_secrets_and_is_not_noted),
        CASE(a_problem_is_shown_to_the_machine_and_noted),
        CASE(a_script_that_is_asked_for_again_is_a_repetition),
        CASE(nothing_is_served_or_noted_while_too_much_is_to_be_written_down),
        CASE(a_busy_database_makes_a_machine_wait_for_its_script_but_not_for_its_report),
        CASE(a_report_with_the_token_reaches_the_hook_in_words),
        CASE(a_report_without_the_right_token_is_forbidden_and_changes_nothing),
        CASE(a_report_that_makes_no_sense_is_refused),
        CASE(who_is_refused_gets_no_secret_and_nobody_waits_for_the_note),
        CASE(the_source_is_the_peer_whatever_it_says_of_itself),
        cmocka_unit_test_setup_teardown(behind_a_trusted_proxy_the_source_is_whom_it_asks_for,
                                        set_up_behind_a_proxy, tear_down),
        cmocka_unit_test_setup_teardown(who_asks_too_often_is_put_off, set_up_with_a_limit,
                                        tear_down),
        CASE(who_guesses_addresses_is_put_off_and_others_are_not),
        CASE(files_come_whole_and_in_parts),
        CASE(a_part_of_another_version_of_a_file_is_not_served),
        CASE(an_empty_file_is_served_as_one),
        CASE(head_answers_with_the_headers_alone),
        CASE(no_path_leads_out_of_the_directory_or_lists_it),
        CASE(only_get_and_head_are_served),
        CASE(requests_that_are_too_large_are_refused),
        CASE(many_machines_are_served_side_by_side),
        CASE(a_taken_port_is_an_error_that_names_it),
        CASE(it_listens_on_ipv6_with_brackets_and_serves_without_a_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
