/* What every network driver must do (src/drivers/network/network.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "cloud.h"
#include "drivers/network/network.h"

#include <stdlib.h>
#include <string.h>

#define VIF "5d0e9a8e-5b0c-4b53-8a1c-0d0f3f1c2a01"

static Openstack *cloud; /* of the case that runs */

/* ---- Neutron, of a stand-in (tests/openstack) ---- */

/* The VIF is a port there, the node says which network is for what, and its ports where they are
 * wired. */
static void
connect_to_neutron(const Subject *subject)
{
    static const char *const purposes[] = {"provisioning", "cleaning", "rescuing", "servicing",
                                           "inspection"};
    g_autoptr(Config) config = config_new();
    if (!subject->interface->needs_service)
        return;
    cloud_control(
        "{\"neutron\": {\"reset\": true, \"ports\": [{\"network\": \"tenant\", \"id\": \"" VIF
        "\"}]}}");
    cloud_login(config);
    assert_true(config_finish(config, NULL));
    cloud = openstack_new(config);
    subject->fixture->services.openstack = cloud;
    for (size_t i = 0; i < G_N_ELEMENTS(purposes); i++) {
        g_autofree char *key = g_strconcat(purposes[i], "_network", NULL);
        json_object_set_new(subject->task->node->driver_info, key, json_string(purposes[i]));
    }
    const GPtrArray *ports = task_ports(subject->task, NULL);
    for (guint i = 0; i < ports->len; i++)
        json_object_set_new(((Port *)ports->pdata[i])->local_link_connection, "port_id",
                            json_string("1"));
}

static void
disconnect(void)
{
    g_clear_pointer(&cloud, openstack_free);
}

/* ---- the cases ---- */

static void
takes_every_step_twice(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *vif = json_pack("{s:s}", "id", VIF);
    connect_to_neutron(subject);
    assert_true(network_vif_attach(subject->task, vif, &error));
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
    disconnect();
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
    json_auto_t *vif = json_pack("{s:s}", "id", VIF);
    connect_to_neutron(subject);
    assert_int_equal(vif_count(subject), 0);
    assert_true(network_vif_attach(subject->task, vif, &error));
    size_t kept = vif_count(subject);
    assert_int_equal(kept, contract_is(subject, "noop") ? 0 : 1);
    assert_true(network_vif_detach(subject->task, VIF, &error));
    assert_int_equal(vif_count(subject), 0);
    disconnect();
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
