/* Programs run with their input, output, limits and time limits, and children end with their
 * parent.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"
#include "common/process.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
output_and_stderr_are_captured_apart(void **state)
{
    (void)state;
    ProcessSpec spec = {.argv = ARGV("sh", "-c", "printf out; printf err >&2")};
    g_auto(ProcessResult) result = {0};
    g_autoptr(GError) error = NULL;
    assert_true(process_run(&spec, &result, &error));
    assert_string_equal(result.output, "out");
    assert_int_equal(result.output_size, 3);
    assert_string_equal(result.errors, "err");
    assert_int_equal(result.exit_status, 0);
    assert_false(result.truncated);
}

static void
arguments_reach_the_program_without_a_shell(void **state)
{
    (void)state;
    ProcessSpec spec = {.argv = ARGV("printf", "%s|", "$HOME", "a b", "`id`")};
    g_auto(ProcessResult) result = {0};
    assert_true(process_run(&spec, &result, NULL));
    assert_string_equal(result.output, "$HOME|a b|`id`|");
}

static void
input_larger_than_a_pipe_comes_back_whole(void **state)
{
    (void)state;
    size_t size = 700000;
    g_autofree char *text = g_malloc(size);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + i % 26);
    ProcessSpec spec = {.argv = ARGV("cat"), .input = text, .input_size = size};
    g_auto(ProcessResult) result = {0};
    assert_true(process_run(&spec, &result, NULL));
    assert_int_equal(result.output_size, size);
    assert_memory_equal(result.output, text, size);
}

static void
input_that_nobody_reads_is_no_error(void **state)
{
    (void)state;
    g_autofree char *text = g_malloc0(300000);
    ProcessSpec spec = {.argv = ARGV("true"), .input = text, .input_size = 300000};
    assert_true(process_run(&spec, NULL, NULL));
}

static void
output_beyond_the_limit_is_dropped_and_reported(void **state)
{
    (void)state;
    ProcessSpec spec = {.argv = ARGV("sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x"),
                        .output_limit = 10};
    g_auto(ProcessResult) result = {0};
    assert_true(process_run(&spec, &result, NULL));
    assert_string_equal(result.output, "xxxxxxxxxx");
    assert_true(result.truncated);
}

static void
failure_names_program_status_and_last_line_of_stderr(void **state)
{
    (void)state;
    ProcessSpec spec = {
        .argv = ARGV("sh", "-c", "echo first >&2; printf 'disk\\033 full\\n' >&2; exit 3")};
    g_auto(ProcessResult) result = {0};
    g_autoptr(GError) error = NULL;
    assert_false(process_run(&spec, &result, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_PROCESS));
    assert_string_equal(error->message, "sh exited with status 3: disk  full");
    assert_null(result.output);
}

static void
failure_is_a_result_where_the_caller_accepts_it(void **state)
{
    (void)state;
    ProcessSpec spec = {.argv = ARGV("sh", "-c", "exit 7"), .accepts_failure = true};
    g_auto(ProcessResult) result = {0};
    assert_true(process_run(&spec, &result, NULL));
    assert_int_equal(result.exit_status, 7);
    process_result_clear(&result);
    ProcessSpec killed = {.argv = ARGV("sh", "-c", "kill -9 $$"), .accepts_failure = true};
    assert_true(process_run(&killed, &result, NULL));
    assert_int_equal(result.exit_status, 128 + 9);
}

static void
death_by_signal_is_an_error(void **state)
{
    (void)state;
    ProcessSpec spec = {.argv = ARGV("sh", "-c", "kill -15 $$")};
    g_autoptr(GError) error = NULL;
    assert_false(process_run(&spec, NULL, &error));
    assert_non_null(strstr(error->message, "sh was killed by signal 15"));
}

static void
program_that_does_not_exist_is_named(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    ProcessSpec spec = {.argv = ARGV("no-such-program-here")};
    assert_false(process_run(&spec, NULL, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_PROCESS));
    assert_non_null(strstr(error->message, "no-such-program-here is not installed"));
    g_clear_error(&error);
    assert_int_equal(process_spawn(&spec, &error), -1);
    assert_non_null(error);
    g_clear_error(&error);
    ProcessSpec elsewhere = {.argv = ARGV("true"), .working_directory = "/no/such/folder"};
    assert_false(process_run(&elsewhere, NULL, &error));
    assert_string_equal(error->message, "cannot start true: No such file or directory");
}

static void
program_that_takes_too_long_is_killed_with_its_children(void **state)
{
    (void)state;
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    fcntl(pipe_fds[0], F_SETFD, FD_CLOEXEC);
    /* the grandchild holds the pipe: its end is seen as end of file */
    ProcessSpec spec = {.argv = ARGV("sh", "-c", "sleep 1000 & sleep 1000"),
                        .timeout_ms = 200,
                        .inherited_fd = pipe_fds[1]};
    g_autoptr(GError) error = NULL;
    assert_false(process_run(&spec, NULL, &error));
    close(pipe_fds[1]);
    assert_true(steel_error_is(error, STEEL_ERROR_TIMEOUT));
    struct pollfd polled = {.fd = pipe_fds[0], .events = POLLIN};
    assert_int_equal(poll(&polled, 1, 10000), 1);
    char byte;
    assert_int_equal(read(pipe_fds[0], &byte, 1), 0);
    close(pipe_fds[0]);
}

