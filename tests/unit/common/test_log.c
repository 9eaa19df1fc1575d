/* The log: one line per event whatever its text holds, with the context of the thread that wrote
 * it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include "common/json_text.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Redirects stderr to a file while a line is logged. */
typedef struct Capture {
    int saved, file;
} Capture;

static Capture
capture_begin(void)
{
    char path[] = "/tmp/test_log_XXXXXX";
    Capture capture = {dup(STDERR_FILENO), mkstemp(path)};
    assert_true(capture.saved >= 0 && capture.file >= 0);
    unlink(path);
    dup2(capture.file, STDERR_FILENO);
    return capture;
}

static char *
capture_end(Capture capture)
{
    dup2(capture.saved, STDERR_FILENO);
    close(capture.saved);
    off_t size = lseek(capture.file, 0, SEEK_END);
    char *text = g_malloc0((size_t)size + 1);
    assert_int_equal(pread(capture.file, text, (size_t)size, 0), size);
    close(capture.file);
    return text;
}

static int
line_count(const char *text)
{
    int count = 0;
    for (const char *p = text; *p != '\0'; p++)
        count += *p == '\n';
    return count;
}

static void
a_line_has_time_level_area_context_and_text(void **state)
{
    (void)state;
    Capture capture = capture_begin();
    log_info("api.http", "answered %d", 200);
    log_context_request("req-1", NULL);
    log_context_node("1be26c0b-03f2-4d2e-ae87-c02d7f33c781");
    log_warning("conductor", "slow");
    log_context_request(NULL, NULL);
    log_context_node(NULL);
    log_error("db", "gone");
    g_autofree char *text = capture_end(capture);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    assert_int_equal(g_strv_length(lines), 4);
    assert_true(g_regex_match_simple(
        "^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} INFO api\\.http answered 200$",
        lines[0], 0, 0));
    assert_true(g_str_has_suffix(
        lines[1], " WARNING conductor req-1 node=1be26c0b-03f2-4d2e-ae87-c02d7f33c781 slow"));
    assert_true(g_str_has_suffix(lines[2], " ERROR db gone"));
}

static void
control_characters_cannot_forge_a_line(void **state)
{
    (void)state;
    Capture capture = capture_begin();
    log_context_request("r\n2026-01-01 00:00:00.000 ERROR forged", NULL);
    log_info("area", "a\nb\rc\td\x1b[31me%c", 7);
    log_context_request(NULL, NULL);
    g_autofree char *text = capture_end(capture);
    assert_int_equal(line_count(text), 1);
    for (const char *p = text; p[1] != '\0'; p++)
        assert_true((unsigned char)*p >= 0x20);
    assert_non_null(strstr(text, "a b c d [31me "));
}

static void
text_of_any_length_stays_one_line_with_an_end(void **state)
{
    (void)state;
    g_autofree char *area = g_strnfill(5000, 'a');
    for (size_t length = 3900; length < 4200; length++) {
        g_autofree char *long_text = g_strnfill(length, 'x');
        Capture capture = capture_begin();
        log_info("area", "%s", long_text);
        g_autofree char *text = capture_end(capture);
        assert_int_equal(line_count(text), 1);
        assert_true(g_str_has_suffix(text, "x\n"));
        assert_true(strlen(text) <= 4096);
    }
    Capture capture = capture_begin();
    log_info(area, "text");
    g_autofree char *text = capture_end(capture);
    assert_int_equal(line_count(text), 1);
}

static void
lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    Capture capture = capture_begin();
    log_debug("area", "hidden");
    log_set_level(LOG_LEVEL_DEBUG);
    assert_true(log_enabled(LOG_LEVEL_DEBUG));
    log_debug("area", "shown");
    log_set_level(LOG_LEVEL_ERROR);
    log_warning("area", "hidden");
    log_error("area", "shown");
    log_set_level(LOG_LEVEL_INFO);
    g_autofree char *text = capture_end(capture);
    assert_int_equal(line_count(text), 2);
    assert_null(strstr(text, "hidden"));
}

