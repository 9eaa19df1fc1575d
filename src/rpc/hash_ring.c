/* Consistent hashing; the contract is in hash_ring.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/hash_ring.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct Point {
    uint64_t position;
    const char *hostname; /* interned in the ring's names */
} Point;

/* The conductors of one group and driver. */
typedef struct Circle {
    GArray *points;   /* Point, sorted when sealed */
    const char *only; /* the hostname if there is only one: no hashing needed */
    unsigned host_count;
} Circle;

struct HashRing {
    int references; /* atomic */
    GChecksumType algorithm;
    unsigned points_per_host;
    GHashTable *circles; /* "group\037driver" (owned) -> Circle (owned) */
    GStringChunk *names;
};

static void
circle_free(void *data)
{
    Circle *circle = data;
    g_array_free(circle->points, TRUE);
    g_free(circle);
}

/* No other program computes this ring, so an algorithm that GLib lacks may be replaced by the SHA-2
 * of the same length. */
static GChecksumType
algorithm_of(const char *name)
{
    static const struct {
        const char *name;
        GChecksumType type;
    } rows[] = {
        {"md5",       G_CHECKSUM_MD5},
        {"sha1",      G_CHECKSUM_SHA1},
        {"sha224",    G_CHECKSUM_SHA256},
        {"sha256",    G_CHECKSUM_SHA256},
        {"sha384",    G_CHECKSUM_SHA384},
        {"sha512",    G_CHECKSUM_SHA512},
        {"sha3_224",  G_CHECKSUM_SHA256},
        {"sha3_256",  G_CHECKSUM_SHA256},
        {"sha3_384",  G_CHECKSUM_SHA384},
        {"sha3_512",  G_CHECKSUM_SHA512},
        {"blake2b",   G_CHECKSUM_SHA512},
        {"blake2s",   G_CHECKSUM_SHA256},
        {"shake_128", G_CHECKSUM_SHA256},
        {"shake_256", G_CHECKSUM_SHA512},
    };
    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(rows); i++)
        if (g_ascii_strcasecmp(rows[i].name, name) == 0)
            return rows[i].type;
    return G_CHECKSUM_MD5;
}

HashRing *
hash_ring_new(const char *algorithm, unsigned partition_exponent)
{
    HashRing *ring = g_new0(HashRing, 1);
    ring->references = 1;
    ring->algorithm = algorithm_of(algorithm);
    ring->points_per_host = 1u << MIN(partition_exponent, 16);
    ring->circles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, circle_free);
    ring->names = g_string_chunk_new(256);
    return ring;
}

HashRing *
hash_ring_ref(HashRing *ring)
{
    __atomic_add_fetch(&ring->references, 1, __ATOMIC_RELAXED);
    return ring;
}

void
hash_ring_unref(HashRing *ring)
{
    if (ring == NULL || __atomic_sub_fetch(&ring->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    g_hash_table_destroy(ring->circles);
    g_string_chunk_free(ring->names);
    g_free(ring);
}

/* The first eight bytes of the digest, as a number. */
static uint64_t
position_of(GChecksumType algorithm, const char *text)
{
    guint8 digest[64];
    gsize size = sizeof digest;
    GChecksum *checksum = g_checksum_new(algorithm);
    g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text));
    g_checksum_get_digest(checksum, digest, &size);
    g_checksum_free(checksum);
    uint64_t position = 0;
    for (int i = 0; i < 8; i++)
        position = position << 8 | digest[i];
    return position;
}

/* Makes the key of a circle; false if it does not fit (names are limited to 255 characters
 * before). */
static bool
circle_key(char *buffer, size_t size, const char *group, const char *driver)
{
    size_t group_length = strlen(group), driver_length = strlen(driver);
    if (group_length + driver_length + 2 > size)
        return false;
    memcpy(buffer, group, group_length);
    buffer[group_length] = '\037';
    memcpy(buffer + group_length + 1, driver, driver_length + 1);
    return true;
}

static void
add_to_circle(HashRing *ring, const char *key, const char *hostname)
{
    Circle *circle = g_hash_table_lookup(ring->circles, key);
    if (circle == NULL) {
        circle = g_new0(Circle, 1);
        circle->points = g_array_new(FALSE, FALSE, sizeof(Point));
        g_hash_table_insert(ring->circles, g_strdup(key), circle);
    }
    circle->only = hostname;
    circle->host_count++;
    for (unsigned i = 0; i < ring->points_per_host; i++) {
        g_autofree char *label = g_strdup_printf("%s-%u", hostname, i);
        const Point point = {position_of(ring->algorithm, label), hostname};
        g_array_append_val(circle->points, point);
    }
}

void
hash_ring_add(HashRing *ring, const char *hostname, const char *group, const json_t *drivers)
{
    const char *name = g_string_chunk_insert_const(ring->names, hostname);
    size_t index;
    json_t *driver;
    json_array_foreach(drivers, index, driver)
    {
        char key[600];
        if (json_is_string(driver) &&
            circle_key(key, sizeof key, group != NULL ? group : "", json_string_value(driver)))
            add_to_circle(ring, key, name);
    }
}

static int
compare_points(const void *a, const void *b)
{
    const Point *left = a, *right = b;
    if (left->position != right->position)
        return left->position < right->position ? -1 : 1;
    return strcmp(left->hostname, right->hostname); /* the same order in every process */
}

void
hash_ring_seal(HashRing *ring)
{
    GHashTableIter iterator;
    void *value;
    g_hash_table_iter_init(&iterator, ring->circles);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Circle *circle = value;
        qsort(circle->points->data, circle->points->len, sizeof(Point), compare_points);
        if (circle->host_count != 1)
            circle->only = NULL;
    }
}

bool
hash_ring_is_empty(const HashRing *ring)
{
    return g_hash_table_size(ring->circles) == 0;
}

const char *
hash_ring_host(const HashRing *ring, const char *group, const char *driver, const char *node_uuid)
{
    char key[600];
    if (driver == NULL || !circle_key(key, sizeof key, group != NULL ? group : "", driver))
        return NULL;
    const Circle *circle = g_hash_table_lookup(ring->circles, key);
    if (circle == NULL)
        return NULL;
    if (circle->only != NULL)
        return circle->only;
    uint64_t position = position_of(ring->algorithm, node_uuid);
    size_t low = 0, high = circle->points->len;
    while (low < high) { /* the first point at or after the node's */
        size_t middle = low + (high - low) / 2;
        if (g_array_index(circle->points, Point, middle).position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return g_array_index(circle->points, Point, low % circle->points->len).hostname;
}
