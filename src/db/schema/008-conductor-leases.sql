-- Leases that others judge by whether they are renewed, the numbers that leases get, each greater than all before it, and the host
-- name of the conductor that last worked on a node.
-- SPDX-License-Identifier: Apache-2.0
ALTER TABLE conductors ADD COLUMN "renewals" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conductors ADD COLUMN "lease_length_ms" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN "conductor_affinity" TEXT;
CREATE TABLE lease_numbers (
    "id" BIGINT PRIMARY KEY CHECK (id = 1),
    "last" BIGINT NOT NULL
);
