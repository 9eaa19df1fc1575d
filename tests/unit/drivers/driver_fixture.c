/* The surroundings of a driver under test; the contract is in driver_fixture.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "bmc/ilo/ilo.h"
#include "bmc/ipmi/client/client.h"
#include "bmc/redfish/client.h"
#include "common/config.h"
#include "db/records.h"
#include "http_engine/engine.h"

#include <stdio.h>
#include <string.h>

json_t *
driver_fixture_json(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, strlen(text), 0, &error);
    assert_no_error(error);
    return value;
}

void
assert_no_error(const GError *error)
{
    if (error != NULL)
        fail_msg("%s: %s", steel_error_info(error)->code, error->message);
}

void
assert_error(GError **error, SteelErrorCode code, const char *part)
{
    assert_non_null(*error);
    if (!steel_error_is(*error, code) || strstr((*error)->message, part) == NULL)
        fail_msg("expected \"...%s...\", not %s: %s", part, steel_error_info(*error)->code,
                 (*error)->message);
    g_clear_error(error);
}

static void
configure(const char *const *settings)
{
    static const char *const own[] = {
        "ipmi.min_command_interval=0", "ipmi.command_retry_timeout=3",
        "conductor.power_state_change_timeout=5", "ilo.power_wait=1",
        "redfish.connection_retry_interval=1", "console.port_range=30000:32000",
        "console.socat_address=127.0.0.1",
        "DEFAULT.enabled_hardware_types=ipmi,redfish,fake-hardware,ilo,ilo5",
        /* all, those as well that are enabled by their names only */
        "DEFAULT.enabled_boot_interfaces=fake,ipxe,pxe,http-ipxe,http,redfish-virtual-media,"
        "redfish-https,ilo-virtual-media,ilo-ipxe,ilo-pxe,ilo-uefi-https",
        NULL};
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    for (size_t i = 0; own[i] != NULL; i++)
        assert_true(config_set(config, own[i], &error));
    for (size_t i = 0; settings != NULL && settings[i] != NULL; i++)
        assert_true(config_set(config, settings[i], &error));
    if (!config_finish(config, &error))
        assert_no_error(error);
    config_publish(config);
}

static void
start_bmc(DriverFixture *fixture)
{
    static const IpmiBmcUser users[] = {
        {FIXTURE_USER, FIXTURE_PASSWORD, IPMI_PRIVILEGE_ADMINISTRATOR},
        {ILO_DEVICE_USER, ILO_DEVICE_PASSWORD, IPMI_PRIVILEGE_ADMINISTRATOR}};
    g_autoptr(GError) error = NULL;
    fixture->client = ipmi_client_new(NULL, &error);
    assert_no_error(error);
    fixture->server = ipmi_server_new(&error);
    assert_no_error(error);
    fixture->bmc = ipmi_server_add(fixture->server, "127.0.0.1", 0, users, G_N_ELEMENTS(users),
                                   NULL, NULL, &error);
    assert_no_error(error);
    ipmi_bmc_set_identity(fixture->bmc, 10876, 1); /* Supermicro */
}

static void
start_ilo(DriverFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    fixture->http = http_engine_new(NULL, &error);
    assert_no_error(error);
    fixture->ilo = ilo_device_new(ILO_DEVICE_GEN10);
}

static void
start_redfish(DriverFixture *fixture)
{
    fixture->machine = redfish_machine_start(FIXTURE_USER, FIXTURE_PASSWORD);
    fixture->guard = bmc_guard_new(NULL);
    fixture->services.bmc.redfish = redfish_client_new(fixture->http, fixture->guard);
    fixture->ilo_client =
        ilo_client_new(fixture->http, fixture->guard, fixture->services.bmc.redfish);
    fixture->services.bmc.ilo = fixture->ilo_client;
}

/* No session may be left open on the BMC. */
static void
stop_http(DriverFixture *fixture)
{
    assert_int_equal(redfish_client_close(fixture->services.bmc.redfish, 30000), 0);
    ilo_client_free(fixture->ilo_client);
    http_engine_free(fixture->http);
    redfish_client_free(fixture->services.bmc.redfish);
    bmc_guard_free(fixture->guard);
    ilo_device_free(fixture->ilo);
    assert_int_equal(redfish_machine_sessions(fixture->machine), 0);
    redfish_machine_stop(fixture->machine);
}

static void
ignore_progress(void *user, const char *key, uint64_t done, uint64_t total)
{
    (void)user, (void)key, (void)done, (void)total;
}

static void
ignore_end(void *user, const char *key)
{
    (void)user, (void)key;
}

static const LunWritesOps nobody = {ignore_progress, ignore_end};

