/* Checks a node's volumes, connectors and capabilities for Cinder, by Ironic's rules in their
 * order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* As Interface.validate. Errors: INVALID naming what to set; STORAGE: the numbers of wwpn and wwnn
 * connectors differ */
bool cinder_storage_validate(Task *task, GError **error);
