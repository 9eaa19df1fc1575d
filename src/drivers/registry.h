/* The hardware types and interfaces: which exist, which are enabled, and which one a node gets.
 *
 * The registry is built once from the configuration and then immutable: any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "drivers/interface.h"
#include "model/resources.h"

typedef struct BiosOps BiosOps;
typedef struct BootOps BootOps;
typedef struct ConsoleOps ConsoleOps;
typedef struct DeployOps DeployOps;
typedef struct FirmwareOps FirmwareOps;
typedef struct InspectOps InspectOps;
typedef struct ManagementOps ManagementOps;
typedef struct NetworkOps NetworkOps;
typedef struct PowerOps PowerOps;
typedef struct RaidOps RaidOps;
typedef struct RescueOps RescueOps;
typedef struct StorageOps StorageOps;
typedef struct VendorOps VendorOps;

/* The implementations a node works with, one of each kind; all borrowed from the constant tables,
 * none NULL. */
typedef struct DriverSet {
    const BiosOps *bios;
    const BootOps *boot;
    const ConsoleOps *console;
    const DeployOps *deploy;
    const FirmwareOps *firmware;
    const InspectOps *inspect;
    const ManagementOps *management;
    const NetworkOps *network;
    const PowerOps *power;
    const RaidOps *raid;
    const RescueOps *rescue;
    const StorageOps *storage;
    const VendorOps *vendor;
} DriverSet;

typedef struct Registry Registry;

/* Reads enabled_hardware_types, enabled_*_interfaces and default_*_interface. Names that Ironic has
 * and Steel lacks are left out, with one warning. If a list then has no interface for a hardware
 * type, it counts as unset for that type.
 * Errors: CONFIG, a line for each mistake: an unknown name, no hardware type left, a hardware type
 * without an interface of a kind, a default that is not enabled or not supported. */
Registry *registry_new(const Config *config, GError **error);

/* The same without its result and its warning: a ConfigCheck. */
bool registry_check(const Config *config, GError **error);
void registry_free(Registry *registry);

/* The enabled hardware types with their enabled interfaces and defaults:
 * [{"name": str, "interfaces": {"power": {"default": str or null, "enabled": [str]}}}], a new
 * reference. */
json_t *registry_hardware(const Registry *registry);

/* Fills the node's empty interface fields with their defaults, after checking the driver and those
 * that are set. INVALID names the interface and what is enabled. */
bool registry_complete_node(const Registry *registry, Node *node, GError **error);

/* Empties every interface field of the node that is not in `keep` (names, NULL-terminated, may be
 * NULL). */
void registry_reset_interfaces(Node *node, const char *const *keep);

/* The node's implementations; instance_info["<kind>_interface"] wins over the field. INVALID when
 * one is not enabled. */
bool registry_driver_set(const Registry *registry, const Node *node, DriverSet *set,
                         GError **error);

/* The member of a set by kind, and the node's field by kind. */
const Interface *driver_set_interface(const DriverSet *set, InterfaceType type);
char **node_interface_field(Node *node, InterfaceType type);

/* {property: help} of the default interfaces of a hardware type; NOT_FOUND when it is not enabled.
 * A new reference. */
json_t *registry_driver_properties(const Registry *registry, const char *hardware_type,
                                   GError **error);

/* The default vendor interface of a hardware type; NULL with NOT_FOUND if it is not enabled. */
const VendorOps *registry_default_vendor(const Registry *registry, const char *hardware_type,
                                         GError **error);
