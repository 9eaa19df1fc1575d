/* The argument of the step `update` of firmware interfaces, as all of them take it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

/* StepDef.arguments. */
#define FIRMWARE_SETTINGS_ARGUMENTS                                                                \
    "{\"settings\": {\"description\": \"A list of dicts with firmware components to be "           \
    "updated\", \"required\": true}}"

/* The checked list: 1 to 64 of {"component": "bios", "bmc" or "nic:...", "url": str, "wait"?:
 * seconds}; borrowed. NULL with INVALID, which names what is wrong. */
const json_t *firmware_settings(const json_t *args, GError **error);
