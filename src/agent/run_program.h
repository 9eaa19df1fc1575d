/* Runs programs that the ramdisk may have, for steps. SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/progress.h"
#include "agent_protocol/agent_error.h"

/* Runs a program to its end; what it says goes to the log, which the service collects.
 *
 * argv    NULL-ended
 * output  out, owned, what it has said on both streams, at most RUN_PROGRAM_LIMIT of it; may be
 *         NULL
 * Errors  NOT_FOUND naming the option of steel-ramdisk that brings the program; PROCESS with its
 *         last line; CANCELLED when progress_stopped(): the program is ended */
#define RUN_PROGRAM_LIMIT (64u * 1024)
bool run_program(const char *const *argv, const Progress *progress, char **output,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
