/* Collects the hardware inventory in the shape of Ironic's agent.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* {"interfaces", "cpu", "disks", "memory", "bmc_address", "bmc_v6address", "bmc_mac"?,
 * "system_vendor", "boot", "hostname"}, a new reference. Reads /sys and /proc alone. */
json_t *inventory_collect(Agent *agent);
