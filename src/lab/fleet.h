/* A fleet: thousands of simulated BMCs in one process, each on a UDP port of its own, with latency,
 * loss and death that can be changed while it runs.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/options.h"

/* Runs a fleet in the foreground until SIGTERM or SIGINT; prints one line (or a JSON object) when
 * all BMCs answer.
 *
 * folder   for the control socket and lock; made when absent
 * Errors   INVALID, IO (port in use, too few descriptors), LOCKED (a lab or fleet runs there)
 */
bool fleet_run(const LabOptions *options, const char *folder,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Changes BMCs of a running fleet as the options say. Errors: those of control_ask. */
bool fleet_set(const LabOptions *options, const char *folder,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;
