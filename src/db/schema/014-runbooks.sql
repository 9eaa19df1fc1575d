-- Runbooks: steps that users may have run on nodes.
-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE runbooks (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "name" TEXT NOT NULL UNIQUE,
    "steps" TEXT NOT NULL,
    "disable_ramdisk" SMALLINT NOT NULL DEFAULT 0,
    "extra" TEXT,
    "public" SMALLINT NOT NULL DEFAULT 0,
    "owner" TEXT,
    "description" TEXT,
    "traits" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT
);
CREATE INDEX runbooks_owner ON runbooks ("owner");
