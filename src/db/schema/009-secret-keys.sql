-- The keys that secrets in this database are sealed with, by their ids; `complete`: everything older was sealed with it.
-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE secret_keys (
    "id" VARCHAR(16) PRIMARY KEY,
    "complete" BIGINT NOT NULL DEFAULT 0,
    "created_at" VARCHAR(64)
);
