/* What a system's sensors say. For workers, with the errors of resource.h.
 *
 * Source: DSP0268, Chassis, Thermal, Power and Drive.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/system.h"

/* Reads fans, temperatures, power and voltages of the system's chassis, and the health of its
 * drives. A part that cannot be read is left out.
 *
 * Returns  a new array: [{"type": "Temperature", "name": "CPU 1", "unit": "celsius", "value": 44,
 *          "health": "OK"}], at most 512; value and health are absent where the BMC does not
 *          tell */
json_t *redfish_sensors_read(const RedfishBmc *bmc, const RedfishSystem *system, GError **error);
