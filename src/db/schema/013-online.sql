-- Which changes of the schema an older program can live with: expands = 1. The newest of the others is the oldest schema that a program must know.
-- SPDX-License-Identifier: Apache-2.0
ALTER TABLE schema_version ADD COLUMN expands BIGINT NOT NULL DEFAULT 0;
