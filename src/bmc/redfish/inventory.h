/* What a system says it consists of. For workers, with the errors of resource.h.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/system.h"

typedef struct RedfishInventory {
    int64_t memory_mib;       /* 0: not told */
    int64_t threads;          /* of all processors; 0: not told */
    char *architecture;       /* "x86", "ARM", ...; owned; NULL: not told */
    int64_t disk_bytes;       /* the smallest of the disks of 4 GiB and more; 0: none */
    GPtrArray *mac_addresses; /* owned texts, of enabled Ethernet interfaces */
    /* owned documents, as the BMC has them */
    json_t *processor;   /* the first one's; NULL: none is told */
    json_t *interfaces;  /* an array, of all Ethernet interfaces */
    json_t *controllers; /* an array of {"storage", "drives": its drives' documents} */
    json_t *devices;     /* an array, of the devices of SimpleStorage */
    json_t *functions;   /* an array, of the functions of all PCIe devices */
    json_t *ports;       /* an array, of the ports of the network adapters of its chassis */
} RedfishInventory;

void redfish_inventory_clear(RedfishInventory *inventory);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RedfishInventory, redfish_inventory_clear)

/* Reads memory, processors, disks, Ethernet interfaces, PCIe devices and ports. A part that the
 * system does not link is not told; a link that does not work is an error, but for PCIe devices and
 * ports, of which some BMCs tell only while the machine runs: then there are fewer.
 *
 * inventory  out; empty on failure */
bool redfish_inventory_read(const RedfishBmc *bmc, const RedfishSystem *system,
                            RedfishInventory *inventory, GError **error) G_GNUC_WARN_UNUSED_RESULT;
