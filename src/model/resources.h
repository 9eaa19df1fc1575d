/* The resources of the API as structs and field tables; each is a row of resources.def and one list
 * of fields (NAME.def).
 *
 * The code that made or loaded a record owns it; threads share none. NAME_new, NAME_copy, NAME_free
 * and g_autoptr(NAME) work for each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/record.h"

#define FIELD FIELD_AS_MEMBER

typedef struct Node {
#include "model/node.def"
} Node;

typedef struct Port {
#include "model/port.def"
} Port;

typedef struct Portgroup {
#include "model/portgroup.def"
} Portgroup;

typedef struct VolumeConnector {
#include "model/volume_connector.def"
} VolumeConnector;

typedef struct VolumeTarget {
#include "model/volume_target.def"
} VolumeTarget;

typedef struct Chassis {
#include "model/chassis.def"
} Chassis;

typedef struct Allocation {
#include "model/allocation.def"
} Allocation;

typedef struct DeployTemplate {
#include "model/deploy_template.def"
} DeployTemplate;

typedef struct Runbook {
#include "model/runbook.def"
} Runbook;

typedef struct InspectionRule {
#include "model/inspection_rule.def"
} InspectionRule;

typedef struct ConductorRecord {
#include "model/conductor.def"
} ConductorRecord;

typedef struct NodeHistory {
#include "model/node_history.def"
} NodeHistory;

typedef struct TimelinePhase {
#include "model/timeline_phase.def"
} TimelinePhase;

typedef struct FirmwareComponent {
#include "model/firmware_component.def"
} FirmwareComponent;

typedef struct BiosSetting {
#include "model/bios_setting.def"
} BiosSetting;

#undef FIELD

#define RESOURCE(Type, prefix, word, collection, path, table, key, name)                           \
    RECORD_DECLARE(Type, prefix)
#include "model/resources.def"
#undef RESOURCE

/* The place of a resource among all: Resource.index. */
enum {
#define RESOURCE(Type, prefix, word, collection, path, table, key, name) RESOURCE_##prefix,
#include "model/resources.def"
#undef RESOURCE
    RESOURCE_COUNT
};

/* All resources, by index. */
extern const Resource *const all_resources[RESOURCE_COUNT];
