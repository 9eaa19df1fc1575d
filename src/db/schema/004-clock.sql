-- The time that deadlines and leases are counted in: its distance from the wall clock, and how far it has come. One row.
-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE clock (
    "id" BIGINT PRIMARY KEY CHECK (id = 1),
    "skew_ms" BIGINT NOT NULL,
    "seen_ms" BIGINT NOT NULL
);
