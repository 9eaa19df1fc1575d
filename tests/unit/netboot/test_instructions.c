/* What a machine is told follows from the database, and secrets go to nobody else.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/json_text.h"
#include "db/nodes.h"
#include "db/records.h"
#include "db/sql.h"
#include "model/resources.h"
#include "netboot/instructions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MAC "52:54:00:00:00:01"
#define NODE "1be26c0b-03f2-4d2e-ae87-c02d7f33c781"
#define OTHER_MAC "52:54:00:00:00:02"
#define OTHER "2be26c0b-03f2-4d2e-ae87-c02d7f33c782"
#define BOOT "{\"boot\":{\"mode\":\"iscsi\",\"id\":\"r\"}}"
#define ASKER "192.0.2.44"
#define VOLUME                                                                                     \
    "{\"target_portal\":\"192.0.2.5:3260\",\"target_iqn\":\"iqn.2010-10.com.example:a\","          \
    "\"target_lun\":\"1\",\"auth_username\":\"u\",\"auth_password\":\"secret-a\"}"

/* Nobody knows any address but by what is stored of it. */
static bool
no_neighbours(const HttpAddress *address, Neighbours *out, GError **error)
{
    (void)address, (void)error;
    out->count = 0;
    return true;
}

static bool
no_lease(const char *path, const HttpAddress *address, char mac[MAC_TEXT_SIZE], GError **error)
{
    (void)path, (void)address, (void)error;
    mac[0] = '\0';
    return true;
}

static const BootNetwork silent = {no_neighbours, no_lease};

static HttpAddress
address_of(const char *text)
{
    HttpAddress address;
    assert_true(http_address_parse(text, strlen(text), &address));
    return address;
}

/* Steel starts the machine. */
static void
open_window(Db *db, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = db_record_find(db, &node_resource, "uuid", uuid, &error);
    assert_non_null(node);
    if (!boot_access_open_window(db, node, 1000, &error))
        fail_msg("%s", error->message);
}

static bool
believed(Db *db, const char *from, const char *token)
{
    const BootSource source = {db, &silent};
    const HttpAddress address = address_of(from);
    g_autofree char *node = NULL;
    g_autoptr(GError) error = NULL;
    bool good =
        boot_report_check(&source, MAC, &address, token, BOOT_PHASE_SAN_FAILED, &node, &error);
    assert_true(good ? g_strcmp0(node, NODE) == 0 : steel_error_is(error, STEEL_ERROR_FORBIDDEN));
    return good;
}

static json_t *
object(const char *text)
{
    json_t *value = json_text_parse(text, strlen(text), 0, NULL);
    assert_non_null(value);
    return value;
}

static void
insert(Db *db, const Resource *resource, void *record)
{
    g_autoptr(GError) error = NULL;
    if (!db_record_insert(db, resource, record, &error))
        fail_msg("%s: %s", resource->name, error->message);
}

static void
put_node(Db *db, const char *uuid, const char *name, const char *mac, const char *internal_info)
{
    g_autoptr(Node) node = node_new();
    record_set_text(&node->uuid, uuid);
    record_set_text(&node->name, name);
    record_set_text(&node->driver, "ipmi");
    record_set_text(&node->provision_state, "deploying");
    json_decref(node->driver_internal_info);
    node->driver_internal_info = object(internal_info);
    insert(db, &node_resource, node);
    g_autoptr(Port) port = port_new();
    record_set_text(&port->address, mac);
    record_set_text(&port->node_uuid, uuid);
    insert(db, &port_resource, port);
    open_window(db, uuid);
}

static void
put_target(Db *db, const char *node_uuid, int64_t boot_index, const char *type,
           const char *properties)
{
    g_autoptr(VolumeTarget) target = volume_target_new();
    record_set_text(&target->node_uuid, node_uuid);
    record_set_text(&target->volume_type, type);
    record_set_text(&target->volume_id, "04452bed-5367-4202-8bf5-de4335ac57d2");
    target->boot_index = boot_index;
    json_decref(target->properties);
    target->properties = object(properties);
    insert(db, &volume_target_resource, target);
}