static void
end_is_seen_although_a_grandchild_keeps_the_output_open(void **state)
{
    (void)state;
    ProcessSpec spec = {.argv = ARGV("sh", "-c", "sleep 1000 & echo $!"), .timeout_ms = 20000};
    g_auto(ProcessResult) result = {0};
    g_autoptr(GError) error = NULL;
    assert_true(process_run(&spec, &result, &error));
    kill((pid_t)g_ascii_strtoll(result.output, NULL, 10), SIGKILL);
}

static void
environment_and_folder_are_the_ones_asked_for(void **state)
{
    (void)state;
    ProcessSpec spec = {.argv = ARGV("sh", "-c", "echo $STEEL_TEST $PWD; test -n \"$PATH\""),
                        .environment = ARGV("STEEL_TEST=seven"),
                        .working_directory = "/usr"};
    g_auto(ProcessResult) result = {0};
    assert_true(process_run(&spec, &result, NULL));
    assert_string_equal(result.output, "seven /usr\n");
}

static void
descriptors_do_not_leak_into_the_program(void **state)
{
    (void)state;
    int leaking = open("/dev/null", O_RDONLY); /* on purpose without close-on-exec */
    g_autofree char *test = g_strdup_printf("test ! -e /proc/self/fd/%d", leaking);
    ProcessSpec spec = {.argv = ARGV("sh", "-c", test)};
    g_autoptr(GError) error = NULL;
    assert_true(process_run(&spec, NULL, &error));
    close(leaking);
}

static void
spawned_child_writes_to_its_file_and_is_ended(void **state)
{
    (void)state;
    int pipe_fds[2];
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    ProcessSpec spec = {.argv =
                            ARGV("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"),
                        .output_fd = pipe_fds[1]};
    g_autoptr(GError) error = NULL;
    pid_t pid = process_spawn(&spec, &error);
    assert_true(pid > 0);
    assert_int_equal(getpgid(pid), pid);
    char text[8] = "";
    assert_int_equal(read(pipe_fds[0], text, 6), 6);
    assert_string_equal(text, "ready\n");
    assert_false(process_end(pid, SIGTERM, 100)); /* it ignores SIGTERM */
    assert_int_equal(kill(pid, 0), -1);
    ProcessSpec obedient = {.argv = ARGV("sleep", "1000")};
    pid = process_spawn(&obedient, &error);
    assert_true(process_end(pid, SIGTERM, 20000));
    assert_true(process_end(0, SIGTERM, 0));
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void
spawned_child_dies_when_its_parent_is_killed(void **state)
{
    (void)state;
    int pipe_fds[2];
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    pid_t parent = fork();
    if (parent == 0) {
        ProcessSpec spec = {.argv = ARGV("sh", "-c", "trap '' TERM HUP; echo up; exec sleep 1000"),
                            .output_fd = pipe_fds[1]};
        if (process_spawn(&spec, NULL) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    close(pipe_fds[1]);
    char text[4] = "";
    assert_int_equal(read(pipe_fds[0], text, 3), 3);
    kill(parent, SIGKILL);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    /* the child holds the other end of the pipe until it dies */
    struct pollfd polled = {.fd = pipe_fds[0], .events = POLLIN};
    assert_int_equal(poll(&polled, 1, 10000), 1);
    assert_int_equal(read(pipe_fds[0], text, 1), 0);
    close(pipe_fds[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_stderr_are_captured_apart),
        cmocka_unit_test(arguments_reach_the_program_without_a_shell),
        cmocka_unit_test(input_larger_than_a_pipe_comes_back_whole),
        cmocka_unit_test(input_that_nobody_reads_is_no_error),
        cmocka_unit_test(output_beyond_the_limit_is_dropped_and_reported),
        cmocka_unit_test(failure_names_program_status_and_last_line_of_stderr),
        cmocka_unit_test(failure_is_a_result_where_the_caller_accepts_it),
        cmocka_unit_test(death_by_signal_is_an_error),
        cmocka_unit_test(program_that_does_not_exist_is_named),
        cmocka_unit_test(program_that_takes_too_long_is_killed_with_its_children),
        cmocka_unit_test(end_is_seen_although_a_grandchild_keeps_the_output_open),
        cmocka_unit_test(environment_and_folder_are_the_ones_asked_for),
        cmocka_unit_test(descriptors_do_not_leak_into_the_program),
        cmocka_unit_test(spawned_child_writes_to_its_file_and_is_ended),
        cmocka_unit_test(spawned_child_dies_when_its_parent_is_killed),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
