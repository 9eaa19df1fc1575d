/* The hash ring as callers of conductors see it: built from the conductors in the database, renewed
 * when it is older than [DEFAULT]hash_ring_reset_interval. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "rpc/hash_ring.h"

typedef struct Rings Rings;

Rings *rings_new(Db *db);
void rings_free(Rings *rings);

/* The ring of this moment, to be given back with hash_ring_unref. When the database fails, the last
 * known one. */
HashRing *rings_current(Rings *rings);

/* Has the next rings_current read the conductors again: the known ones did not answer. */
void rings_expire(Rings *rings);
