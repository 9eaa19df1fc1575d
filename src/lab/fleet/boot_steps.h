/* What a simulated machine does until its ramdisk or its system runs: asks for the boot script,
 * loads what it names, reports. Each blocks on the boot server; for the machine's job.
 *
 * epoch  of the machine when the step began: if its power has changed since, the step has no effect
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/fleet/machine.h"

/* MACHINE_FIRMWARE: chooses network or disk. Does not block. */
void boot_choose_device(FleetMachine *machine) REQUIRES(machine->lock);

/* MACHINE_SCRIPT */
void boot_ask_script(FleetMachine *machine, unsigned epoch);

/* MACHINE_LOADING */
void boot_load(FleetMachine *machine, unsigned epoch);
