/* The step update_firmware of the management interface redfish.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/step.h"

/* Updates one component after the other: publishes its file where the BMC is to take it from here,
 * tells the BMC, starts the machine again, and waits for the BMC's task and for as long as the
 * operator says.
 *
 * args    {"firmware_images": [{"url", "checksum", "wait"?, "source"?}]}
 * Errors  INVALID names what is wrong with args; those of firmware_images.h and bmc/redfish */
StepOutcome redfish_firmware_run(Task *task, const json_t *args, GError **error);
StepOutcome redfish_firmware_resume(Task *task, const json_t *args, GError **error);
