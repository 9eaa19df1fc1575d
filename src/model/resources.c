/* The field tables, generated from the same lists as the structs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/resources.h"

static const Field node_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Node, name, type, since, flags, limit, absent)
#include "model/node.def"
#undef FIELD
};

static const Field port_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Port, name, type, since, flags, limit, absent)
#include "model/port.def"
#undef FIELD
};

static const Field portgroup_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Portgroup, name, type, since, flags, limit, absent)
#include "model/portgroup.def"
#undef FIELD
};

static const Field volume_connector_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(VolumeConnector, name, type, since, flags, limit, absent)
#include "model/volume_connector.def"
#undef FIELD
};

static const Field volume_target_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(VolumeTarget, name, type, since, flags, limit, absent)
#include "model/volume_target.def"
#undef FIELD
};

static const Field chassis_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Chassis, name, type, since, flags, limit, absent)
#include "model/chassis.def"
#undef FIELD
};

static const Field allocation_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Allocation, name, type, since, flags, limit, absent)
#include "model/allocation.def"
#undef FIELD
};

static const Field deploy_template_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(DeployTemplate, name, type, since, flags, limit, absent)
#include "model/deploy_template.def"
#undef FIELD
};

static const Field runbook_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Runbook, name, type, since, flags, limit, absent)
#include "model/runbook.def"
#undef FIELD
};

static const Field inspection_rule_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(InspectionRule, name, type, since, flags, limit, absent)
#include "model/inspection_rule.def"
#undef FIELD
};

static const Field conductor_record_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(ConductorRecord, name, type, since, flags, limit, absent)
#include "model/conductor.def"
#undef FIELD
};

static const Field node_history_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(NodeHistory, name, type, since, flags, limit, absent)
#include "model/node_history.def"
#undef FIELD
};

static const Field timeline_phase_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(TimelinePhase, name, type, since, flags, limit, absent)
#include "model/timeline_phase.def"
#undef FIELD
};

static const Field firmware_component_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(FirmwareComponent, name, type, since, flags, limit, absent)
#include "model/firmware_component.def"
#undef FIELD
};

static const Field bios_setting_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(BiosSetting, name, type, since, flags, limit, absent)
#include "model/bios_setting.def"
#undef FIELD
};

/* GPtrArray frees its elements without knowing what they are. */
#define RESOURCE(Type, prefix, word, collection_, path_, table_, key_, name_)                      \
    static void prefix##_free_any(void *record)                                                    \
    {                                                                                              \
        prefix##_free(record);                                                                     \
    }                                                                                              \
    const Resource prefix##_resource = {                                                           \
        .index = RESOURCE_##prefix,                                                                \
        .name = word,                                                                              \
        .collection = collection_,                                                                 \
        .path = path_,                                                                             \
        .table = table_,                                                                           \
        .key = key_,                                                                               \
        .name_field = name_,                                                                       \
        .fields = prefix##_fields,                                                                 \
        .field_count = G_N_ELEMENTS(prefix##_fields),                                              \
        .size = sizeof(Type),                                                                      \
        .free = prefix##_free_any,                                                                 \
    };
#include "model/resources.def"
#undef RESOURCE

const Resource *const all_resources[RESOURCE_COUNT] = {
#define RESOURCE(Type, prefix, word, collection, path, table, key, name) &prefix##_resource,
#include "model/resources.def"
#undef RESOURCE
};
