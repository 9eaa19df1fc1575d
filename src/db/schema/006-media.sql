-- Images that BMCs fetch for virtual media, each written down before it is made: what nobody uses any more is removed by its conductor.
-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE media (
    "id" VARCHAR(64) PRIMARY KEY,
    "store" VARCHAR(16) NOT NULL,
    "host" VARCHAR(255) NOT NULL,
    "file" VARCHAR(64) NOT NULL,
    "name" VARCHAR(128) UNIQUE,
    "expires_ms" BIGINT NOT NULL DEFAULT 0,
    "ready" BIGINT NOT NULL DEFAULT 0
);
-- Which nodes use one, and for what; their number is what Swift calls usage_count.
CREATE TABLE media_users (
    "medium_id" VARCHAR(64) NOT NULL REFERENCES media (id) ON DELETE CASCADE,
    "node_uuid" VARCHAR(36) NOT NULL REFERENCES nodes (uuid) ON DELETE CASCADE,
    "purpose" VARCHAR(16) NOT NULL,
    PRIMARY KEY (medium_id, node_uuid, purpose)
);
CREATE INDEX media_users_node ON media_users (node_uuid);
