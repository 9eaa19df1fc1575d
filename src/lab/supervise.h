/* Runs the lab's daemon under a small guardian process that outlives it: whatever way the daemon ends, also by SIGKILL,
 * the guardian kills what it left behind. And should the guardian be killed, the kernel kills the daemon, and with it
 * its children (see common/process.h).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* What runs as the daemon, in a session of its own with stdin from /dev/null and stdout and stderr in the log. It says
 * on ready_fd how its start went, "ready" or an error for the user, and closes it. Returns the exit status. */
typedef int (*DaemonMain)(void *user_data, int ready_fd);

/* Starts guardian and daemon and waits until the daemon says that it is ready. Both inherit all open descriptors, so a
 * lock that the caller holds lasts until both are gone.
 *
 * log_path   appended to
 * Errors     PROCESS (with what the daemon said), IO, TIMEOUT
 * Threads    only in a process with one thread: it forks
 */
bool supervise_start(DaemonMain daemon_main, void *user_data, const char *log_path, int timeout_ms,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