#define THREADS 4
#define EACH 500

static void *
write_lines(void *data)
{
    const char *node = data;
    log_context_node(node);
    for (int i = 0; i < EACH; i++)
        log_info("area", "of %s", node);
    return NULL;
}

static void
threads_neither_mix_their_lines_nor_their_contexts(void **state)
{
    static const char *const nodes[THREADS] = {"alpha", "beta", "gamma", "delta"};
    pthread_t threads[THREADS];
    (void)state;
    Capture capture = capture_begin();
    fcntl(STDERR_FILENO, F_SETFL, O_APPEND);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_lines, (void *)(uintptr_t)nodes[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    g_autofree char *text = capture_end(capture);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    assert_int_equal(g_strv_length(lines), THREADS * EACH + 1);
    for (int i = 0; i < THREADS * EACH; i++)
        assert_true(g_regex_match_simple(" INFO area node=(\\w+) of \\1$", lines[i], 0, 0));
}

static char *
contents(const char *path)
{
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void
a_log_file_is_appended_to_and_closed_after_it_was_moved(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("test_log_XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "steeld.log", NULL);
    g_autofree char *moved = g_build_filename(folder, "steeld.log.1", NULL);
    assert_true(g_file_set_contents(path, "earlier\n", -1, NULL));
    assert_true(log_open(path, &error));
    log_info("area", "first");
    assert_int_equal(rename(path, moved), 0);
    log_info("area", "second");
    assert_true(log_open(path, &error));
    log_info("area", "third");
    log_close();
    g_autofree char *before = contents(moved), *after = contents(path);
    assert_true(g_str_has_prefix(before, "earlier\n"));
    assert_int_equal(line_count(before), 3);
    assert_non_null(strstr(before, "area second\n"));
    assert_int_equal(line_count(after), 1);
    assert_non_null(strstr(after, "area third\n"));
    unlink(path);
    unlink(moved);
    rmdir(folder);
}

static void
a_file_that_cannot_be_opened_leaves_the_log_where_it_was(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    assert_false(log_open("/nowhere/steeld.log", &error));
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
    assert_non_null(strstr(error->message, "/nowhere/steeld.log"));
    Capture capture = capture_begin();
    log_info("area", "still here");
    g_autofree char *text = capture_end(capture);
    assert_int_equal(line_count(text), 1);
}

static void
a_line_of_json_is_one_object_whatever_its_text_holds(void **state)
{
    (void)state;
    Capture capture = capture_begin();
    log_set_json(true);
    log_info("area", "plain");
    log_context_request("req-1", NULL);
    log_context_node("1be26c0b-03f2-4d2e-ae87-c02d7f33c781");
    log_warning("conductor", "a \"quoted\"\nline\t\\ with \xff and \x1b");
    log_context_request(NULL, NULL);
    log_context_node(NULL);
    log_set_json(false);
    g_autofree char *text = capture_end(capture);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    assert_int_equal(g_strv_length(lines), 3);
    json_auto_t *plain = json_loads(lines[0], 0, NULL), *full = json_loads(lines[1], 0, NULL);
    assert_int_equal(json_object_size(plain), 4);
    assert_string_equal(json_string_member(plain, "message"), "plain");
    assert_string_equal(json_string_member(plain, "level"), "INFO");
    assert_true(g_regex_match_simple("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$",
                                     json_string_member(plain, "time"), 0, 0));
    assert_string_equal(json_string_member(full, "request_id"), "req-1");
    assert_string_equal(json_string_member(full, "node"), "1be26c0b-03f2-4d2e-ae87-c02d7f33c781");
    assert_true(
        g_str_has_prefix(json_string_member(full, "message"), "a \"quoted\"\nline\t\\ with "));
}

static void
a_document_is_written_as_it_is_however_long(void **state)
{
    (void)state;
    g_autofree char *text = g_strnfill(100000, 'x');
    Capture capture = capture_begin();
    log_set_level(LOG_LEVEL_ERROR);
    log_document(text);
    log_set_level(LOG_LEVEL_INFO);
    g_autofree char *written = capture_end(capture);
    assert_int_equal(strlen(written), 100001);
    assert_int_equal(line_count(written), 1);
}

/* The variable that systemd sets if it reads a service's standard error. */
static void
say_the_journal_reads(int descriptor)
{
    struct stat status;
    assert_int_equal(fstat(descriptor, &status), 0);
    g_autofree char *stream =
        g_strdup_printf("%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    g_setenv("JOURNAL_STREAM", stream, TRUE);
}

static char *
lines_of_all_levels(void)
{
    Capture capture = capture_begin();
    say_the_journal_reads(STDERR_FILENO);
    log_find_journal();
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("area", "text");
    log_info("area", "text");
    log_warning("area", "text");
    log_error("area", "text");
    log_document("{}");
    log_set_level(LOG_LEVEL_INFO);
    return capture_end(capture);
}

static void
each_line_has_its_priority_in_the_journal(void **state)
{
    static const char *const marks[] = {"<7>", "<6>", "<4>", "<3>", "<6>"};
    (void)state;
    for (int json = 0; json < 2; json++) {
        log_set_json(json);
        g_autofree char *text = lines_of_all_levels();
        log_set_json(false);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        assert_int_equal(g_strv_length(lines), 6);
        for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
            assert_true(g_str_has_prefix(lines[i], marks[i]));
            json_auto_t *object = json_loads(lines[i] + 3, 0, NULL);
            assert_true(json != 0 || i == 4 ? json_is_object(object) : lines[i][3] == '2');
        }
    }
}

static void
only_the_journal_sees_priorities(void **state)
{
    (void)state;
    int other = open("/dev/null", O_WRONLY | O_CLOEXEC);
    say_the_journal_reads(other);
    log_find_journal();
    Capture capture = capture_begin();
    log_error("area", "text");
    g_autofree char *text = capture_end(capture);
    assert_true(g_ascii_isdigit(text[0]));
    g_unsetenv("JOURNAL_STREAM");
    log_find_journal();
    close(other);
}

static void
of_several_failures_the_first_is_kept_and_the_others_are_logged(void **state)
{
    (void)state;
    g_autoptr(GError) first = NULL;
    Capture capture = capture_begin();
    for (int i = 1; i <= 3; i++) {
        GError *cause = NULL;
        steel_fail(&cause, STEEL_ERROR_IO, "failure %d", i);
        log_but_first("area", &first, cause);
    }
    g_autofree char *text = capture_end(capture);
    assert_string_equal(first->message, "failure 1");
    assert_null(strstr(text, "failure 1"));
    assert_non_null(strstr(text, "WARNING area failure 2"));
    assert_non_null(strstr(text, "WARNING area failure 3"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_area_context_and_text),
        cmocka_unit_test(control_characters_cannot_forge_a_line),
        cmocka_unit_test(text_of_any_length_stays_one_line_with_an_end),
        cmocka_unit_test(lines_below_the_level_are_not_written),
        cmocka_unit_test(a_log_file_is_appended_to_and_closed_after_it_was_moved),
        cmocka_unit_test(a_file_that_cannot_be_opened_leaves_the_log_where_it_was),
        cmocka_unit_test(a_line_of_json_is_one_object_whatever_its_text_holds),
        cmocka_unit_test(a_document_is_written_as_it_is_however_long),
        cmocka_unit_test(each_line_has_its_priority_in_the_journal),
        cmocka_unit_test(only_the_journal_sees_priorities),
        cmocka_unit_test(of_several_failures_the_first_is_kept_and_the_others_are_logged),
        cmocka_unit_test(threads_neither_mix_their_lines_nor_their_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
