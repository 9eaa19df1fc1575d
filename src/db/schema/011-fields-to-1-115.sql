-- The fields of nodes, ports, port groups and history that API versions 1.83 to 1.115 have added.
-- SPDX-License-Identifier: Apache-2.0
ALTER TABLE nodes ADD COLUMN "parent_node" TEXT;
ALTER TABLE nodes ADD COLUMN "disable_power_off" SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN "instance_name" TEXT;
CREATE INDEX nodes_parent_node ON nodes (parent_node);
ALTER TABLE ports ADD COLUMN "name" TEXT;
ALTER TABLE ports ADD COLUMN "description" TEXT;
ALTER TABLE ports ADD COLUMN "vendor" TEXT;
ALTER TABLE ports ADD COLUMN "category" TEXT;
ALTER TABLE ports ADD COLUMN "available_for_dynamic_portgroup" SMALLINT NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX ports_name ON ports (name);
ALTER TABLE portgroups ADD COLUMN "physical_network" TEXT;
ALTER TABLE portgroups ADD COLUMN "category" TEXT;
ALTER TABLE portgroups ADD COLUMN "dynamic_portgroup" SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE node_history ADD COLUMN "project" TEXT;
ALTER TABLE node_history ADD COLUMN "state" TEXT;
ALTER TABLE node_history ADD COLUMN "target_provision_state" TEXT;
ALTER TABLE node_history ADD COLUMN "duration_seconds" BIGINT;
