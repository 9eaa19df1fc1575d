/* For nodes whose driver has no firmware interface: every request is answered UNSUPPORTED.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/firmware/firmware.h"

#include "drivers/unsupported.h"

static bool
no_firmware_validate(Task *task, GError **error)
{
    return interface_validate_none(task, INTERFACE_FIRMWARE, error);
}

const FirmwareOps firmware_no_firmware = {
    .interface = {.name = "no-firmware", .validate = no_firmware_validate},
};
