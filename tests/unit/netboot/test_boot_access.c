/* Boots as machines and strangers live them: who gets the script, which tokens are believed, and
 * what a restart changes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_access.h"

#include "common/config.h"
#include "common/steady.h"
#include "db/boot_sessions.h"
#include "db/records.h"
#include "db/sql.h"
#include "model/internal_info.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NODE_MAC "52:54:00:00:00:01"
#define BOND_MAC "52:54:00:00:00:0b"
#define STRANGER_MAC "02:00:00:00:00:99"
#define MACHINE "192.0.2.44"
#define STRANGER "192.0.2.66"

typedef struct Fixture {
    char *directory, *path;
    Db *db;
    Node *node;
    char token[64]; /* of the last script */
} Fixture;

/* The network's answers, in place of the kernel and the lease file. */
static const char *neighbour_mac, *lease_mac;
static bool network_fails;

static bool
find_neighbour(const HttpAddress *address, Neighbours *out, GError **error)
{
    (void)address;
    out->count = 0;
    if (network_fails)
        return steel_fail(error, STEEL_ERROR_IO, "no netlink");
    if (neighbour_mac != NULL)
        g_strlcpy(out->macs[out->count++], neighbour_mac, MAC_TEXT_SIZE);
    return true;
}

static bool
find_lease(const char *path, const HttpAddress *address, char mac[MAC_TEXT_SIZE], GError **error)
{
    (void)address;
    assert_string_equal(path, "/leases");
    if (network_fails)
        return steel_fail(error, STEEL_ERROR_IO, "no file");
    g_strlcpy(mac, lease_mac != NULL ? lease_mac : "", MAC_TEXT_SIZE);
    return true;
}

static const BootNetwork network = {find_neighbour, find_lease};

static void
configure(const char *setting)
{
    Config *config = config_new();
    assert_true(config_set(config, "boot_server.lease_file=/leases", NULL));
    assert_true(setting == NULL || config_set(config, setting, NULL));
    assert_true(config_finish(config, NULL));
    config_publish(config);
}

static void
add_macs(Fixture *fixture)
{
    g_autoptr(Port) port = port_new();
    g_autoptr(Portgroup) group = portgroup_new();
    record_set_text(&port->address, NODE_MAC);
    record_set_text(&port->node_uuid, fixture->node->uuid);
    record_set_text(&group->address, BOND_MAC);
    record_set_text(&group->node_uuid, fixture->node->uuid);
    assert_true(db_record_insert(fixture->db, &port_resource, port, NULL));
    assert_true(db_record_insert(fixture->db, &portgroup_resource, group, NULL));
}

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    g_autoptr(GError) error = NULL;
    neighbour_mac = lease_mac = NULL;
    network_fails = false;
    configure(NULL);
    fixture->directory = g_dir_make_tmp("steel-access-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "steel.db", NULL);
    g_autofree char *url = g_strdup_printf("sqlite:///%s", fixture->path);
    fixture->db = db_open(url, &db_throw_away, &error);
    if (fixture->db == NULL)
        fail_msg("%s", error->message);
    fixture->node = node_new();
    record_set_text(&fixture->node->driver, "ipmi");
    record_set_text(&fixture->node->provision_state, "active");
    boot_record_write(fixture->node, BOOT_MODE_ISCSI);
    assert_true(db_record_insert(fixture->db, &node_resource, fixture->node, &error));
    add_macs(fixture);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    node_free(fixture->node);
    db_close(fixture->db);
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *file = g_strconcat(fixture->path, endings[i], NULL);
        remove(file);
    }
    assert_int_equal(remove(fixture->directory), 0);
    g_free(fixture->directory);
    g_free(fixture->path);
    g_free(fixture);
    config_shutdown();
    return 0;
}

static HttpAddress
address_of(const char *text)
{
    HttpAddress address;
    assert_true(http_address_parse(text, strlen(text), &address));
    return address;
}

static BootVerdict
ask(Fixture *fixture, const char *from)
{
    g_autoptr(GError) error = NULL;
    g_auto(BootGrant) grant = {0};
    const BootSource source = {fixture->db, &network};
    const HttpAddress address = address_of(from);
    BootRecord record;
    assert_true(boot_record_read(fixture->node, &record));
    if (!boot_access_ask(&source, fixture->node, &record, &address, &grant, &error))
        fail_msg("%s", error->message);
    assert_int_equal(grant.token != NULL, boot_verdict_serves(grant.verdict));
    assert_non_null(strstr(grant.words, from));
    g_strlcpy(fixture->token, grant.token != NULL ? grant.token : "", sizeof fixture->token);
    return grant.verdict;
}

static bool
report(Fixture *fixture, const char *from, const char *token, BootPhase phase)
{
    g_autoptr(GError) error = NULL;
    const BootSource source = {fixture->db, &network};
    const HttpAddress address = address_of(from);
    BootRecord record;
    assert_true(boot_record_read(fixture->node, &record));
    bool believed =
        boot_access_report(&source, fixture->node, &record, &address, token, phase, &error);
    assert_true(believed || steel_error_is(error, STEEL_ERROR_FORBIDDEN));
    return believed;
}

