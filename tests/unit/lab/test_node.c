/* The lab's data about its servers: names, secrets, enrolment lines, DHCP configuration, sessions
 * of its target.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/uuid.h"
#include "lab/network.h"
#include "lab/nfs.h"
#include "lab/node.h"
#include "lab/redfish_bmcs.h"
#include "lab/target.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static LabNode *
make_node(unsigned index)
{
    LabNode *node = lab_node_new("/srv/lab", "lab", index);
    node->ipmi_address = g_strdup("127.0.0.1");
    node->ipmi_port = 6230;
    node->target_portal = g_strdup("10.0.2.2:13260");
    return node;
}

static void
names_stay_and_secrets_change_from_one_start_to_the_next(void **state)
{
    (void)state;
    g_autoptr(LabNode) first = make_node(1);
    g_autoptr(LabNode) again = make_node(1);
    assert_string_equal(first->name, "lab-1");
    assert_string_equal(first->uuid, again->uuid);
    assert_string_equal(first->mac, again->mac);
    assert_string_not_equal(first->bmc_password, again->bmc_password);
    assert_string_not_equal(first->chap_password, again->chap_password);
    assert_true(uuid_valid(first->uuid));
}

static void
servers_and_labs_are_told_apart(void **state)
{
    (void)state;
    g_autoptr(LabNode) first = make_node(0);
    g_autoptr(LabNode) second = make_node(1);
    g_autoptr(LabNode) elsewhere = lab_node_new("/srv/other", "lab", 0);
    assert_string_not_equal(first->mac, second->mac);
    assert_string_not_equal(first->uuid, second->uuid);
    assert_string_not_equal(first->target_iqn, second->target_iqn);
    assert_string_not_equal(first->mac, elsewhere->mac);
    assert_string_not_equal(first->uuid, elsewhere->uuid);
    assert_string_not_equal(first->initiator_iqn, elsewhere->initiator_iqn);
}

static void
secrets_have_the_length_that_initiators_and_bmcs_take(void **state)
{
    (void)state;
    g_autoptr(LabNode) node = make_node(0);
    assert_in_range(strlen(node->chap_password), 12, 16);
    assert_in_range(strlen(node->bmc_password), 8, 16);
    for (const char *c = node->chap_password; *c != '\0'; c++)
        assert_true(g_ascii_isalnum(*c));
}

static void
enrolment_lines_hold_all_that_is_needed(void **state)
{
    (void)state;
    g_autoptr(LabNode) node = make_node(0);
    json_auto_t *document = lab_node_json(node, "/srv/lab");
    assert_string_equal(json_string_value(json_object_get(document, "console_log")),
                        "/srv/lab/lab-0.console.log");
    g_autofree char *text = lab_node_commands(document);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    assert_int_equal(g_strv_length(lines), 4);
    const char *const expected[][2] = {
        {"baremetal node create --driver ipmi --uuid", node->bmc_password},
        {"baremetal port create --node",               node->mac},
        {"baremetal volume connector create --node",   node->initiator_iqn},
        {"baremetal volume target create --node",      node->chap_password},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_true(g_str_has_prefix(lines[i], expected[i][0]));
        assert_non_null(strstr(lines[i], expected[i][1]));
        assert_non_null(strstr(lines[i], node->uuid));
    }
    assert_non_null(strstr(lines[3], "--property target_portal=10.0.2.2:13260"));
    assert_non_null(strstr(lines[3], "--property target_lun=1"));
    assert_non_null(strstr(lines[0], "capabilities=iscsi_boot:true,boot_mode:bios "));
    json_object_del(document, "mac");
    assert_null(lab_node_commands(document));
}

static void
enrolment_lines_of_a_host_bus_adapter_name_the_disk_and_no_secret(void **state)
{
    (void)state;
    g_autoptr(LabNode) node = make_node(0);
    lab_node_add_hba(node, "127.0.0.1:13260");
    assert_int_equal(strlen(node->hba_wwn), strlen("0x5525400010203001"));
    json_auto_t *document = lab_node_json(node, "/srv/lab");
    g_autofree char *text = lab_node_commands(document);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    assert_int_equal(g_strv_length(lines), 3);
    assert_non_null(strstr(lines[0], "capabilities=hba_boot:true,boot_mode:bios "));
    assert_non_null(strstr(lines[2], "--type fibre_channel --boot-index 0 "));
    assert_non_null(strstr(lines[2], node->hba_wwn));
    assert_non_null(strstr(lines[2], "--property serial=lab-0-volume"));
    assert_null(strstr(text, node->chap_password));
}

static void
wwns_of_servers_differ(void **state)
{
    (void)state;
    g_autoptr(LabNode) first = make_node(0);
    g_autoptr(LabNode) second = make_node(1);
    lab_node_add_hba(first, "127.0.0.1:1");
    lab_node_add_hba(second, "127.0.0.1:1");
    assert_string_not_equal(first->hba_wwn, second->hba_wwn);
    assert_string_not_equal(first->hba_serial, second->hba_serial);
}

static void
nfs_server_serves_the_labs_folder_at_its_own_port(void **state)
{
    (void)state;
    g_autofree char *text = nfs_config("/srv/lab", "127.0.0.1", 12049);
    assert_non_null(strstr(text, "Bind_addr = 127.0.0.1; NFS_Port = 12049;"));
    assert_non_null(strstr(text, "Path = \"/srv/lab/nfs\"; Pseudo = /nfsroot;"));
    assert_non_null(strstr(text, "Squash = No_Root_Squash;"));
}

static void
dnsmasq_is_told_of_each_server_and_keeps_its_user(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func((GDestroyNotify)lab_node_free);
    g_ptr_array_add(nodes, make_node(0));
    LabNode *node = nodes->pdata[0];
    node->guest_address = g_strdup("10.77.0.10");
    g_autofree char *text = network_dnsmasq_config("/srv/lab", nodes, "http://h/boot.ipxe");
    g_autofree char *host = g_strdup_printf("\ndhcp-host=%s,10.77.0.10,lab-0\n", node->mac);
    assert_non_null(strstr(text, host));
    assert_non_null(strstr(text, "\ndhcp-boot=tag:ipxe,http://h/boot.ipxe\n"));
    assert_non_null(strstr(text, "\ndhcp-boot=tag:!ipxe,tag:efi64,snponly.efi\n"));
    assert_non_null(strstr(text, "\nuser=root\n"));
    assert_non_null(strstr(text, "\nenable-ra\n"));
}

static void
dnsmasq_leaves_dhcp_to_another_server(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func((GDestroyNotify)lab_node_free);
    g_ptr_array_add(nodes, make_node(0));
    g_autofree char *text = network_dnsmasq_config("/srv/lab", nodes, NULL);
    assert_non_null(strstr(text, "\nenable-tftp\ntftp-root=/srv/lab/tftp\n"));
    assert_null(strstr(text, "dhcp-host"));
    assert_null(strstr(text, "dhcp-boot"));
    assert_null(strstr(text, "dhcp-range=10."));
}

static void
sessions_are_counted_per_target(void **state)
{
    (void)state;
    static const char shown[] =
        "Target 1: iqn.x:a\n    System information:\n        Driver: iscsi\n"
        "    I_T nexus information:\n        I_T nexus: 1\n            Initiator: iqn.i\n"
        "        I_T nexus: 2\n            Initiator: iqn.j\n    LUN information:\n"
        "Target 2: iqn.x:ab\n    I_T nexus information:\n        I_T nexus: 3\n"
        "Target 3: iqn.x:c\n    I_T nexus information:\n";
    assert_int_equal(target_count_sessions(shown, "iqn.x:a"), 2);
    assert_int_equal(target_count_sessions(shown, "iqn.x:ab"), 1);
    assert_int_equal(target_count_sessions(shown, "iqn.x:c"), 0);
    assert_int_equal(target_count_sessions(shown, "iqn.x:d"), 0);
    assert_int_equal(target_count_sessions("", "iqn.x:a"), 0);
}

static void
enrolment_lines_of_a_redfish_bmc_name_its_address_and_certificate(void **state)
{
    (void)state;
    g_autoptr(LabNode) node = lab_node_new("/srv/lab", "lab", 3);
    node->target_portal = g_strdup("10.0.2.2:13260");
    redfish_bmcs_place(node, "/srv/lab", "127.1.0.254", 8443);
    json_auto_t *document = lab_node_json(node, "/srv/lab");
    g_autofree char *text = lab_node_commands(document);
    assert_non_null(strstr(text, "node create --driver redfish "));
    assert_non_null(strstr(text, "redfish_address=https://127.1.1.1:8443 "));
    assert_non_null(strstr(text, "redfish_system_id=/redfish/v1/Systems/1 "));
    assert_non_null(strstr(text, "redfish_verify_ca=/srv/lab/bmc-certificate.pem"));
    assert_non_null(strstr(text, node->bmc_password));
    assert_null(strstr(text, "ipmi"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_stay_and_secrets_change_from_one_start_to_the_next),
        cmocka_unit_test(servers_and_labs_are_told_apart),
        cmocka_unit_test(secrets_have_the_length_that_initiators_and_bmcs_take),
        cmocka_unit_test(enrolment_lines_hold_all_that_is_needed),
        cmocka_unit_test(enrolment_lines_of_a_host_bus_adapter_name_the_disk_and_no_secret),
        cmocka_unit_test(enrolment_lines_of_a_redfish_bmc_name_its_address_and_certificate),
        cmocka_unit_test(wwns_of_servers_differ),
        cmocka_unit_test(nfs_server_serves_the_labs_folder_at_its_own_port),
        cmocka_unit_test(dnsmasq_is_told_of_each_server_and_keeps_its_user),
        cmocka_unit_test(dnsmasq_leaves_dhcp_to_another_server),
        cmocka_unit_test(sessions_are_counted_per_target),
    };
    return cmocka_run_group_tests_name("lab/node", tests, NULL, NULL);
}
