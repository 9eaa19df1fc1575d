-- Inspection rules: what is done with a node by what its inspection has found.
-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE inspection_rules (
    id INTEGER PRIMARY KEY,
    "uuid" TEXT NOT NULL UNIQUE,
    "description" TEXT,
    "priority" BIGINT NOT NULL DEFAULT 0,
    "sensitive" SMALLINT NOT NULL DEFAULT 0,
    "phase" TEXT,
    "conditions" TEXT,
    "actions" TEXT NOT NULL,
    "scope" TEXT,
    "created_at" TEXT,
    "updated_at" TEXT
);
CREATE INDEX inspection_rules_phase ON inspection_rules ("phase");
