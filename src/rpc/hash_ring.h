/* The conductor of a node: consistent hashing over the live conductors that serve the node's group
 * and hardware type. The same conductors give the same answer in every process, and in Ironic,
 * whose ring is that of tooz (tooz/hashring.py); a conductor that joins or leaves moves only the
 * nodes it gains or loses.
 *
 * One thread fills a ring and seals it; then it is immutable, and any number of threads may ask and
 * hold references.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

typedef struct HashRing HashRing;

/* Makes an empty ring with one reference.
 *
 * algorithm           a name of Python's hashlib: "md5", "sha256", "sha3_256", "blake2b"
 * partition_exponent  each conductor gets 2 to this power points on the ring; 0..16 */
HashRing *hash_ring_new(const char *algorithm, unsigned partition_exponent);
HashRing *hash_ring_ref(HashRing *ring);
void hash_ring_unref(HashRing *ring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HashRing, hash_ring_unref)

/* Adds a conductor. `drivers` is an array of hardware types, borrowed; anything else counts as
 * empty. */
void hash_ring_add(HashRing *ring, const char *hostname, const char *group, const json_t *drivers);

/* Ends filling. */
void hash_ring_seal(HashRing *ring);

/* True without any conductor. */
bool hash_ring_is_empty(const HashRing *ring);

/* The conductor of a node, or NULL when no conductor of this group serves the driver. Borrowed from
 * the ring.
 *
 * group  NULL counts as "" */
const char *hash_ring_host(const HashRing *ring, const char *group, const char *driver,
                           const char *node_uuid);

/* The first conductor of a group by name, or NULL: it looks after the group's nodes whose driver no
 * conductor serves. Borrowed from the ring. */
const char *hash_ring_first(const HashRing *ring, const char *group);

/* Any conductor, of whatever group, or NULL. Borrowed from the ring.
 *
 * driver     that it has; NULL: it does not matter
 * preferred  taken if it is one of them; NULL: nobody is
 * key        decides between the others */
const char *hash_ring_any(const HashRing *ring, const char *driver, const char *preferred,
                          const char *key);