static void
put_connector(Db *db, const char *node_uuid, const char *type, const char *id)
{
    g_autoptr(VolumeConnector) connector = volume_connector_new();
    record_set_text(&connector->node_uuid, node_uuid);
    record_set_text(&connector->type, type);
    record_set_text(&connector->connector_id, id);
    insert(db, &volume_connector_resource, connector);
}

typedef struct Fixture {
    char *directory;
    char *path;
    Db *db;
} Fixture;

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    Config *config = config_new();
    assert_true(config_finish(config, NULL));
    config_publish(config);
    fixture->directory = g_dir_make_tmp("steel-instructions-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "steel.db", NULL);
    g_autofree char *url = g_strdup_printf("sqlite:///%s", fixture->path);
    g_autoptr(GError) error = NULL;
    fixture->db = db_open(url, &db_throw_away, &error);
    if (fixture->db == NULL)
        fail_msg("%s", error->message);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
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

static void
load(Db *db, const char *mac, BootInstructions *instructions)
{
    g_autoptr(GError) error = NULL;
    const BootSource source = {db, &silent};
    const HttpAddress address = address_of(ASKER);
    boot_instructions_init(instructions, mac);
    if (!boot_instructions_load(&source, &address, instructions, &error))
        fail_msg("%s", error->message);
}

static void
an_unknown_address_stays_unknown(void **state)
{
    Fixture *fixture = *state;
    g_auto(BootInstructions) instructions;
    load(fixture->db, MAC, &instructions);
    assert_int_equal(instructions.answer, BOOT_ANSWER_UNKNOWN_MAC);
    assert_null(instructions.node_uuid);
    assert_false(believed(fixture->db, ASKER, "0123456789abcdef"));
}

static void
a_node_without_the_record_goes_on_and_its_secrets_are_not_read(void **state)
{
    Fixture *fixture = *state;
    static const char *const infos[] = {"{}", "{\"boot\":null}", "{\"boot\":\"iscsi\"}"};
    for (size_t i = 0; i < G_N_ELEMENTS(infos); i++) {
        char uuid[] = NODE, mac[] = MAC;
        uuid[35] = mac[16] = (char)('3' + i);
        put_node(fixture->db, uuid, NULL, mac, infos[i]);
        put_target(fixture->db, uuid, 0, "iscsi", VOLUME);
        g_auto(BootInstructions) instructions;
        load(fixture->db, mac, &instructions);
        assert_int_equal(instructions.answer, BOOT_ANSWER_NONE);
        assert_string_equal(instructions.node_uuid, uuid);
        assert_null(instructions.token);
    }
}

static void
a_node_told_to_boot_from_volume_gets_its_volumes_in_order_and_its_first_initiator(void **state)
{
    Fixture *fixture = *state;
    Db *db = fixture->db;
    put_node(db, NODE, "rack1-node4", MAC, BOOT);
    put_node(db, OTHER, "other", OTHER_MAC, BOOT);
    put_target(db, NODE, 2, "iscsi",
               "{\"target_portal\":\"192.0.2.6\",\"target_iqn\":\"iqn.2010-10.com.example:b\"}");
    put_target(db, NODE, 1, "fibre_channel", "{\"target_wwn\":\"5000\"}");
    put_target(db, NODE, 0, "iscsi", VOLUME);
    put_target(db, OTHER, 0, "iscsi",
               "{\"target_portal\":\"192.0.2.9\",\"target_iqn\":\"iqn.2010-10.com.example:z\","
               "\"auth_username\":\"z\",\"auth_password\":\"secret-z\"}");
    put_connector(db, NODE, "ip", "192.0.2.77");
    put_connector(db, NODE, "iqn", "iqn.2017-08.org.openstack:first");
    put_connector(db, NODE, "iqn", "iqn.2017-08.org.openstack:second");
    g_auto(BootInstructions) instructions;
    load(db, MAC, &instructions);
    assert_int_equal(instructions.answer, BOOT_ANSWER_BOOT);
    assert_int_equal(instructions.mode, BOOT_MODE_ISCSI);
    assert_string_equal(instructions.node_uuid, NODE);
    assert_string_equal(instructions.node_name, "rack1-node4");
    assert_string_equal(instructions.boot.iscsi.initiator_iqn, "iqn.2017-08.org.openstack:first");
    assert_int_equal(instructions.boot.iscsi.volumes->len, 2);
    const IscsiVolume *first = instructions.boot.iscsi.volumes->pdata[0];
    const IscsiVolume *second = instructions.boot.iscsi.volumes->pdata[1];
    assert_string_equal(first->password, "secret-a");
    assert_null(second->password);
    const IscsiPortal *portal = second->portals->pdata[0];
    assert_string_equal(portal->host, "192.0.2.6");
    assert_int_equal(strlen(instructions.token), 32);
    assert_true(believed(db, ASKER, instructions.token));
    assert_false(believed(db, "192.0.2.45", instructions.token));
    assert_false(believed(db, ASKER, NULL));
}

static void
set_state(Db *db, const char *state)
{
    g_autoptr(GError) error = NULL;
    const DbValue value = db_text(state);
    if (!db_execute(db, "UPDATE nodes SET provision_state = ?1", &value, 1, NULL, &error))
        fail_msg("%s", error->message);
}

static void
secrets_are_given_in_the_states_of_an_instance_only(void **state)
{
    static const char *const with[] = {"deploying", "wait call-back", "active",
                                       "adopting",  "rescue",         "unrescuing"};
    static const char *const without[] = {"enroll",        "manageable", "available",
                                          "deploy failed", "deleting",   "error",
                                          "cleaning",      "clean wait", "adopt failed"};
    Db *db = ((Fixture *)*state)->db;
    g_autofree char *last = NULL;
    put_node(db, NODE, NULL, MAC, BOOT);
    put_target(db, NODE, 0, "iscsi", VOLUME);
    for (size_t i = 0; i < G_N_ELEMENTS(with) + G_N_ELEMENTS(without); i++) {
        bool served = i < G_N_ELEMENTS(with);
        set_state(db, served ? with[i] : without[i - G_N_ELEMENTS(with)]);
        g_auto(BootInstructions) instructions;
        g_autofree char *token = g_strdup(last);
        load(db, MAC, &instructions);
        assert_int_equal(instructions.answer, served ? BOOT_ANSWER_BOOT : BOOT_ANSWER_NONE);
        assert_int_equal(instructions.token != NULL, served);
        if (served) {
            g_free(token);
            token = g_strdup(instructions.token);
        }
        assert_int_equal(believed(db, ASKER, token), served);
        if (!served)
            continue;
        assert_int_equal(instructions.boot.iscsi.volumes->len, 1);
        g_clear_pointer(&last, g_free);
        last = g_steal_pointer(&token);
    }
}

static void
without_a_connector_the_initiator_is_left_to_the_machine(void **state)
{
    Fixture *fixture = *state;
    put_node(fixture->db, NODE, NULL, MAC, BOOT);
    put_target(fixture->db, NODE, 0, "iscsi", VOLUME);
    g_auto(BootInstructions) instructions;
    load(fixture->db, MAC, &instructions);
    assert_int_equal(instructions.answer, BOOT_ANSWER_BOOT);
    assert_int_equal(instructions.mode, BOOT_MODE_ISCSI);
    assert_null(instructions.boot.iscsi.initiator_iqn);
}

static void
assert_unusable(Db *db, const char *words)
{
    g_auto(BootInstructions) instructions;
    load(db, MAC, &instructions);
    assert_int_equal(instructions.answer, BOOT_ANSWER_UNUSABLE);
    assert_string_equal(instructions.node_uuid, NODE);
    assert_non_null(instructions.problem);
    if (strstr(instructions.problem, words) == NULL)
        fail_msg("%s", instructions.problem);
    assert_null(strstr(instructions.problem, "secret-a"));
}

static void
without_a_boot_volume_the_machine_is_told_why(void **state)
{
    Fixture *fixture = *state;
    put_node(fixture->db, NODE, NULL, MAC, BOOT);
    assert_unusable(fixture->db, "no volume target of type iscsi with boot index 0");
    put_target(fixture->db, NODE, 1, "iscsi", VOLUME);
    assert_unusable(fixture->db, "no volume target of type iscsi with boot index 0");
}

static void
properties_that_do_not_hold_are_named_with_their_target(void **state)
{
    Fixture *fixture = *state;
    put_node(fixture->db, NODE, NULL, MAC, BOOT);
    put_target(fixture->db, NODE, 0, "iscsi", VOLUME);
    put_target(fixture->db, NODE, 3, "iscsi",
               "{\"target_portal\":\"192.0.2.6\",\"target_iqn\":\"volume\"}");
    assert_unusable(fixture->db, "(boot index 3): target_iqn must be an iSCSI name");
}

static void
an_initiator_that_is_no_iscsi_name_is_refused(void **state)
{
    Fixture *fixture = *state;
    put_node(fixture->db, NODE, NULL, MAC, BOOT);
    put_target(fixture->db, NODE, 0, "iscsi", VOLUME);
    put_connector(fixture->db, NODE, "iqn", "iqn.2017-08.org.openstack:a\nshell");
    assert_unusable(fixture->db, "connector_id is not an iSCSI name");
}

static void
another_mode_and_too_many_volumes_are_unusable(void **state)
{
    Fixture *fixture = *state;
    put_node(fixture->db, OTHER, NULL, OTHER_MAC, "{\"boot\":{\"mode\":\"tape\"}}");
    g_auto(BootInstructions) other;
    load(fixture->db, OTHER_MAC, &other);
    assert_int_equal(other.answer, BOOT_ANSWER_UNUSABLE);
    put_node(fixture->db, NODE, NULL, MAC, BOOT);
    for (int i = 0; i < 17; i++)
        put_target(fixture->db, NODE, i, "iscsi", VOLUME);
    assert_unusable(fixture->db, "more volumes");
}

/* What a node that boots kernel and initramfs is told: the kernel's command line, or the
 * problem. */
static char *
told_of_kernel(Db *db, const char *instance_info)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) stored = db_record_find(db, &node_resource, "uuid", NODE, &error);
    g_autoptr(Node) node = node_copy(stored);
    json_decref(node->instance_info);
    node->instance_info = object(instance_info);
    assert_true(db_node_save(db, node, stored, &error));
    g_auto(BootInstructions) told;
    load(db, MAC, &told);
    if (told.answer == BOOT_ANSWER_UNUSABLE)
        return g_strdup(told.problem);
    assert_int_equal(told.answer, BOOT_ANSWER_BOOT);
    assert_string_equal(told.boot.ramdisk.kernel, NODE "/kernel");
    assert_string_equal(told.boot.ramdisk.initramfs, NODE "/ramdisk");
    return g_strdup(told.boot.ramdisk.arguments);
}

