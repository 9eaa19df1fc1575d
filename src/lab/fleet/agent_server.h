/* The API of all agents of a fleet on one listener, as steel-agent serves it: an agent is known by
 * the port that a client comes to. Commands are answered on the HTTP thread, since none takes time;
 * what runs on is in the machine.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/fleet/machine.h"

typedef struct FleetServer FleetServer;

/* Starts to serve; the doors hand over their connections. machines: `count`, borrowed. Errors:
 * IO, INTERNAL. */
FleetServer *fleet_server_start(Doors *doors, FleetMachine *machines, unsigned count,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Closes all connections and frees. The doors are stopped before. NULL is fine. */
void fleet_server_free(FleetServer *server);
