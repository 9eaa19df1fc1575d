/* The hardware of a simulated machine, as an agent reports it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/fleet/machine.h"

/* The inventory, a new object. While the machine's agent is up; any thread. */
json_t *fleet_inventory(const FleetMachine *machine);
