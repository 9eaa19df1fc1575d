-- What inspection has found in a node: the agent's inventory and what its plug-ins add, as JSON.
-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE node_inventory (
    node_uuid TEXT PRIMARY KEY REFERENCES nodes (uuid) ON DELETE CASCADE,
    inventory TEXT,
    plugin_data TEXT,
    created_at TEXT
);