static void
a_root_on_nfs_is_named_to_the_kernel(void **state)
{
    Fixture *fixture = *state;
    static const char *const rows[][2] = {
        {"{\"nfs_root\": \"192.0.2.5:/r,vers=4.1\"}",
         "root=/dev/nfs nfsroot=192.0.2.5:/r,vers=4.1 rw ip=dhcp BOOTIF=01-52-54-00-00-00-01"},
        {"{\"nfs_root\": \"h:/r\", \"kernel_append_params\": \"quiet ip=eth0:dhcp\"}",
         "root=/dev/nfs nfsroot=h:/r rw BOOTIF=01-52-54-00-00-00-01 quiet ip=eth0:dhcp"},
        {"{\"nfs_root\": \"h:/r\", \"kernel_append_params\": \"a ${password}\"}",
         "the kernel's parameters"},
        {"{\"nfs_root\": \"h:/r x\"}", "instance_info nfs_root must be"},
        {"{}", "instance_info nfs_root must be"},
    };
    put_node(fixture->db, NODE, NULL, MAC, "{\"boot\":{\"mode\":\"nfs\",\"id\":\"r\"}}");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *told = told_of_kernel(fixture->db, rows[i][0]);
        if (!g_str_has_prefix(told, rows[i][1]))
            fail_msg("%s: %s", rows[i][0], told);
    }
}

