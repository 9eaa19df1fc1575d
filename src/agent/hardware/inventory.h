/* What the machine is made of, as Ironic's inventory has it. SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* {"interfaces", "cpu", "disks", "memory", "bmc_address", "bmc_v6address", "bmc_mac"?,
 * "system_vendor", "boot", "hostname"}, a new reference. Takes as long as LLDP is listened for,
 * where it is. */
json_t *inventory_collect(Agent *agent);
