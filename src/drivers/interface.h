/* What every interface of a driver has in common: a name, properties, validation, steps,
 * capabilities. Each kind of interface has its contract in its folder (power/power.h, ...). Every
 * implementation is one constant table that begins with this struct.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "drivers/step.h"
#include <jansson.h>
#include <stddef.h>

typedef enum InterfaceType {
    INTERFACE_BIOS,
    INTERFACE_BOOT,
    INTERFACE_CONSOLE,
    INTERFACE_DEPLOY,
    INTERFACE_FIRMWARE,
    INTERFACE_INSPECT,
    INTERFACE_MANAGEMENT,
    INTERFACE_NETWORK,
    INTERFACE_POWER,
    INTERFACE_RAID,
    INTERFACE_RESCUE,
    INTERFACE_STORAGE,
    INTERFACE_VENDOR,
    INTERFACE_COUNT
} InterfaceType;

/* "power"; the node's field is "<name>_interface". */
const char *interface_type_name(InterfaceType type);
bool interface_type_from_name(const char *name, InterfaceType *type);

/* A key of driver_info that the interface reads. Rows end with {0}. */
typedef struct PropertyDef {
    const char *name;
    bool required;
    const char *help;
} PropertyDef;

/* What boot and deploy interfaces can do beyond the usual, as bits: CAPABILITY_IPXE_BOOT, ... */
enum {
#define CAPABILITY(code, word, number, purpose) CAPABILITY_##code = 1 << (number),
#include "drivers/capabilities.def"
#undef CAPABILITY
};

/* The word of one of them, "iscsi_volume_boot"; static; "" of none. */
const char *interface_capability_word(unsigned capability);

typedef struct Interface {
    const char *name;                      /* as in enabled_*_interfaces and in the node's field */
    const PropertyDef *properties;         /* NULL: none */
    const StepDef *steps[STEP_KIND_COUNT]; /* of each kind; NULL: none */
    const StepSource *agent; /* an agent with more steps for this interface; NULL: none */
    unsigned capabilities;
    /* It asks a service that not everybody has: the default of nodes only where the operator has
     * listed it in enabled_*_interfaces. */
    bool needs_service;

    /* Checks the node's configuration: its fields, ports and volumes.
     *
     * When     for `node validate`, before a verb starts work, and again by some works
     * Lock     none, shared or exclusive: changes nothing
     * Blocks   on the database only. It runs on the quick pool, whose few threads all calls share:
     *          it must not ask a BMC, an image server or any other service
     * Errors   INVALID, MISSING, UNSUPPORTED, STORAGE, DATABASE; the text is what the operator
     *          reads, and says what to set
     * Again    any number of times
     * NULL     always valid */
    bool (*validate)(Task *task, GError **error);
} Interface;
