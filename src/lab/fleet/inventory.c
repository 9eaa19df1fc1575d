/* Simulated hardware; the contract is in inventory.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/inventory.h"

#define GIB ((json_int_t)1 << 30)

enum { CPUS = 8, MEMORY_GIB = 16, DISK_GIB = 100 };

static json_t *
disk(const FleetMachine *machine)
{
    g_autofree char *serial = g_strdup_printf("%s-disk", machine->name);
    return json_pack("{s:s, s:s, s:I, s:b, s:s, s:s, s:s, s:n, s:n, s:s}", "name", "/dev/sda",
                     "model", "Simulated disk", "size", DISK_GIB * GIB, "rotational", 0, "serial",
                     serial, "vendor", "Steel", "by_path", "/dev/disk/by-path/sim-0", "wwn", "hctl",
                     "logical_sectors", "512");
}

/* An address of the network for benchmarks (RFC 2544): loopback is no card's. */
static json_t *
card(const FleetMachine *machine)
{
    json_t *address =
        json_sprintf("198.18.%u.%u", machine->index >> 8 & 0xff, machine->index & 0xff);
    return json_pack("{s:s, s:s, s:o, s:n, s:b, s:s, s:s, s:n, s:i}", "name", "eth0", "mac_address",
                     machine->mac, "ipv4_address", address, "lldp", "has_carrier", 1, "vendor",
                     "0x1af4", "product", "0x0001", "client_id", "speed_mbps", 10000);
}

json_t *
fleet_inventory(const FleetMachine *machine)
{
    const char *card_name = parameters_string(machine->parameters, AGENT_PARAMETER_BOOTIF);
    return json_pack("{s:[o], s:{s:s, s:s, s:i, s:s, s:[s, s]}, s:[o], s:{s:I, s:i}, "
                     "s:{s:s, s:s, s:s}, s:{s:s, s:s?}, s:s, s:[], s:s, s:n}",
                     "interfaces", card(machine), "cpu", "model_name", "Simulated processor",
                     "frequency", "2000.0000", "count", CPUS, "architecture", "x86_64", "flags",
                     "vmx", "aes", "disks", disk(machine), "memory", "total", MEMORY_GIB * GIB,
                     "physical_mb", MEMORY_GIB * 1024, "system_vendor", "product_name",
                     "Simulated machine", "serial_number", machine->name, "manufacturer", "Steel",
                     "boot", "current_boot_mode", "bios", "pxe_interface", card_name, "hostname",
                     machine->name, "pci_devices", "bmc_address", machine->shared->options->address,
                     "bmc_v6address");
}
