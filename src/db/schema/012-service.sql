-- Servicing: the step under way, of a node that has an instance.
-- SPDX-License-Identifier: Apache-2.0
ALTER TABLE nodes ADD COLUMN "service_step" TEXT;

-- Firmware of machines: which interface brings and reads it, and what it has read.
ALTER TABLE nodes ADD COLUMN "firmware_interface" TEXT;
CREATE TABLE firmware_components (
    id INTEGER PRIMARY KEY,
    "node_uuid" TEXT REFERENCES nodes (uuid) ON DELETE CASCADE,
    "component" TEXT,
    "initial_version" TEXT,
    "current_version" TEXT,
    "last_version_flashed" TEXT,
    "vendor" TEXT,
    "model" TEXT,
    "serial_number" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT,
    UNIQUE (node_uuid, component)
);

-- How a machine's BMC says that it is: OK, Warning or Critical.
ALTER TABLE nodes ADD COLUMN "health" TEXT;
