/* What switches say by LLDP. SPDX-License-Identifier: Apache-2.0 */
#include "model/lldp.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* As a Juniper switch has sent it. */
static const char said[] =
    "[[1,\"0464649b32f300\"],[2,\"07373334\"],[3,\"0078\"],[4,\"67652d302f302f30\"],"
    "[5,\"7377697463682d31\"],[6,\"4a756e69706572\"],[7,\"00140014\"],"
    "[8,\"0501c000020a020000000000\"],[127,\"0080c2010065\"],"
    "[127,\"0080c203006506766c616e3130\"],[127,\"00120f042328\"],[0,\"\"]]";

static void
expect(json_t *got, const char *wanted)
{
    json_t *value = json_loads(wanted, 0, NULL);
    char *text = json_dumps(got, JSON_SORT_KEYS);
    assert_non_null(value);
    if (!json_equal(got, value))
        fail_msg("%s", text);
    free(text);
    json_decref(value);
    json_decref(got);
}

static json_t *
link_of(const char *tlvs, const char *before)
{
    json_t *link = json_loads(before, 0, NULL), *list = json_loads(tlvs, 0, NULL);
    assert_non_null(list);
    lldp_link(list, link);
    json_decref(list);
    return link;
}

static void
a_switch_names_itself_and_its_port(void **state)
{
    (void)state;
    expect(link_of(said, "{}"), "{\"switch_id\": \"64:64:9b:32:f3:00\", \"port_id\": \"734\", "
                                "\"switch_info\": \"switch-1\"}");
    expect(link_of("[[1,\"07616263\"],[2,\"03020304050607\"]]", "{}"),
           "{\"port_id\": \"02:03:04:05:06:07\"}"); /* no MAC address: no switch_id */
}

static void
what_a_port_has_already_stays(void **state)
{
    (void)state;
    expect(link_of(said, "{\"port_id\": \"Eth1/1\", \"switch_id\": \"aa:bb:cc:dd:ee:ff\"}"),
           "{\"port_id\": \"Eth1/1\", \"switch_id\": \"aa:bb:cc:dd:ee:ff\", \"switch_info\": "
           "\"switch-1\"}");
}

static void
all_of_it_is_read_in_ironic_s_words(void **state)
{
    (void)state;
    json_t *list = json_loads(said, 0, NULL);
    expect(lldp_read(list),
           "{\"switch_chassis_id\": \"64:64:9b:32:f3:00\", \"switch_port_id\": \"734\", "
           "\"switch_port_description\": \"ge-0/0/0\", \"switch_system_name\": \"switch-1\", "
           "\"switch_system_description\": \"Juniper\", "
           "\"switch_capabilities_support\": [\"Bridge\", \"Router\"], "
           "\"switch_capabilities_enabled\": [\"Bridge\", \"Router\"], "
           "\"switch_mgmt_addresses\": [\"192.0.2.10\"], \"switch_port_untagged_vlan_id\": 101, "
           "\"switch_port_vlans\": [{\"id\": 101, \"name\": \"vlan10\"}], "
           "\"switch_port_mtu\": 9000}");
    json_decref(list);
}

static void
what_has_another_form_is_left_out(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{}",
        "[]",
        "[1, null, [], [1], [\"1\", \"04\"]]",
        "[[1,\"04646\"],[1,\"04xx\"],[1,\"04646\u00e4\"],[1,\"0464649b32f3\"]]",
        "[[7,\"0014\"],[8,\"\"],[8,\"0501c0\"],[8,\"ff01\"]]",
        "[[127,\"0080c201\"],[127,\"0080c2030065ff41\"],[127,\"00120f0423\"],[127,\"\"]]",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        json_t *list = json_loads(wrong[i], 0, NULL);
        assert_non_null(list);
        expect(lldp_read(list), "{}");
        expect(link_of(wrong[i], "{}"), "{}");
        json_decref(list);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_switch_names_itself_and_its_port),
        cmocka_unit_test(what_a_port_has_already_stays),
        cmocka_unit_test(all_of_it_is_read_in_ironic_s_words),
        cmocka_unit_test(what_has_another_form_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
