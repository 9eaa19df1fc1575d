-- The tables of all resources. JSON is stored as text, times as the API writes them, *_ms as milliseconds since 1970.
-- SPDX-License-Identifier: Apache-2.0

CREATE TABLE chassis (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "description" TEXT,
    "extra" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT
);

CREATE TABLE nodes (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "name" TEXT UNIQUE,
    "driver" TEXT NOT NULL,
    "driver_info" TEXT,
    "driver_internal_info" TEXT,
    "properties" TEXT,
    "instance_info" TEXT,
    "instance_uuid" TEXT UNIQUE,
    "extra" TEXT,
    "chassis_uuid" TEXT REFERENCES chassis (uuid),
    "power_state" TEXT,
    "target_power_state" TEXT,
    "provision_state" TEXT,
    "target_provision_state" TEXT,
    "provision_updated_at" TEXT,
    "last_error" TEXT,
    "maintenance" SMALLINT NOT NULL DEFAULT 0,
    "maintenance_reason" TEXT,
    "fault" TEXT,
    "reservation" TEXT,
    "console_enabled" SMALLINT NOT NULL DEFAULT 0,
    "raid_config" TEXT,
    "target_raid_config" TEXT,
    "inspection_started_at" TEXT,
    "inspection_finished_at" TEXT,
    "clean_step" TEXT,
    "deploy_step" TEXT,
    "resource_class" TEXT,
    "bios_interface" TEXT,
    "boot_interface" TEXT,
    "console_interface" TEXT,
    "deploy_interface" TEXT,
    "inspect_interface" TEXT,
    "management_interface" TEXT,
    "network_interface" TEXT,
    "power_interface" TEXT,
    "raid_interface" TEXT,
    "rescue_interface" TEXT,
    "storage_interface" TEXT,
    "vendor_interface" TEXT,
    "traits" TEXT,
    "conductor_group" TEXT,
    "automated_clean" SMALLINT,
    "protected" SMALLINT NOT NULL DEFAULT 0,
    "protected_reason" TEXT,
    "owner" TEXT,
    "lessee" TEXT,
    "description" TEXT,
    "allocation_uuid" TEXT,
    "retired" SMALLINT NOT NULL DEFAULT 0,
    "retired_reason" TEXT,
    "network_data" TEXT,
    "boot_mode" TEXT,
    "secure_boot" SMALLINT,
    "shard" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT,
    "reserved_at_ms" BIGINT NOT NULL DEFAULT 0,
    "reservation_lease" TEXT,
    "reservation_purpose" TEXT,
    "wait_deadline_ms" BIGINT NOT NULL DEFAULT 0,
    "heartbeat_at_ms" BIGINT NOT NULL DEFAULT 0,
    "power_sync_failures" BIGINT NOT NULL DEFAULT 0,
    "operation_uuid" TEXT
);

CREATE TABLE ports (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "address" TEXT NOT NULL UNIQUE,
    "node_uuid" TEXT NOT NULL REFERENCES nodes (uuid) ON DELETE CASCADE,
    "extra" TEXT,
    "internal_info" TEXT,
    "pxe_enabled" SMALLINT NOT NULL DEFAULT 0,
    "local_link_connection" TEXT,
    "portgroup_uuid" TEXT,
    "physical_network" TEXT,
    "is_smartnic" SMALLINT NOT NULL DEFAULT 0,
    "created_at" TEXT,
    "updated_at" TEXT
);

CREATE TABLE portgroups (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "name" TEXT UNIQUE,
    "address" TEXT UNIQUE,
    "node_uuid" TEXT NOT NULL REFERENCES nodes (uuid) ON DELETE CASCADE,
    "extra" TEXT,
    "internal_info" TEXT,
    "standalone_ports_supported" SMALLINT NOT NULL DEFAULT 0,
    "mode" TEXT,
    "properties" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT
);

CREATE TABLE volume_connectors (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "node_uuid" TEXT NOT NULL REFERENCES nodes (uuid) ON DELETE CASCADE,
    "type" TEXT NOT NULL,
    "connector_id" TEXT NOT NULL,
    "extra" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT,
    UNIQUE (type, connector_id)
);

