/* Which conductor has a node, and how little changes when a conductor comes or leaves.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/uuid.h"
#include "rpc/hash_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NODES 2000

/* A sealed ring of hosts "a", "b", ... of one group that serve ipmi. */
static HashRing *
ring_of(const char *hosts)
{
    HashRing *ring = hash_ring_new("md5", 5);
    json_t *drivers = json_pack("[s, s]", "ipmi", "redfish");
    for (const char *p = hosts; *p != '\0'; p++) {
        const char name[2] = {*p, '\0'};
        hash_ring_add(ring, name, "", drivers);
    }
    json_decref(drivers);
    hash_ring_seal(ring);
    return ring;
}

static void
fill_uuids(char (*uuids)[UUID_TEXT_SIZE])
{
    for (int i = 0; i < NODES; i++)
        uuid_generate(uuids[i]);
}

static void
spreads_nodes_over_all_conductors(void **state)
{
    (void)state;
    static char uuids[NODES][UUID_TEXT_SIZE];
    fill_uuids(uuids);
    g_autoptr(HashRing) ring = ring_of("abcd");
    int counts[4] = {0};
    for (int i = 0; i < NODES; i++)
        counts[hash_ring_host(ring, "", "ipmi", uuids[i])[0] - 'a']++;
    for (int i = 0; i < 4; i++)
        assert_in_range(counts[i], NODES / 12, NODES / 2);
}

static void
moves_only_the_nodes_of_the_conductor_that_left(void **state)
{
    (void)state;
    static char uuids[NODES][UUID_TEXT_SIZE];
    fill_uuids(uuids);
    g_autoptr(HashRing) four = ring_of("abcd"), three = ring_of("abd");
    for (int i = 0; i < NODES; i++) {
        const char *before = hash_ring_host(four, "", "ipmi", uuids[i]);
        const char *after = hash_ring_host(three, "", "ipmi", uuids[i]);
        if (*before != 'c')
            assert_string_equal(before, after);
        else
            assert_string_not_equal(before, after);
    }
}

static void
does_not_depend_on_the_order_conductors_are_read_in(void **state)
{
    (void)state;
    static char uuids[NODES][UUID_TEXT_SIZE];
    fill_uuids(uuids);
    g_autoptr(HashRing) one = ring_of("abcd"), other = ring_of("dbca");
    for (int i = 0; i < NODES; i++)
        assert_string_equal(hash_ring_host(one, "", "ipmi", uuids[i]),
                            hash_ring_host(other, "", "ipmi", uuids[i]));
}

static void
keeps_to_group_and_driver(void **state)
{
    (void)state;
    HashRing *ring = hash_ring_new("sha256", 2);
    json_t *ipmi = json_pack("[s]", "ipmi"), *redfish = json_pack("[s]", "redfish");
    hash_ring_add(ring, "a", "blue", ipmi);
    hash_ring_add(ring, "b", "", redfish);
    hash_ring_add(ring, "c", "", NULL);
    json_decref(ipmi);
    json_decref(redfish);
    hash_ring_seal(ring);
    assert_string_equal(hash_ring_host(ring, "blue", "ipmi", "x"), "a");
    assert_string_equal(hash_ring_host(ring, NULL, "redfish", "x"), "b");
    assert_null(hash_ring_host(ring, "", "ipmi", "x"));
    assert_null(hash_ring_host(ring, "blue", "redfish", "x"));
    assert_null(hash_ring_host(ring, "blu", "eipmi", "x"));
    assert_null(hash_ring_host(ring, "", NULL, "x"));
    g_autofree char *endless = g_strnfill(5000, 'x');
    assert_null(hash_ring_host(ring, endless, endless, "x"));
    assert_false(hash_ring_is_empty(ring));
    hash_ring_unref(ring);
}

/* What tooz 3.1 answers for nodes 00000000-0000-4000-8000-000000000000 to ...07. */
static void
gives_the_answers_of_ironics_ring(void **state)
{
    (void)state;
    static const struct {
        const char *algorithm, *hosts;
    } rows[] = {
        {"md5",      "21113223"},
        {"sha256",   "33133332"},
        {"sha3_256", "23323113"},
        {"blake2b",  "32323322"},
    };
    json_t *drivers = json_pack("[s]", "ipmi");
    for (size_t row = 0; row < G_N_ELEMENTS(rows); row++) {
        g_autoptr(HashRing) ring = hash_ring_new(rows[row].algorithm, 5);
        hash_ring_add(ring, "rack2", "", drivers);
        hash_ring_add(ring, "rack3", "", drivers);
        hash_ring_add(ring, "rack1", "", drivers);
        hash_ring_seal(ring);
        for (int i = 0; rows[row].hosts[i] != '\0'; i++) {
            g_autofree char *uuid = g_strdup_printf("00000000-0000-4000-8000-%012d", i);
            assert_int_equal(hash_ring_host(ring, "", "ipmi", uuid)[strlen("rack")],
                             rows[row].hosts[i]);
        }
    }
    json_decref(drivers);
}

static void
knows_the_first_conductor_of_each_group(void **state)
{
    (void)state;
    g_autoptr(HashRing) ring = ring_of("cab");
    assert_string_equal(hash_ring_first(ring, NULL), "a");
    assert_null(hash_ring_first(ring, "blue"));
}

static void
knows_nobody_when_empty(void **state)
{
    (void)state;
    g_autoptr(HashRing) ring = ring_of("");
    assert_true(hash_ring_is_empty(ring));
    assert_null(hash_ring_host(ring, "", "ipmi", "x"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spreads_nodes_over_all_conductors),
        cmocka_unit_test(moves_only_the_nodes_of_the_conductor_that_left),
        cmocka_unit_test(does_not_depend_on_the_order_conductors_are_read_in),
        cmocka_unit_test(keeps_to_group_and_driver),
        cmocka_unit_test(gives_the_answers_of_ironics_ring),
        cmocka_unit_test(knows_the_first_conductor_of_each_group),
        cmocka_unit_test(knows_nobody_when_empty),
    };
    return cmocka_run_group_tests_name("hash_ring", tests, NULL, NULL);
}
