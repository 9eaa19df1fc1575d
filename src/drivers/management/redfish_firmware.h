/* Firmware updates over Redfish: the step update_firmware of the management interface redfish, and
 * what the firmware interface redfish has in common with it.
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

/* The same for checked images: [{"url", "checksum"?, "wait"?, "source"?}]. Without an agent on the
 * machine nothing but its system is started again, and the step asks the BMC until it has ended. */
StepOutcome redfish_firmware_images_run(Task *task, const json_t *images, GError **error);
StepOutcome redfish_firmware_images_resume(Task *task, const json_t *images, GError **error);
