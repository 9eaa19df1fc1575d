/* The daemon: opens the log and the database, starts its parts in order, waits for a signal, and
 * stops them in the reverse order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cmd/rpc_parts.h"
#include "common/config.h"

/* Runs until SIGTERM or SIGINT, or until what SIGUSR2 has left to do is done. The configuration is
 * published (config_current). Once in a process, on its main thread, before any other thread.
 * Errors: what kept it from starting, of any kind. */
bool daemon_run(Role role, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes [DEFAULT]state_path. Errors: IO. */
bool daemon_make_state_path(const Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
