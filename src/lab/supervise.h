/* Runs the lab's daemon under a small guardian process that outlives it. However the daemon ends,
 * even by SIGKILL, the guardian kills its remaining children. If the guardian is killed, the kernel
 * kills the daemon and its children (see common/process.h).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* What runs as the daemon, in a session of its own with stdin from /dev/null and stdout and stderr
 * in the log. It writes "ready" or an error for the user to ready_fd, and closes it. Returns the
 * exit status. */
typedef int (*DaemonMain)(void *user_data, int ready_fd);

/* Starts guardian and daemon and waits until the daemon is ready. Both inherit all open
 * descriptors, so a lock of the caller is held until both have ended.
 *
 * log_path   appended to
 * Errors     PROCESS (with what the daemon said), IO, TIMEOUT
 * Threads    only in a process with one thread: it forks
 */
bool supervise_start(DaemonMain daemon_main, void *user_data, const char *log_path, int timeout_ms,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
