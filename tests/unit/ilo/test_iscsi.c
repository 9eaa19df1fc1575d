/* UEFI iSCSI boot: targets that are set and cleared, and the boot device they make.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ilo_world.h"

#define EACH_KIND(kind) for (IloDeviceKind kind = ILO_DEVICE_GEN9; kind <= ILO_DEVICE_GEN10; kind++)

static const IloIscsiTarget plain = {
    .iqn = "iqn.2010-10.org.openstack:volume-1", .address = "192.0.2.5", .port = 3261, .lun = "1"};

static const char *const one_mac[] = {"52:54:00:00:00:01", NULL};
static const char *const two_macs[] = {"52:54:00:00:00:01", "52:54:00:Ab:00:02", NULL};

static char *
settings_uri(IloDeviceKind kind)
{
    return world_uri(kind, "/Systems/1/Bios/iScsi/Settings");
}

/* A member of an attempt; the names that differ are given for an iLO 5. */
static char *
attempt(World *world, IloDeviceKind kind, int place, const char *name)
{
    static const struct {
        const char *ilo5, *ilo4;
    } names[] = {{"iSCSIConnection", "iSCSIBootEnable"},
                 {"iSCSILUN", "iSCSIBootLUN"},
                 {"iSCSIAttemptName", "iSCSIBootAttemptName"},
                 {"iSCSIAttemptInstance", "iSCSIBootAttemptInstance"}};
    bool redfish = kind == ILO_DEVICE_GEN10;
    g_autofree char *uri = settings_uri(kind);
    for (size_t i = 0; i < G_N_ELEMENTS(names) && !redfish; i++)
        if (strcmp(name, names[i].ilo5) == 0) {
            name = names[i].ilo4;
            break;
        }
    g_autofree char *path =
        g_strdup_printf("%s/%d/%s", redfish ? "iSCSISources" : "iSCSIBootSources", place, name);
    json_auto_t *value = ilo_device_get(world->device, uri, path);
    return value != NULL ? json_dumps(value, JSON_ENCODE_ANY) : g_strdup("absent");
}

static void
expect(World *world, IloDeviceKind kind, int place, const char *name, const char *value)
{
    g_autofree char *text = attempt(world, kind, place, name);
    assert_string_equal(text, value);
}

static void
set_target(World *world, const IloIscsiTarget *target, const char *const *macs)
{
    GError *error = NULL;
    good(ilo_set_iscsi_target(&world->ilo, target, macs, &error), error);
}

static void
a_target_is_set_for_each_card(void **state)
{
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        world_open(&world);
        set_target(&world, &plain, two_macs);
        for (int place = 0; place < 2; place++) {
            expect(&world, kind, place, "iSCSITargetName",
                   "\"iqn.2010-10.org.openstack:volume-1\"");
            expect(&world, kind, place, "iSCSITargetIpAddress", "\"192.0.2.5\"");
            expect(&world, kind, place, "iSCSITargetTcpPort", "3261");
            expect(&world, kind, place, "iSCSITargetInfoViaDHCP", "false");
            expect(&world, kind, place, "iSCSILUN", "\"1\"");
            expect(&world, kind, place, "iSCSIConnection", "\"Enabled\"");
            expect(&world, kind, place, "iSCSIAuthenticationMethod", "\"None\"");
            expect(&world, kind, place, "iSCSINicSource",
                   place == 0 ? "\"NicBoot1\"" : "\"NicBoot2\"");
            expect(&world, kind, place, "iSCSIAttemptName",
                   place == 0 ? "\"NicBoot1\"" : "\"NicBoot2\"");
            expect(&world, kind, place, "iSCSIAttemptInstance", place == 0 ? "1" : "2");
        }
        expect(&world, kind, 2, "iSCSIConnection", "\"Disabled\"");
        world_end(&world);
    }
}

static void
chap_and_the_initiators_name_are_set(void **state)
{
    IloIscsiTarget target = plain;
    (void)state;
    target.username = "steel";
    target.secret = "chap-secret-1";
    target.initiator = "iqn.2017-08.org.openstack:node";
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        g_autofree char *uri = settings_uri(kind);
        GError *error = NULL;
        world_open(&world);
        set_target(&world, &target, one_mac);
        expect(&world, kind, 0, "iSCSIAuthenticationMethod", "\"Chap\"");
        expect(&world, kind, 0, "iSCSIChapUsername", "\"steel\"");
        expect(&world, kind, 0, "iSCSIChapSecret", "\"chap-secret-1\"");
        world_expect(&world, uri, "iSCSIInitiatorName", "iqn.2017-08.org.openstack:node");
        ilo_device_post(world.device);
        g_autofree char *name = ilo_get_iscsi_initiator(&world.ilo, &error);
        good(name != NULL, error);
        assert_string_equal(name, "iqn.2017-08.org.openstack:node");
        world_end(&world);
    }
}

static void
without_macs_every_card_that_boots_has_the_target(void **state)
{
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        world_open(&world);
        set_target(&world, &plain, NULL);
        expect(&world, kind, 2, "iSCSINicSource", "\"NicBoot3\"");
        expect(&world, kind, 2, "iSCSIConnection", "\"Enabled\"");
        expect(&world, kind, 3, "iSCSIConnection", "\"Disabled\"");
        world_end(&world);
    }
}

