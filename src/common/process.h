/* Runs other programs: to their end with their output captured, or as children that end with this
 * process.
 *
 * A program is started by fork and exec with no shell in between. Every child gets a process group
 * of its own, an empty signal mask, default signal handlers, no descriptor it was not given, and
 * PR_SET_PDEATHSIG (prctl(2)): the kernel kills it when the thread that started it ends. So a
 * thread that lives long enough starts long-lived children, as a rule the main thread. Errors name
 * the program and the last line of its stderr, never its arguments, which may hold secrets.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What to start. Zero means the default everywhere; all pointers are borrowed for the call. */
typedef struct ProcessSpec {
    /* NULL-ended; argv[0] without a slash is looked up in PATH, /usr/sbin and /sbin */
    const char *const *argv;
    const char *const *environment; /* NULL-ended "NAME=value" that add to or replace ours */
    const char *working_directory;
    int network_namespace; /* descriptor of a network namespace to enter; 0: stay in ours */
    int inherited_fd; /* one more descriptor that the child keeps, under the same number; 0: none */

    /* for process_run */
    const void *input; /* written to its stdin; NULL: stdin is /dev/null */
    size_t input_size;
    int timeout_ms;       /* 0: 60,000 */
    size_t output_limit;  /* bytes kept of each stream, the rest is read and dropped; 0: 1 MiB */
    bool accepts_failure; /* an exit status other than 0 is a result, not an error */

    /* for process_spawn */
    int output_fd; /* takes its stdout and stderr; 0: /dev/null */
} ProcessSpec;

typedef struct ProcessResult {
    int exit_status; /* 0..255; 128 + number when a signal ended it (only with accepts_failure) */
    char *output;    /* stdout, owned, NUL-ended */
    size_t output_size; /* without that NUL */
    char *errors;       /* stderr, owned, NUL-ended */
    bool truncated;     /* output or errors was longer than output_limit */
} ProcessResult;

/* Frees what the result holds and empties it; NULL and an empty result are fine. */
void process_result_clear(ProcessResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProcessResult, process_result_clear)

/* Runs a program to its end.
 *
 * result   out, may be NULL; untouched on failure.
 * Errors   PROCESS (not found, cannot be started, exit status other than 0, killed by a signal),
 *          TIMEOUT (it and its process group are killed first).
 * Threads  any; blocks the caller up to timeout_ms.
 */
bool process_run(const ProcessSpec *spec, ProcessResult *result,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts a program and returns its process id, which is also its process group; -1 on failure.
 *
 * stdin is /dev/null. The caller reaps it, with process_end or waitpid.
 * Errors   PROCESS (not found, cannot be started).
 * Threads  any; the child is killed when the calling thread ends.
 */
pid_t process_spawn(const ProcessSpec *spec, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends a child: sends `signal_number` to it, and SIGKILL to its group after grace_ms. Returns when
 * it is reaped; true if it ended without SIGKILL. Does nothing for a process id of 0 or less. Any
 * thread; blocks. */
bool process_end(pid_t pid, int signal_number, int grace_ms);

/* Where a program would be found: a new string, or NULL. Any thread. */
char *process_find(const char *name);
