/* A machine's turns: what is due is done, one thing after the other, in a job of the pool.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/fleet/machine.h"

/* MachineShared.job: takes a FleetMachine. Blocks on the network. */
void life_turn(void *machine);