static void
a_ramdisk_gets_the_operators_words_last(void **state)
{
    Fixture *fixture = *state;
    static const char *const rows[][2] = {
        {"{}", "root=/dev/ram0 text BOOTIF=01-52-54-00-00-00-01 nofb vga=normal"},
        {"{\"ramdisk_kernel_arguments\": \"boot=live\", \"kernel_append_params\": \"quiet\"}",
         "root=/dev/ram0 text BOOTIF=01-52-54-00-00-00-01 quiet boot=live"},
        {"{\"ramdisk_kernel_arguments\": \"root=/dev/sda1\"}",
         "BOOTIF=01-52-54-00-00-00-01 nofb vga=normal root=/dev/sda1"},
        {"{\"ramdisk_kernel_arguments\": \"a ${password}\"}", "the kernel's parameters"},
        {"{\"ramdisk_kernel_arguments\": 7}", "the kernel's parameters"},
    };
    put_node(fixture->db, NODE, NULL, MAC,
             "{\"boot\":{\"mode\":\"instance_ramdisk\",\"id\":\"r\"}}");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *told = told_of_kernel(fixture->db, rows[i][0]);
        if (!g_str_has_prefix(told, rows[i][1]))
            fail_msg("%s: %s", rows[i][0], told);
    }
}

