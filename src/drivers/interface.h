/* What every interface of a driver has in common: a name, properties, validation, steps, capabilities. The contract of
 * each kind of interface stands in its folder (power/power.h, ...); every implementation is one constant table whose
 * first member is this.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>
#include <stddef.h>

typedef struct Task Task;

typedef enum InterfaceType {
    INTERFACE_BIOS,
    INTERFACE_BOOT,
    INTERFACE_CONSOLE,
    INTERFACE_DEPLOY,
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

/* What comes after a step. WAIT keeps no thread and no lock: it is a state in the database with a deadline. */
typedef enum StepResult {
    STEP_DONE,  /* go on with the next step */
    STEP_WAIT,  /* the machine or its agent will call; the step is finished by that call */
    STEP_AGAIN, /* call the same step again after *again_ms, lock kept, no thread kept */
    STEP_ERROR, /* the error is set */
} StepResult;

/* One step an interface offers. Rows end with {0}.
 *
 * run   called from a worker with the node locked exclusively; may block on the BMC up to a deadline. Must be fit to be
 *       called again after the process died in it. args is the operator's object or NULL, borrowed. */
typedef struct StepDef {
    const char *name;
    int priority; /* order of automatic runs, high first; 0: only on request */
    bool abortable;
    bool requires_ramdisk;
    StepResult (*run)(Task *task, const json_t *args, unsigned *again_ms, GError **error);
    const char
        *arguments; /* JSON text: {name: {"description": str, "required": bool}}; NULL: none */
} StepDef;

/* A key of driver_info that the interface reads. Rows end with {0}. */
typedef struct PropertyDef {
    const char *name;
    bool required;
    const char *help;
} PropertyDef;

enum {
    CAPABILITY_IPXE_BOOT = 1 << 0,         /* can hand a machine an iPXE script */
    CAPABILITY_ISCSI_VOLUME_BOOT = 1 << 1, /* can boot a machine from an iSCSI volume */
    CAPABILITY_FC_VOLUME_BOOT = 1 << 2,
    CAPABILITY_RAMDISK_BOOT = 1 << 3,
};

typedef struct Interface {
    const char *name;              /* as in enabled_*_interfaces and in the node's field */
    const PropertyDef *properties; /* NULL: none */
    const StepDef *deploy_steps;   /* NULL: none */
    const StepDef *clean_steps;    /* NULL: none */
    unsigned capabilities;

    /* Checks the node's configuration without touching hardware. The error's text is what the operator reads in
     * `node validate`. NULL: always valid. Errors: INVALID, MISSING, UNSUPPORTED, STORAGE. */
    bool (*validate)(Task *task, GError **error);
} Interface;

/* The steps of an interface, or NULL. */
typedef enum StepKind { STEP_KIND_DEPLOY, STEP_KIND_CLEAN } StepKind;
const StepDef *interface_steps(const Interface *interface, StepKind kind);
