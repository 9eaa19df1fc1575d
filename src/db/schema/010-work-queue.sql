-- Deploys and cleanings that were accepted and have not begun: the conductors begin as many as their limits allow.
-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE work_queue (
    id INTEGER PRIMARY KEY,
    "node_uuid" TEXT NOT NULL UNIQUE REFERENCES nodes (uuid) ON DELETE CASCADE,
    "operation" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "queued_at_ms" BIGINT NOT NULL
);
CREATE INDEX work_queue_operation ON work_queue (operation);