static void
fewer_cards_leave_no_attempt_behind(void **state)
{
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        world_open(&world);
        set_target(&world, &plain, two_macs);
        ilo_device_post(world.device);
        set_target(&world, &plain, &two_macs[1]);
        expect(&world, kind, 0, "iSCSINicSource", "\"NicBoot2\"");
        expect(&world, kind, 1, "iSCSIConnection", "\"Disabled\"");
        world_end(&world);
    }
}

static void
a_cleared_target_is_off_everywhere(void **state)
{
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        world_open(&world);
        set_target(&world, &plain, two_macs);
        ilo_device_post(world.device);
        good(ilo_clear_iscsi_target(&world.ilo, &error), error);
        for (int place = 0; place < 4; place++)
            expect(&world, kind, place, "iSCSIConnection", "\"Disabled\"");
        ilo_device_post(world.device);
        bool done = ilo_set_boot_device(&world.ilo, ILO_BOOT_ISCSI, true, &error);
        bad(done, error, STEEL_ERROR_BMC_REFUSED, "No UEFI iSCSI bootable device");
        world_end(&world);
    }
}

static void
a_card_that_the_machine_lacks_is_named(void **state)
{
    static const char *const foreign[] = {"52:54:00:00:00:01", "52:54:00:ff:ff:ff", NULL};
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        world_open(&world);
        bool done = ilo_set_iscsi_target(&world.ilo, &plain, foreign, &error);
        bad(done, error, STEEL_ERROR_INVALID, "52:54:00:ff:ff:ff");
        world_expect_changes(&world, "");
        world_end(&world);
    }
}

static void
legacy_mode_has_no_iscsi_boot(void **state)
{
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        world_open(&world);
        good(ilo_set_pending_boot_mode(&world.ilo, ILO_MODE_LEGACY, &error), error);
        ilo_device_post(world.device);
        g_free(ilo_device_changes(world.device));
        bool done = ilo_set_iscsi_target(&world.ilo, &plain, one_mac, &error);
        bad(done, error, STEEL_ERROR_UNSUPPORTED, "not supported in the BIOS boot mode");
        error = NULL;
        done = ilo_clear_iscsi_target(&world.ilo, &error);
        bad(done, error, STEEL_ERROR_UNSUPPORTED, "not supported in the BIOS boot mode");
        world_expect_changes(&world, "");
        world_end(&world);
    }
}

static void
the_machine_boots_its_target_after_a_post(void **state)
{
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        g_autofree char *uri = world_uri(kind, "/Systems/1"), *wanted = NULL;
        const char *slash = kind == ILO_DEVICE_GEN10 ? "/" : "";
        IloBootDevice device = ILO_BOOT_NONE;
        bool persistent = false;
        GError *error = NULL;
        world_open(&world);
        set_target(&world, &plain, one_mac);
        bool done = ilo_set_boot_device(&world.ilo, ILO_BOOT_ISCSI, true, &error);
        bad(done, error, STEEL_ERROR_BMC_REFUSED, "POST");
        error = NULL;
        ilo_device_post(world.device);
        g_free(ilo_device_changes(world.device));
        good(ilo_set_boot_device(&world.ilo, ILO_BOOT_ISCSI, true, &error), error);
        wanted = g_strdup_printf(
            "PATCH %s%s {\"Boot\":{\"UefiTargetBootSourceOverride\":\"NIC.LOM.1.1.iSCSI\"}}\n"
            "PATCH %s%s {\"Boot\":{\"BootSourceOverrideTarget\":\"UefiTarget\","
            "\"BootSourceOverrideEnabled\":\"Continuous\"}}\n",
            uri, slash, uri, slash);
        world_expect_changes(&world, wanted);
        good(ilo_get_boot_device(&world.ilo, &device, &persistent, &error), error);
        assert_int_equal(device, ILO_BOOT_ISCSI);
        assert_true(persistent);
        world_end(&world);
    }
}

static void
a_gen8_has_no_iscsi_boot(void **state)
{
    World world = world_closed(ILO_DEVICE_GEN8);
    GError *error = NULL;
    bool can = true;
    (void)state;
    world_open(&world);
    bool done = ilo_set_iscsi_target(&world.ilo, &plain, one_mac, &error);
    bad(done, error, STEEL_ERROR_UNSUPPORTED, "iSCSI");
    error = NULL;
    good(ilo_can_boot_iscsi(&world.ilo, &can, &error), error);
    assert_false(can);
    world_end(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_set_for_each_card),
        cmocka_unit_test(chap_and_the_initiators_name_are_set),
        cmocka_unit_test(without_macs_every_card_that_boots_has_the_target),
        cmocka_unit_test(fewer_cards_leave_no_attempt_behind),
        cmocka_unit_test(a_cleared_target_is_off_everywhere),
        cmocka_unit_test(a_card_that_the_machine_lacks_is_named),
        cmocka_unit_test(legacy_mode_has_no_iscsi_boot),
        cmocka_unit_test(the_machine_boots_its_target_after_a_post),
        cmocka_unit_test(a_gen8_has_no_iscsi_boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
