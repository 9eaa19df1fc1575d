/* The deploy steps of the interface direct, with Ironic's names and priorities: an agent writes an
 * image to the machine's disk. For a node that boots from a volume only the last two steps do
 * something.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/step.h"

extern const StepDef direct_deploy_steps[];
