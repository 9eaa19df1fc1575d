/* What a simulated agent asks of its service and of image servers, as steel-agent does. Each blocks
 * on the network; for the machine's job.
 *
 * epoch  as in boot_steps.h
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/fleet/machine.h"

/* MACHINE_RAMDISK: the agent starts and looks for its node. */
void agent_look_up(FleetMachine *machine, unsigned epoch);

/* MACHINE_AGENT */
void agent_heartbeat(FleetMachine *machine, unsigned epoch);
void agent_tell_progress(FleetMachine *machine, unsigned epoch);

/* Asks for the image that it is to write, as the agent would fetch it. If it is not there, the
 * command fails. */
void agent_check_image(FleetMachine *machine, unsigned epoch);
