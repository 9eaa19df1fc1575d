/* What the files of the registry share: the tables of hardware types and implementations, and the
 * registry itself.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/registry.h"

/* A hardware type; interfaces.def lists the interfaces that it supports. */
typedef struct HardwareType {
    const char *name;   /* node.driver */
    unsigned bit;       /* its bit in InterfaceRow.hardware_types */
    bool any_interface; /* takes any enabled interface, supported or not */
} HardwareType;

/* A row of interfaces.def. */
typedef struct InterfaceRow {
    InterfaceType type;
    const Interface *interface;
    unsigned hardware_types; /* that support it, and perhaps ROW_BY_NAME */
} InterfaceRow;

enum {
#define HARDWARE_TYPE(code, name, any) HARDWARE_##code,
#include "drivers/hardware_types.def"
#undef HARDWARE_TYPE
    HARDWARE_TYPE_COUNT
};

/* Enabled only where the operator has listed it in enabled_*_interfaces. */
#define ROW_BY_NAME (1u << HARDWARE_TYPE_COUNT)

extern const HardwareType hardware_types[HARDWARE_TYPE_COUNT];

/* All implementations, those of each kind in order of preference. Static. */
const InterfaceRow *interface_rows(size_t *count);

/* True if Ironic has, or had, one of this name (ironic_names.def). */
bool ironic_has_hardware_type(const char *name);
bool ironic_has_interface(InterfaceType type, const char *name);

struct Registry {
    bool hardware_types[HARDWARE_TYPE_COUNT]; /* enabled, by index in the table */
    bool *rows;                               /* owned: enabled, by index in interface_rows */
    const Interface *defaults[HARDWARE_TYPE_COUNT][INTERFACE_COUNT];
};

/* The index of an enabled hardware type, or -1. */
int registry_hardware_index(const Registry *registry, const char *name);

/* The options of a kind of interface. */
typedef struct InterfaceOptions {
    ConfigOption enabled, standard;
} InterfaceOptions;
extern const InterfaceOptions interface_options[INTERFACE_COUNT];
