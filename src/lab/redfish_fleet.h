/* A fleet of simulated BMCs that speak Redfish: one process, one address, a TCP port for each, one
 * certificate, few threads.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/options.h"

/* The part of fleet_run (fleet.h) for `--redfish N`: the folder is made and locked.
 *
 * signal_fd  readable when the fleet is to end
 * Errors     INVALID, IO (a port is in use, too few descriptors) */
bool redfish_fleet_run(const LabOptions *options, const char *folder, int signal_fd,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
