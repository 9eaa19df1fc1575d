/* Consistent hashing; the contract is in hash_ring.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/hash_ring.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* A digest, which is compared as a number: most significant byte first. */
typedef struct Position {
    unsigned char digest[EVP_MAX_MD_SIZE]; /* zeros after its end */
} Position;

typedef struct Point {
    Position position;
    const char *hostname; /* interned in the ring's names */
} Point;

/* The conductors of one group and driver. */
typedef struct Circle {
    GArray *points;   /* Point, sorted when sealed */
    const char *only; /* the hostname if there is only one: no hashing needed */
    unsigned host_count;
} Circle;

/* A conductor and one of its drivers; both interned in the ring's names. */
typedef struct Member {
    const char *hostname, *driver;
} Member;

struct HashRing {
    int references; /* atomic */
    const EVP_MD *algorithm;
    unsigned points_per_host;
    GHashTable *circles; /* "group\037driver" (owned) -> Circle (owned) */
    GHashTable *first;   /* group (interned) -> the first hostname by name (interned) */
    GStringChunk *names;
    GArray *members; /* Member */
};

static void
circle_free(void *data)
{
    Circle *circle = data;
    g_array_free(circle->points, TRUE);
    g_free(circle);
}

/* Python's names of algorithms, and OpenSSL's. */
static const EVP_MD *
algorithm_of(const char *name)
{
    static const char *const rows[][2] = {
        {"sha3_224",  "sha3-224"},
        {"sha3_256",  "sha3-256"},
        {"sha3_384",  "sha3-384"},
        {"sha3_512",  "sha3-512"},
        {"blake2b",   "blake2b512"},
        {"blake2s",   "blake2s256"},
        {"shake_128", "shake128"},
        {"shake_256", "shake256"},
    };
    const char *known = name != NULL ? name : "md5";
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_ascii_strcasecmp(rows[i][0], known) == 0)
            known = rows[i][1];
    const EVP_MD *algorithm = EVP_get_digestbyname(known);
    return algorithm != NULL ? algorithm : EVP_md5();
}

HashRing *
hash_ring_new(const char *algorithm, unsigned partition_exponent)
{
    HashRing *ring = g_new0(HashRing, 1);
    ring->references = 1;
    ring->algorithm = algorithm_of(algorithm);
    ring->points_per_host = 1u << MIN(partition_exponent, 16);
    ring->circles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, circle_free);
    ring->first = g_hash_table_new(g_str_hash, g_str_equal);
    ring->names = g_string_chunk_new(256);
    ring->members = g_array_new(FALSE, FALSE, sizeof(Member));
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
    g_hash_table_destroy(ring->first);
    g_string_chunk_free(ring->names);
    g_array_free(ring->members, TRUE);
    g_free(ring);
}

/* The digest of all texts so far. */
static Position
position_of(const EVP_MD_CTX *texts)
{
    Position position = {{0}};
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    if (EVP_MD_CTX_copy_ex(copy, texts) != 1 ||
        EVP_DigestFinal_ex(copy, position.digest, NULL) != 1)
        g_error("no digest could be computed");
    EVP_MD_CTX_free(copy);
    return position;
}

static EVP_MD_CTX *
begin(const HashRing *ring, const char *text)
{
    EVP_MD_CTX *texts = EVP_MD_CTX_new();
    if (EVP_DigestInit_ex(texts, ring->algorithm, NULL) != 1 ||
        EVP_DigestUpdate(texts, text, strlen(text)) != 1)
        g_error("no digest could be begun");
    return texts;
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
    /* as tooz does: the name twice, three times, ... */
    EVP_MD_CTX *texts = begin(ring, hostname);
    for (unsigned i = 0; i < ring->points_per_host; i++) {
        EVP_DigestUpdate(texts, hostname, strlen(hostname));
        const Point point = {position_of(texts), hostname};
        g_array_append_val(circle->points, point);
    }
    EVP_MD_CTX_free(texts);
}

static void
note_first(HashRing *ring, const char *group, const char *hostname)
{
    const char *first = g_hash_table_lookup(ring->first, group);
    if (first == NULL || strcmp(hostname, first) < 0)
        g_hash_table_insert(ring->first,
                            (void *)(uintptr_t)g_string_chunk_insert_const(ring->names, group),
                            (void *)(uintptr_t)hostname);
}

void
hash_ring_add(HashRing *ring, const char *hostname, const char *group, const json_t *drivers)
{
    const char *name = g_string_chunk_insert_const(ring->names, hostname);
    size_t index;
    json_t *driver;
    note_first(ring, group != NULL ? group : "", name);
    json_array_foreach(drivers, index, driver)
    {
        char key[600];
        if (!json_is_string(driver) ||
            !circle_key(key, sizeof key, group != NULL ? group : "", json_string_value(driver)))
            continue;
        const Member member = {name,
                               g_string_chunk_insert_const(ring->names, json_string_value(driver))};
        g_array_append_val(ring->members, member);
        add_to_circle(ring, key, name);
    }
}

static int
compare_points(const void *a, const void *b)
{
    const Point *left = a, *right = b;
    int order = memcmp(&left->position, &right->position, sizeof left->position);
    return order != 0 ? order
                      : strcmp(left->hostname, right->hostname); /* alike in every process */
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
    EVP_MD_CTX *texts = begin(ring, node_uuid);
    const Position position = position_of(texts);
    EVP_MD_CTX_free(texts);
    size_t low = 0, high = circle->points->len;
    while (low < high) { /* the first point after the node's */
        size_t middle = low + (high - low) / 2;
        if (memcmp(&g_array_index(circle->points, Point, middle).position, &position,
                   sizeof position) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return g_array_index(circle->points, Point, low % circle->points->len).hostname;
}

const char *
hash_ring_first(const HashRing *ring, const char *group)
{
    return g_hash_table_lookup(ring->first, group != NULL ? group : "");
}

const char *
hash_ring_any(const HashRing *ring, const char *driver, const char *preferred, const char *key)
{
    const char *best = NULL;
    Position best_position = {{0}};
    for (guint i = 0; i < ring->members->len; i++) {
        const Member *member = &g_array_index(ring->members, Member, i);
        if (driver != NULL && strcmp(member->driver, driver) != 0)
            continue;
        if (g_strcmp0(member->hostname, preferred) == 0)
            return member->hostname;
        g_autofree char *label = g_strdup_printf("%s %s", member->hostname, key);
        EVP_MD_CTX *texts = begin(ring, label);
        const Position position = position_of(texts);
        EVP_MD_CTX_free(texts);
        if (best == NULL || memcmp(&position, &best_position, sizeof position) > 0) {
            best = member->hostname;
            best_position = position;
        }
    }
    return best;
}
