/* Addresses of a BMC. SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/bmc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A BMC: the answers it has. Others are refused with CCh. */
typedef struct Row {
    uint8_t channel, parameter, set;
    uint8_t value[20];
    size_t size;
} Row;

typedef struct Bmc {
    const Row *rows;
    size_t count;
    bool silent;
} Bmc;

static bool
answers(void *self, uint8_t function, uint8_t command, const uint8_t *data, size_t data_size,
        uint8_t *answer, size_t *size)
{
    const Bmc *bmc = self;
    assert_int_equal(function, 0x0c);
    assert_int_equal(command, 0x02);
    assert_int_equal(data_size, 4);
    if (bmc->silent)
        return false;
    answer[0] = 0xcc;
    *size = 1;
    for (size_t i = 0; i < bmc->count; i++) {
        const Row *row = &bmc->rows[i];
        if (row->channel != data[0] || row->parameter != data[1] || row->set != data[2])
            continue;
        answer[0] = 0;
        answer[1] = 0x11;
        memcpy(answer + 2, row->value, row->size);
        *size = 2 + row->size;
    }
    return true;
}

#define V6(last, status) 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last, 64, status

static const Row rows[] = {
    {1, 3,  0, {0, 0, 0, 0},                4},
    {1, 5,  0, {0xaa, 0xbb, 0xcc, 0, 0, 1}, 6},
    {8, 3,  0, {192, 0, 2, 9},              4},
    {8, 5,  0, {0xaa, 0xbb, 0xcc, 0, 0, 8}, 6},
    {8, 59, 0, {0, 0, V6(1, 1)},            20}, /* not in use yet */
    {8, 59, 1, {1, 0},                      20}, /* none */
    {8, 56, 0, {0, 0, V6(2, 0)},            20}, /* not switched on */
    {8, 56, 1, {1, 0x80, V6(3, 0)},         20},
    {8, 56, 2, {2, 0x80, V6(4, 0)},         20},
};

static void
is(const char *found, const char *wanted)
{
    if (wanted == NULL)
        assert_null(found);
    else
        assert_string_equal(found, wanted);
}

static void
each(const Row *first, size_t count, bool silent, const char *v4, const char *v6, const char *mac)
{
    g_auto(BmcAddresses) addresses = {0};
    Bmc bmc = {first, count, silent};
    bmc_addresses_ask(&addresses, answers, &bmc);
    is(addresses.v4, v4);
    is(addresses.v6, v6);
    is(addresses.mac, mac);
}

static void
the_first_address_in_use_counts(void **state)
{
    (void)state;
    each(rows, G_N_ELEMENTS(rows), false, "192.0.2.9", "2001:db8::3", "aa:bb:cc:00:00:08");
    each(rows + 2, 2, false, "192.0.2.9", "::/0", "aa:bb:cc:00:00:08");
    each(rows + 3, 5, false, "0.0.0.0", "2001:db8::3", "aa:bb:cc:00:00:08");
}

static void
a_bmc_without_a_network_is_told_as_ironic_tells_it(void **state)
{
    (void)state;
    each(rows, 2, false, "0.0.0.0", "::/0", NULL);
    each(rows, 0, false, "0.0.0.0", "::/0", NULL);
    each(rows, 9, true, "0.0.0.0", "::/0", NULL);
}

static void
a_machine_without_a_bmc_has_no_address(void **state)
{
    (void)state;
    g_auto(BmcAddresses) addresses = {0};
    bmc_addresses_read(&addresses, "/there is no such root");
    is(addresses.v4, NULL);
    is(addresses.v6, NULL);
    is(addresses.mac, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_address_in_use_counts),
        cmocka_unit_test(a_bmc_without_a_network_is_told_as_ironic_tells_it),
        cmocka_unit_test(a_machine_without_a_bmc_has_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
