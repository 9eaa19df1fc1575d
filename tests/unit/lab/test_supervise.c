/* However the daemon ends, its children end with it, also those that a child of its own left
 * behind.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"
#include "common/process.h"
#include "lab/folder.h"
#include "lab/supervise.h"

#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define START_MS 20000

/* A daemon with a child and an orphaned grandchild that ignore SIGTERM; all of them hold the pipe,
 * whose end of file says that all are gone. Then it does as told. */
typedef struct Plan {
    int held_fd;
    int pid_fd; /* the daemon writes its process id here */
    bool fails;
} Plan;

static int
daemon_with_children(void *user_data, int ready_fd)
{
    const Plan *plan = user_data;
    if (plan->fails) {
        dprintf(ready_fd, "the port is taken");
        return 1;
    }
    const char *argv[] = {"sh", "-c", "trap '' TERM HUP; (setsid sleep 1000 &) ; exec sleep 1000",
                          NULL};
    ProcessSpec spec = {.argv = argv, .inherited_fd = plan->held_fd};
    g_autoptr(GError) error = NULL;
    if (process_spawn(&spec, &error) < 0) {
        dprintf(ready_fd, "%s", error->message);
        return 1;
    }
    pid_t self = getpid();
    if (write(plan->pid_fd, &self, sizeof self) != (ssize_t)sizeof self)
        return 1;
    close(plan->held_fd);
    dprintf(ready_fd, "ready");
    close(ready_fd);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    int number;
    sigwait(&signals, &number); /* blocked by the guardian already */
    return 0;
}

static void
assert_all_end(int held)
{
    struct pollfd polled = {.fd = held, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, START_MS), 1);
    char byte;
    assert_int_equal(read(held, &byte, 1), 0);
}

/* Starts all processes, kills one, waits until none is left. */
static void
check_end(bool kill_guardian, int signal_number)
{
    g_autofree char *folder = g_dir_make_tmp("supervise-XXXXXX", NULL);
    g_autofree char *log = g_build_filename(folder, "log", NULL);
    int held[2], pids[2];
    assert_int_equal(pipe2(held, O_CLOEXEC), 0);
    assert_int_equal(pipe2(pids, O_CLOEXEC), 0);
    Plan plan = {.held_fd = held[1], .pid_fd = pids[1]};
    g_autoptr(GError) error = NULL;
    if (!supervise_start(daemon_with_children, &plan, log, START_MS, &error))
        fail_msg("%s", error->message);
    close(held[1]);
    pid_t daemon;
    assert_int_equal(read(pids[0], &daemon, sizeof daemon), sizeof daemon);
    pid_t guardian = getpgid(daemon); /* it leads the session */
    kill(kill_guardian ? guardian : daemon, signal_number);
    assert_int_equal(waitpid(guardian, NULL, 0), guardian);
    assert_all_end(held[0]);
    close(held[0]);
    close(pids[0]);
    close(pids[1]);
    folder_remove(folder);
}

static void
nothing_survives_a_killed_daemon(void **state)
{
    (void)state;
    check_end(false, SIGKILL);
}

static void
nothing_survives_a_daemon_that_is_asked_to_end(void **state)
{
    (void)state;
    check_end(false, SIGTERM);
}

static void
guardian_passes_on_the_wish_to_end(void **state)
{
    (void)state;
    check_end(true, SIGTERM);
}

static void
reason_of_a_failed_start_reaches_the_caller(void **state)
{
    (void)state;
    g_autofree char *folder = g_dir_make_tmp("supervise-XXXXXX", NULL);
    g_autofree char *log = g_build_filename(folder, "log", NULL);
    Plan plan = {.fails = true};
    g_autoptr(GError) error = NULL;
    assert_false(supervise_start(daemon_with_children, &plan, log, START_MS, &error));
    assert_string_equal(error->message, "the port is taken");
    while (waitpid(-1, NULL, 0) > 0)
        ;
    folder_remove(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_survives_a_killed_daemon),
        cmocka_unit_test(nothing_survives_a_daemon_that_is_asked_to_end),
        cmocka_unit_test(guardian_passes_on_the_wish_to_end),
        cmocka_unit_test(reason_of_a_failed_start_reaches_the_caller),
    };
    return cmocka_run_group_tests_name("lab/supervise", tests, NULL, NULL);
}
