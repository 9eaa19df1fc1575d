/* The field tables, made from the same lists as the structs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/resources.h"

static const Field node_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Node, name, type, since, flags, limit, absent)
#include "model/node.def"
#undef FIELD
};

const Resource node_resource = {
    .name = "node",
    .collection = "nodes",
    .path = "nodes",
    .table = "nodes",
    .key = "uuid",
    .name_field = "name",
    .fields = node_fields,
    .field_count = G_N_ELEMENTS(node_fields),
    .size = sizeof(Node),
};

static const Field port_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Port, name, type, since, flags, limit, absent)
#include "model/port.def"
#undef FIELD
};

const Resource port_resource = {
    .name = "port",
    .collection = "ports",
    .path = "ports",
    .table = "ports",
    .key = "uuid",
    .name_field = NULL,
    .fields = port_fields,
    .field_count = G_N_ELEMENTS(port_fields),
    .size = sizeof(Port),
};

static const Field portgroup_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Portgroup, name, type, since, flags, limit, absent)
#include "model/portgroup.def"
#undef FIELD
};

const Resource portgroup_resource = {
    .name = "portgroup",
    .collection = "portgroups",
    .path = "portgroups",
    .table = "portgroups",
    .key = "uuid",
    .name_field = "name",
    .fields = portgroup_fields,
    .field_count = G_N_ELEMENTS(portgroup_fields),
    .size = sizeof(Portgroup),
};

static const Field volume_connector_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(VolumeConnector, name, type, since, flags, limit, absent)
#include "model/volume_connector.def"
#undef FIELD
};

const Resource volume_connector_resource = {
    .name = "volume connector",
    .collection = "connectors",
    .path = "volume/connectors",
    .table = "volume_connectors",
    .key = "uuid",
    .name_field = NULL,
    .fields = volume_connector_fields,
    .field_count = G_N_ELEMENTS(volume_connector_fields),
    .size = sizeof(VolumeConnector),
};

static const Field volume_target_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(VolumeTarget, name, type, since, flags, limit, absent)
#include "model/volume_target.def"
#undef FIELD
};

const Resource volume_target_resource = {
    .name = "volume target",
    .collection = "targets",
    .path = "volume/targets",
    .table = "volume_targets",
    .key = "uuid",
    .name_field = NULL,
    .fields = volume_target_fields,
    .field_count = G_N_ELEMENTS(volume_target_fields),
    .size = sizeof(VolumeTarget),
};

static const Field chassis_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Chassis, name, type, since, flags, limit, absent)
#include "model/chassis.def"
#undef FIELD
};

const Resource chassis_resource = {
    .name = "chassis",
    .collection = "chassis",
    .path = "chassis",
    .table = "chassis",
    .key = "uuid",
    .name_field = NULL,
    .fields = chassis_fields,
    .field_count = G_N_ELEMENTS(chassis_fields),
    .size = sizeof(Chassis),
};

static const Field allocation_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(Allocation, name, type, since, flags, limit, absent)
#include "model/allocation.def"
#undef FIELD
};

const Resource allocation_resource = {
    .name = "allocation",
    .collection = "allocations",
    .path = "allocations",
    .table = "allocations",
    .key = "uuid",
    .name_field = "name",
    .fields = allocation_fields,
    .field_count = G_N_ELEMENTS(allocation_fields),
    .size = sizeof(Allocation),
};

static const Field deploy_template_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(DeployTemplate, name, type, since, flags, limit, absent)
#include "model/deploy_template.def"
#undef FIELD
};

const Resource deploy_template_resource = {
    .name = "deploy template",
    .collection = "deploy_templates",
    .path = "deploy_templates",
    .table = "deploy_templates",
    .key = "uuid",
    .name_field = "name",
    .fields = deploy_template_fields,
    .field_count = G_N_ELEMENTS(deploy_template_fields),
    .size = sizeof(DeployTemplate),
};

static const Field conductor_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(ConductorRecord, name, type, since, flags, limit, absent)
#include "model/conductor.def"
#undef FIELD
};

const Resource conductor_record_resource = {
    .name = "conductor",
    .collection = "conductors",
    .path = "conductors",
    .table = "conductors",
    .key = "hostname",
    .name_field = NULL,
    .fields = conductor_fields,
    .field_count = G_N_ELEMENTS(conductor_fields),
    .size = sizeof(ConductorRecord),
};

static const Field node_history_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(NodeHistory, name, type, since, flags, limit, absent)
#include "model/node_history.def"
#undef FIELD
};

const Resource node_history_resource = {
    .name = "history entry",
    .collection = "history",
    .path = "history",
    .table = "node_history",
    .key = "uuid",
    .name_field = NULL,
    .fields = node_history_fields,
    .field_count = G_N_ELEMENTS(node_history_fields),
    .size = sizeof(NodeHistory),
};

static const Field timeline_phase_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(TimelinePhase, name, type, since, flags, limit, absent)
#include "model/timeline_phase.def"
#undef FIELD
};

const Resource timeline_phase_resource = {
    .name = "timeline phase",
    .collection = "timeline",
    .path = "timeline",
    .table = "timeline",
    .key = "uuid",
    .name_field = NULL,
    .fields = timeline_phase_fields,
    .field_count = G_N_ELEMENTS(timeline_phase_fields),
    .size = sizeof(TimelinePhase),
};

static const Field bios_setting_fields[] = {
#define FIELD(name, type, since, flags, limit, absent)                                             \
    FIELD_AS_ROW(BiosSetting, name, type, since, flags, limit, absent)
#include "model/bios_setting.def"
#undef FIELD
};

const Resource bios_setting_resource = {
    .name = "BIOS setting",
    .collection = "bios",
    .path = "bios",
    .table = "bios_settings",
    .key = "name",
    .name_field = NULL,
    .fields = bios_setting_fields,
    .field_count = G_N_ELEMENTS(bios_setting_fields),
    .size = sizeof(BiosSetting),
};
