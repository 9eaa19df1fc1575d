/* What every network driver must do (src/drivers/network/network.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "drivers/network/network.h"

static void
takes_every_step_twice(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < 2; i++) {
        for (int purpose = NETWORK_PROVISIONING; purpose <= NETWORK_INSPECTION; purpose++)
            assert_true(network_add(subject->task, (NetworkPurpose)purpose, &error));
        assert_true(network_configure_tenant(subject->task, &error));
    }
    for (int i = 0; i < 2; i++) {
        for (int purpose = NETWORK_PROVISIONING; purpose <= NETWORK_INSPECTION; purpose++)
            assert_true(network_remove(subject->task, (NetworkPurpose)purpose, &error));
        assert_true(network_unconfigure_tenant(subject->task, &error));
    }
}

static size_t
vif_count(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *list = network_vif_list(subject->task, &error);
    assert_no_error(error);
    assert_true(json_is_array(list));
    for (size_t i = 0; i < json_array_size(list); i++)
        assert_non_null(json_string_member(json_array_get(list, i), "id"));
    return json_array_size(list);
}

static void
lists_the_vifs_it_keeps(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *vif = json_pack("{s:s}", "id", "5d0e9a8e-5b0c-4b53-8a1c-0d0f3f1c2a01");
    assert_int_equal(vif_count(subject), 0);
    assert_true(network_vif_attach(subject->task, vif, &error));
    size_t kept = vif_count(subject);
    assert_int_equal(kept, contract_is(subject, "noop") ? 0 : 1);
    assert_true(network_vif_detach(subject->task, json_string_member(vif, "id"), &error));
    assert_int_equal(vif_count(subject), 0);
}

int
main(void)
{
    static const ContractCase cases[] = {
        {"takes every step twice", takes_every_step_twice},
        {"lists the VIFs it keeps", lists_the_vifs_it_keeps},
    };
    return contract_run(INTERFACE_NETWORK, cases, G_N_ELEMENTS(cases));
}
