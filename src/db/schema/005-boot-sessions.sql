-- Which machine has which boot script: one row per node that boots over the network. Written without the node's lock.
-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE boot_sessions (
    "node_uuid" VARCHAR(36) PRIMARY KEY REFERENCES nodes (uuid) ON DELETE CASCADE,
    "revision" BIGINT NOT NULL,
    "record_id" VARCHAR(64),
    "window_id" VARCHAR(64),
    "window_until_ms" BIGINT NOT NULL DEFAULT 0,
    "served_window_id" VARCHAR(64),
    "served_at_ms" BIGINT NOT NULL DEFAULT 0,
    "token" VARCHAR(128),
    "address" VARCHAR(64),
    "hooked" BIGINT NOT NULL DEFAULT 0,
    "attached_address" VARCHAR(64)
);
