-- expand: the lease of the conductor that takes a node out of the queue, so that no other one gives its place at work away meanwhile.
-- SPDX-License-Identifier: Apache-2.0
ALTER TABLE work_queue ADD COLUMN "lease" TEXT;