static void
start_machine(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    if (!boot_access_open_window(fixture->db, fixture->node, 1000, &error))
        fail_msg("%s", error->message);
}

/* The window is over, as if time had passed. */
static void
end_window(Fixture *fixture)
{
    assert_true(db_execute(fixture->db, "UPDATE boot_sessions SET window_until_ms = 1", NULL, 0,
                           NULL, NULL));
}

static void
a_machine_that_steel_has_started_gets_its_script_once_and_again(void **state)
{
    Fixture *fixture = *state;
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_CLOSED);
    start_machine(fixture);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_FIRST);
    g_autofree char *first = g_strdup(fixture->token);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_AGAIN);
    assert_string_equal(fixture->token, first);
    assert_int_equal(ask(fixture, STRANGER), BOOT_VERDICT_TAKEN);
    assert_true(report(fixture, MACHINE, first, BOOT_PHASE_SAN_HOOKED));
}

static void
reports_are_believed_from_the_scripts_address_with_its_token_only(void **state)
{
    Fixture *fixture = *state;
    start_machine(fixture);
    assert_false(report(fixture, MACHINE, NULL, BOOT_PHASE_SAN_HOOKED)); /* nothing was served */
    ask(fixture, MACHINE);
    g_autofree char *token = g_strdup(fixture->token);
    assert_false(report(fixture, STRANGER, token, BOOT_PHASE_SAN_HOOKED));
    assert_false(report(fixture, MACHINE, "wrong", BOOT_PHASE_SAN_HOOKED));
    assert_false(report(fixture, MACHINE, NULL, BOOT_PHASE_SAN_HOOKED));
    assert_true(report(fixture, MACHINE, token, BOOT_PHASE_SAN_HOOKED));
    assert_true(report(fixture, MACHINE, token, BOOT_PHASE_BOOT_FAILED));
}

static void
each_boot_has_a_token_of_its_own(void **state)
{
    Fixture *fixture = *state;
    start_machine(fixture);
    ask(fixture, MACHINE);
    g_autofree char *first = g_strdup(fixture->token);
    start_machine(fixture);
    assert_false(report(fixture, MACHINE, first, BOOT_PHASE_GIVEN_UP));
    ask(fixture, MACHINE);
    g_autofree char *second = g_strdup(fixture->token);
    assert_string_not_equal(first, second);
    assert_true(report(fixture, MACHINE, second, BOOT_PHASE_SAN_HOOKED));
    ask(fixture, MACHINE); /* restarted by itself: the volumes were attached before */
    assert_string_not_equal(fixture->token, second);
    assert_false(report(fixture, MACHINE, second, BOOT_PHASE_GIVEN_UP));
}

static void
a_machine_that_restarts_by_itself_comes_up_at_the_address_that_attached_last(void **state)
{
    Fixture *fixture = *state;
    start_machine(fixture);
    ask(fixture, MACHINE);
    g_autofree char *token = g_strdup(fixture->token);
    assert_true(report(fixture, MACHINE, token, BOOT_PHASE_SAN_HOOKED));
    end_window(fixture);
    assert_int_equal(ask(fixture, STRANGER), BOOT_VERDICT_CLOSED);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_ATTACHED);
    assert_true(report(fixture, MACHINE, fixture->token, BOOT_PHASE_SAN_HOOKED));
}

static void
a_machine_that_never_attached_its_volume_is_not_known_afterwards(void **state)
{
    Fixture *fixture = *state;
    start_machine(fixture);
    ask(fixture, MACHINE);
    assert_true(report(fixture, MACHINE, fixture->token, BOOT_PHASE_SAN_FAILED));
    end_window(fixture);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_CLOSED);
}

static void
restarts_without_steel_can_be_forbidden(void **state)
{
    Fixture *fixture = *state;
    configure("boot_server.allow_own_reboots=false");
    neighbour_mac = NODE_MAC;
    start_machine(fixture);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_KNOWN);
    assert_true(report(fixture, MACHINE, fixture->token, BOOT_PHASE_SAN_HOOKED));
    end_window(fixture);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_OWN_REBOOT);
    start_machine(fixture);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_KNOWN);
}

static void
on_the_link_the_neighbour_table_decides(void **state)
{
    Fixture *fixture = *state;
    start_machine(fixture);
    neighbour_mac = STRANGER_MAC;
    assert_int_equal(ask(fixture, STRANGER), BOOT_VERDICT_OTHER_MACHINE);
    neighbour_mac = NODE_MAC;
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_KNOWN);
    assert_int_equal(ask(fixture, "192.0.2.45"), BOOT_VERDICT_KNOWN); /* a new address of DHCP */
    neighbour_mac = BOND_MAC;
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_KNOWN);
    end_window(fixture);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_KNOWN);
}