CREATE TABLE volume_targets (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "node_uuid" TEXT NOT NULL REFERENCES nodes (uuid) ON DELETE CASCADE,
    "volume_type" TEXT NOT NULL,
    "properties" TEXT,
    "boot_index" BIGINT NOT NULL DEFAULT 0,
    "volume_id" TEXT NOT NULL,
    "extra" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT,
    UNIQUE (node_uuid, boot_index)
);

CREATE TABLE allocations (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "name" TEXT UNIQUE,
    "resource_class" TEXT,
    "candidate_nodes" TEXT,
    "traits" TEXT,
    "extra" TEXT,
    "state" TEXT,
    "node_uuid" TEXT,
    "last_error" TEXT,
    "owner" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT
);

CREATE TABLE deploy_templates (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "name" TEXT NOT NULL UNIQUE,
    "steps" TEXT NOT NULL,
    "extra" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT
);

CREATE TABLE conductors (
    id INTEGER PRIMARY KEY,
    "hostname" TEXT UNIQUE,
    "conductor_group" TEXT,
    "drivers" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT,
    "lease" TEXT,
    "lease_expires_ms" BIGINT NOT NULL DEFAULT 0,
    "hardware" TEXT
);

CREATE TABLE node_history (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "node_uuid" TEXT REFERENCES nodes (uuid) ON DELETE CASCADE,
    "created_at" TEXT,
    "severity" TEXT,
    "event" TEXT,
    "event_type" TEXT,
    "conductor" TEXT,
    "user" TEXT
);

CREATE TABLE timeline (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "node_uuid" TEXT REFERENCES nodes (uuid) ON DELETE CASCADE,
    "operation_uuid" TEXT,
    "operation" TEXT,
    "phase" TEXT,
    "started_at" TEXT,
    "finished_at" TEXT,
    "result" TEXT,
    "detail" TEXT,
    "bytes_done" BIGINT,
    "bytes_total" BIGINT
);

CREATE TABLE bios_settings (
    id INTEGER PRIMARY KEY,
    "node_uuid" TEXT REFERENCES nodes (uuid) ON DELETE CASCADE,
    "name" TEXT,
    "value" TEXT,
    "attribute_type" TEXT,
    "allowable_values" TEXT,
    "lower_bound" BIGINT,
    "upper_bound" BIGINT,
    "min_length" BIGINT,
    "max_length" BIGINT,
    "read_only" SMALLINT,
    "reset_required" SMALLINT,
    "unique" SMALLINT,
    "created_at" TEXT,
    "updated_at" TEXT,
    UNIQUE (node_uuid, name)
);

-- Each filter of a list that is paged by id.
CREATE INDEX nodes_provision_state ON nodes (provision_state);
CREATE INDEX nodes_driver ON nodes (driver);
CREATE INDEX nodes_resource_class ON nodes (resource_class);
CREATE INDEX nodes_conductor_group ON nodes (conductor_group);
CREATE INDEX nodes_owner ON nodes (owner);
CREATE INDEX nodes_lessee ON nodes (lessee);
CREATE INDEX nodes_shard ON nodes (shard);
CREATE INDEX nodes_chassis ON nodes (chassis_uuid);
CREATE INDEX nodes_fault ON nodes (fault) WHERE fault IS NOT NULL;
CREATE INDEX nodes_reservation ON nodes (reservation) WHERE reservation IS NOT NULL;
CREATE INDEX nodes_wait_deadline ON nodes (wait_deadline_ms) WHERE wait_deadline_ms > 0;
CREATE INDEX ports_node ON ports (node_uuid);
CREATE INDEX ports_portgroup ON ports (portgroup_uuid);
CREATE INDEX portgroups_node ON portgroups (node_uuid);
CREATE INDEX volume_connectors_node ON volume_connectors (node_uuid);
CREATE INDEX volume_targets_node ON volume_targets (node_uuid);
CREATE INDEX volume_targets_volume ON volume_targets (volume_id);
CREATE INDEX allocations_node ON allocations (node_uuid);
CREATE INDEX node_history_node ON node_history (node_uuid);
CREATE INDEX timeline_node ON timeline (node_uuid);
