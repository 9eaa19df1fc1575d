-- Filters that few nodes of a large fleet satisfy, paged by id like every list.
-- SPDX-License-Identifier: Apache-2.0
CREATE INDEX nodes_maintenance ON nodes (maintenance);
CREATE INDEX nodes_retired ON nodes (retired);
CREATE INDEX nodes_associated ON nodes (id) WHERE instance_uuid IS NOT NULL;
CREATE INDEX nodes_target_power_state ON nodes (id) WHERE target_power_state IS NOT NULL;