static void
behind_a_relay_the_lease_decides(void **state)
{
    Fixture *fixture = *state;
    lease_mac = STRANGER_MAC;
    start_machine(fixture);
    assert_int_equal(ask(fixture, STRANGER), BOOT_VERDICT_OTHER_LEASE);
    lease_mac = NODE_MAC;
    end_window(fixture);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_KNOWN);
    neighbour_mac = STRANGER_MAC; /* the stranger took the address of a lease */
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_OTHER_MACHINE);
}

static void
the_neighbour_table_can_be_left_out(void **state)
{
    Fixture *fixture = *state;
    configure("boot_server.check_neighbours=false");
    neighbour_mac = STRANGER_MAC; /* the router that translates addresses */
    start_machine(fixture);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_FIRST);
}

static void
a_network_that_cannot_be_asked_knows_nothing(void **state)
{
    Fixture *fixture = *state;
    network_fails = true;
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_CLOSED);
    start_machine(fixture);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_FIRST);
}

static void
without_a_window_being_first_is_not_enough(void **state)
{
    Fixture *fixture = *state;
    configure("boot_server.boot_window=0");
    start_machine(fixture);
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_CLOSED);
    neighbour_mac = NODE_MAC;
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_KNOWN);
}

static void
another_instance_inherits_nothing(void **state)
{
    Fixture *fixture = *state;
    start_machine(fixture);
    ask(fixture, MACHINE);
    g_autofree char *token = g_strdup(fixture->token);
    assert_true(report(fixture, MACHINE, token, BOOT_PHASE_SAN_HOOKED));
    boot_record_remove(fixture->node);
    boot_record_write(fixture->node, BOOT_MODE_ISCSI);
    assert_false(report(fixture, MACHINE, token, BOOT_PHASE_SAN_HOOKED));
    assert_int_equal(ask(fixture, MACHINE), BOOT_VERDICT_CLOSED);
}

/* One of many that ask at once. */
typedef struct Racer {
    Fixture *fixture;
    char address[16];
    bool served;
    pthread_t thread;
} Racer;

static void *
race(void *data)
{
    Racer *racer = data;
    g_autoptr(GError) error = NULL;
    g_auto(BootGrant) grant = {0};
    const BootSource source = {racer->fixture->db, &network};
    HttpAddress address;
    BootRecord record;
    http_address_parse(racer->address, strlen(racer->address), &address);
    boot_record_read(racer->fixture->node, &record);
    racer->served =
        boot_access_ask(&source, racer->fixture->node, &record, &address, &grant, &error) &&
        boot_verdict_serves(grant.verdict);
    return NULL;
}

static void
of_many_that_ask_at_once_one_is_the_first(void **state)
{
    Fixture *fixture = *state;
    Racer racers[8];
    unsigned served = 0;
    start_machine(fixture);
    for (unsigned i = 0; i < G_N_ELEMENTS(racers); i++) {
        racers[i] = (Racer){.fixture = fixture};
        snprintf(racers[i].address, sizeof racers[i].address, "192.0.2.%u", i + 1);
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(racers); i++) {
        pthread_join(racers[i].thread, NULL);
        served += racers[i].served;
    }
    assert_int_equal(served, 1);
}

static void
a_node_that_is_deleted_takes_its_session_along(void **state)
{
    Fixture *fixture = *state;
    g_auto(BootSession) session = {0};
    start_machine(fixture);
    assert_true(db_boot_session_load(fixture->db, fixture->node->uuid, &session, NULL));
    assert_int_equal(session.revision, 1);
    assert_true(db_execute(fixture->db, "DELETE FROM ports", NULL, 0, NULL, NULL));
    assert_true(db_execute(fixture->db, "DELETE FROM portgroups", NULL, 0, NULL, NULL));
    assert_true(db_record_delete(fixture->db, &node_resource, fixture->node->uuid, NULL));
    g_auto(BootSession) after = {0};
    assert_true(db_boot_session_load(fixture->db, fixture->node->uuid, &after, NULL));
    assert_int_equal(after.revision, 0);
}

#define access_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        access_test(a_machine_that_steel_has_started_gets_its_script_once_and_again),
        access_test(reports_are_believed_from_the_scripts_address_with_its_token_only),
        access_test(each_boot_has_a_token_of_its_own),
        access_test(a_machine_that_restarts_by_itself_comes_up_at_the_address_that_attached_last),
        access_test(a_machine_that_never_attached_its_volume_is_not_known_afterwards),
        access_test(restarts_without_steel_can_be_forbidden),
        access_test(on_the_link_the_neighbour_table_decides),
        access_test(behind_a_relay_the_lease_decides),
        access_test(the_neighbour_table_can_be_left_out),
        access_test(a_network_that_cannot_be_asked_knows_nothing),
        access_test(without_a_window_being_first_is_not_enough),
        access_test(another_instance_inherits_nothing),
        access_test(of_many_that_ask_at_once_one_is_the_first),
        access_test(a_node_that_is_deleted_takes_its_session_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