static void
who_is_refused_gets_nothing_but_the_reason(void **state)
{
    Fixture *fixture = *state;
    put_node(fixture->db, NODE, NULL, MAC, BOOT);
    put_target(fixture->db, NODE, 0, "iscsi", VOLUME);
    g_auto(BootInstructions) first, second;
    load(fixture->db, MAC, &first);
    const BootSource source = {fixture->db, &silent};
    const HttpAddress stranger = address_of("192.0.2.45");
    g_autoptr(GError) error = NULL;
    boot_instructions_init(&second, MAC);
    assert_true(boot_instructions_load(&source, &stranger, &second, &error));
    assert_int_equal(second.answer, BOOT_ANSWER_REFUSED);
    assert_null(second.token);
    assert_non_null(strstr(second.problem, "192.0.2.45: another address has the script"));
    assert_true(believed(fixture->db, ASKER, first.token));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_unknown_address_stays_unknown),
        CASE(a_node_without_the_record_goes_on_and_its_secrets_are_not_read),
        CASE(a_node_told_to_boot_from_volume_gets_its_volumes_in_order_and_its_first_initiator),
        CASE(secrets_are_given_in_the_states_of_an_instance_only),
        CASE(without_a_connector_the_initiator_is_left_to_the_machine),
        CASE(without_a_boot_volume_the_machine_is_told_why),
        CASE(properties_that_do_not_hold_are_named_with_their_target),
        CASE(an_initiator_that_is_no_iscsi_name_is_refused),
        CASE(another_mode_and_too_many_volumes_are_unusable),
        CASE(a_root_on_nfs_is_named_to_the_kernel),
        CASE(a_ramdisk_gets_the_operators_words_last),
        CASE(who_is_refused_gets_nothing_but_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
