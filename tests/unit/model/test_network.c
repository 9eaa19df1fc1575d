/* Local link connections and network data from outside.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *
parsed(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

static void
link_becomes(const char *given, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *link = parsed(given), *expected = parsed(wanted);
    if (!local_link_normalize(link, &error))
        fail_msg("%s: %s", given, error->message);
    assert_true(json_equal(link, expected));
}

static void
link_is_refused(const char *given)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *link = parsed(given);
    if (local_link_normalize(link, &error))
        fail_msg("%s was taken", given);
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
}

static void
a_link_has_a_switch_and_port_or_is_of_a_smart_nic_or_unmanaged(void **state)
{
    static const char *const good[] = {
        "{}",
        "{\"switch_id\": \"0a:1b:2c:3d:4e:5f\", \"port_id\": \"1\", \"switch_info\": \"x\"}",
        "{\"port_id\": \"rep0-0\", \"hostname\": \"host\"}",
        "{\"network_type\": \"unmanaged\"}",
    };
    static const char *const bad[] = {
        "{\"port_id\": \"1\"}",
        "{\"switch_id\": \"0a:1b:2c:3d:4e:5f\"}",
        "{\"switch_info\": \"x\"}",
        "{\"network_type\": \"managed\"}",
        "{\"network_type\": \"other\"}",
        "{\"switch_id\": \"0a:1b:2c:3d:4e:5f\", \"port_id\": 1}",
        "{\"switch_id\": \"0a:1b:2c:3d:4e:5f\", \"port_id\": \"1\", \"zork\": \"1\"}",
        "{\"switch_id\": \"0a:1b\", \"port_id\": \"1\"}",
        "{\"switch_id\": \"0x00000000000000g1\", \"port_id\": \"1\"}",
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        link_becomes(good[i], good[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        link_is_refused(bad[i]);
}

static void
a_switch_id_is_kept_in_one_spelling(void **state)
{
    (void)state;
    link_becomes("{\"switch_id\": \"0A-1B-2C-3D-4E-5F\", \"port_id\": \"1\"}",
                 "{\"switch_id\": \"0a:1b:2c:3d:4e:5f\", \"port_id\": \"1\"}");
    link_becomes("{\"switch_id\": \"0X00112233445566AA\", \"port_id\": \"1\"}",
                 "{\"switch_id\": \"0x00112233445566aa\", \"port_id\": \"1\"}");
}

static void
network_data_is_empty_or_has_all_three_lists(void **state)
{
    static const char *const good[] = {
        "{}",
        "{\"links\": [], \"networks\": [], \"services\": []}",
        "{\"links\": [{\"id\": \"l\", \"type\": \"phy\", \"mtu\": 1500}], \"networks\": [{\"id\": "
        "\"n\", "
        "\"type\": \"ipv4\", \"link\": \"l\", \"network_id\": \"x\"}], \"services\": [{\"type\": "
        "\"dns\", "
        "\"address\": \"10.0.0.1\"}]}",
    };
    static const char *const bad[] = {
        "{\"zork\": 1}",
        "{\"links\": []}",
        "{\"links\": [], \"networks\": {}, \"services\": []}",
        "{\"links\": [1], \"networks\": [], \"services\": []}",
        "{\"links\": [{\"id\": 5, \"type\": \"phy\"}], \"networks\": [], \"services\": []}",
        "{\"links\": [], \"networks\": [{\"id\": \"n\"}], \"services\": []}",
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good) + G_N_ELEMENTS(bad); i++) {
        bool wanted = i < G_N_ELEMENTS(good);
        const char *text = wanted ? good[i] : bad[i - G_N_ELEMENTS(good)];
        g_autoptr(GError) error = NULL;
        json_auto_t *data = parsed(text);
        if (network_data_valid(data, &error) != wanted)
            fail_msg("%s: %s", text, wanted ? error->message : "was taken");
        assert_true(wanted || steel_error_is(error, STEEL_ERROR_INVALID));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_has_a_switch_and_port_or_is_of_a_smart_nic_or_unmanaged),
        cmocka_unit_test(a_switch_id_is_kept_in_one_spelling),
        cmocka_unit_test(network_data_is_empty_or_has_all_three_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
