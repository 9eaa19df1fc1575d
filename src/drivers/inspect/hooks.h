/* The hooks of an inspection, for the table in inspection.c. Their contract is InspectionHook's.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/inspect/inspection.h"

/* hook_interfaces.c */
bool hook_interfaces_prepare(Inspection *inspection, GError **error);
bool hook_ports_run(Inspection *inspection, GError **error);

/* hook_properties.c */
bool hook_architecture_run(Inspection *inspection, GError **error);
bool hook_cpus_run(Inspection *inspection, GError **error);
bool hook_memory_run(Inspection *inspection, GError **error);
bool hook_root_device_run(Inspection *inspection, GError **error);

/* hook_capabilities.c */
bool hook_boot_mode_run(Inspection *inspection, GError **error);
bool hook_cpu_capabilities_run(Inspection *inspection, GError **error);
bool hook_pci_devices_run(Inspection *inspection, GError **error);
bool hook_pci_aliases_valid(GError **error);

/* hook_lldp.c */
bool hook_local_link_run(Inspection *inspection, GError **error);
bool hook_parse_lldp_run(Inspection *inspection, GError **error);
