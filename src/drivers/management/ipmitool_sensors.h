/* The get_sensors of the management interface ipmitool; its contract is in management.h.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

json_t *ipmitool_sensors_get(Task *task, GError **error);
