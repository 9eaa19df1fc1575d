/* Collects the hardware inventory in the shape of Ironic's agent.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* {"interfaces", "cpu", "disks", "memory", "bmc_address", "bmc_v6address", "bmc_mac"?,
 * "system_vendor", "boot", "hostname", "pci_devices"}, a new reference. Reads /sys and /proc, asks
 * the BMC, and listens for LLDP for up to ipa-lldp-timeout seconds where ipa-collect-lldp is
 * set. */
json_t *inventory_collect(Agent *agent);