DriverFixture *
driver_fixture_new(const char *const *settings)
{
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = g_new0(DriverFixture, 1);
    configure(settings);
    fixture->directory = g_dir_make_tmp("steel-drivers-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "steel.db", NULL);
    g_autofree char *url = g_strdup_printf("sqlite:///%s", fixture->path);
    fixture->db = db_open(url, &db_throw_away, &error);
    assert_no_error(error);
    fixture->registry = registry_new(config_current(), &error);
    assert_no_error(error);
    fixture->events = events_new();
    fixture->writes = lun_writes_new(&nobody, NULL, "iqn.2008-10.org.openstack:test", 1, 1);
    fixture->consoles = consoles_new(NULL, NULL, &error);
    assert_no_error(error);
    start_bmc(fixture);
    start_ilo(fixture);
    fixture->services = (DriverServices){.db = fixture->db,
                                         .bmc = {.ipmi = fixture->client, .http = fixture->http},
                                         .events = fixture->events,
                                         .registry = fixture->registry,
                                         .conductor_host = "test",
                                         .boot_url = "http://192.0.2.1:8089",
                                         .writes = fixture->writes,
                                         .consoles = fixture->consoles};
    start_redfish(fixture);
    return fixture;
}

void
driver_fixture_free(DriverFixture *fixture)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    task_free(fixture->task);
    lun_writes_free(fixture->writes);
    consoles_free(fixture->consoles);
    stop_http(fixture);
    ipmi_client_free(fixture->client);
    ipmi_server_free(fixture->server);
    events_free(fixture->events);
    registry_free(fixture->registry);
    db_close(fixture->db);
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *file = g_strconcat(fixture->path, endings[i], NULL);
        remove(file);
    }
    assert_int_equal(remove(fixture->directory), 0);
    g_free(fixture->directory);
    g_free(fixture->path);
    g_free(fixture);
    config_shutdown();
}

Node *
driver_fixture_node(const DriverFixture *fixture, const char *driver)
{
    Node *node = node_new();
    record_set_text(&node->uuid, FIXTURE_NODE);
    record_set_text(&node->name, "rack1-07");
    record_set_text(&node->driver, driver);
    record_set_text(&node->provision_state, "deploying");
    json_object_set_new(node->driver_info, "ipmi_address", json_string("127.0.0.1"));
    json_object_set_new(node->driver_info, "ipmi_port", json_integer(ipmi_bmc_port(fixture->bmc)));
    json_object_set_new(node->driver_info, "ipmi_username", json_string(FIXTURE_USER));
    json_object_set_new(node->driver_info, "ipmi_password", json_string(FIXTURE_PASSWORD));
    json_object_set_new(node->driver_info, "ilo_address", json_string("127.0.0.1"));
    json_object_set_new(node->driver_info, "client_port",
                        json_integer(ilo_device_port(fixture->ilo)));
    json_object_set_new(node->driver_info, "ilo_username", json_string(ILO_DEVICE_USER));
    json_object_set_new(node->driver_info, "ilo_password", json_string(ILO_DEVICE_PASSWORD));
    json_object_set_new(node->driver_info, "ilo_verify_ca",
                        json_string(ilo_device_certificate(fixture->ilo)));
    json_object_set_new(node->driver_info, "redfish_address",
                        json_string(redfish_machine_url(fixture->machine)));
    json_object_set_new(node->driver_info, "redfish_verify_ca",
                        json_string(redfish_machine_ca(fixture->machine)));
    json_object_set_new(node->driver_info, "redfish_username", json_string(FIXTURE_USER));
    json_object_set_new(node->driver_info, "redfish_password", json_string(FIXTURE_PASSWORD));
    return node;
}

static void
insert(DriverFixture *fixture, const Resource *resource, void *record)
{
    g_autoptr(GError) error = NULL;
    if (!db_record_insert(fixture->db, resource, record, &error))
        assert_no_error(error);
    if (fixture->task != NULL)
        task_forget_lists(fixture->task);
}

Task *
driver_fixture_begin(DriverFixture *fixture, Node *node)
{
    g_autoptr(GError) error = NULL;
    registry_complete_node(fixture->registry, node, &error);
    assert_no_error(error);
    insert(fixture, &node_resource, node);
    fixture->task = task_new(&fixture->services, node, &error);
    assert_no_error(error);
    fixture->task->exclusive = true;
    return fixture->task;
}

void
driver_fixture_port(DriverFixture *fixture, const char *address, bool pxe_enabled)
{
    g_autoptr(Port) port = port_new();
    record_set_text(&port->address, address);
    record_set_text(&port->node_uuid, FIXTURE_NODE);
    port->pxe_enabled = pxe_enabled;
    insert(fixture, &port_resource, port);
}

void
driver_fixture_target(DriverFixture *fixture, int64_t boot_index, const char *type,
                      const char *volume_id, const char *properties)
{
    g_autoptr(VolumeTarget) target = volume_target_new();
    record_set_text(&target->node_uuid, FIXTURE_NODE);
    record_set_text(&target->volume_type, type);
    record_set_text(&target->volume_id, volume_id);
    target->boot_index = boot_index;
    json_decref(target->properties);
    target->properties = driver_fixture_json(properties);
    insert(fixture, &volume_target_resource, target);
}

void
driver_fixture_connector(DriverFixture *fixture, const char *type, const char *id)
{
    g_autoptr(VolumeConnector) connector = volume_connector_new();
    record_set_text(&connector->node_uuid, FIXTURE_NODE);
    record_set_text(&connector->type, type);
    record_set_text(&connector->connector_id, id);
    insert(fixture, &volume_connector_resource, connector);
}

void
driver_fixture_volume(DriverFixture *fixture)
{
    driver_fixture_port(fixture, "52:54:00:00:00:01", true);
    driver_fixture_target(fixture, 0, "iscsi", "04452bed-5367-4202-8bf5-de4335ac57d2",
                          FIXTURE_PORTAL);
    driver_fixture_connector(fixture, "iqn", "iqn.2017-08.org.openstack.rack1-07");
    json_object_set_new(fixture->task->node->properties, "capabilities",
                        json_string("boot_mode:bios,iscsi_boot:true"));
}
