-- In which container of its store an image is, whatever is configured later.
-- SPDX-License-Identifier: Apache-2.0
ALTER TABLE media ADD COLUMN "container" VARCHAR(256);
