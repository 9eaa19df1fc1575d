/* What operations do on an iLO of each generation.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ilo_world.h"

#define EACH_KIND(kind) for (IloDeviceKind kind = ILO_DEVICE_GEN8; kind <= ILO_DEVICE_GEN10; kind++)
#define EACH_JSON_KIND(kind)                                                                       \
    for (IloDeviceKind kind = ILO_DEVICE_GEN9; kind <= ILO_DEVICE_GEN10; kind++)

static void
the_model_says_which_protocol(void **state)
{
    static const char *const models[] = {"ProLiant DL380p Gen8", "ProLiant DL380 Gen9",
                                         "ProLiant DL380 Gen10"};
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        world_open(&world);
        g_autofree char *model = ilo_get_model(&world.ilo, NULL);
        assert_string_equal(model, models[kind]);
        assert_int_equal(world.ilo.dialect == NULL, kind == ILO_DEVICE_GEN8);
        world_end(&world);
    }
}

static void
the_protocol_is_asked_once(void **state)
{
    World world = world_closed(ILO_DEVICE_GEN9);
    (void)state;
    world_open(&world);
    unsigned before = ilo_device_requests(world.device);
    world_open(&world);
    assert_int_equal(ilo_device_requests(world.device), before);
    assert_int_equal(before, 1);
    world_end(&world);
}

static void
an_ilo5_without_ribcl_is_found(void **state)
{
    World world = world_closed(ILO_DEVICE_GEN10);
    (void)state;
    ilo_device_disable_ribcl(world.device);
    world_open(&world);
    g_autofree char *model = ilo_get_model(&world.ilo, NULL);
    assert_string_equal(model, "ProLiant DL380 Gen10");
    world_end(&world);
}

static void
each_power_action_has_its_effect(void **state)
{
    static const struct {
        IloPowerAction action;
        bool on;
    } cases[] = {
        {ILO_POWER_HOLD,      false},
        {ILO_POWER_ON,        true},
        {ILO_POWER_PRESS,     false},
        {ILO_POWER_PRESS,     true},
        {ILO_POWER_FORCE_OFF, false},
        {ILO_POWER_RESET,     true},
    };
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        world_open(&world);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
            GError *error = NULL;
            bool on = !cases[i].on;
            bool done = ilo_set_power(&world.ilo, cases[i].action, &error) &&
                        ilo_get_power(&world.ilo, &on, &error);
            good(done, error);
            assert_int_equal(on, cases[i].on);
        }
        world_end(&world);
    }
}

static void
power_is_said_in_each_protocols_words(void **state)
{
    static const char *const hold[] = {
        "RIBCL HOLD_PWR_BTN\n",
        "POST /rest/v1/Systems/1 {\"Action\":\"PowerButton\",\"Target\":\"/Oem/Hp\","
        "\"PushType\":\"PressAndHold\"}\n",
        "POST /redfish/v1/Systems/1/Actions/Oem/Hpe/HpeComputerSystemExt.PowerButton/ "
        "{\"PushType\":\"PressAndHold\"}\n"};
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        world_open(&world);
        for (int i = 0; i < 2; i++) { /* the second time the machine is off already */
            GError *error = NULL;
            bool done = ilo_set_power(&world.ilo, ILO_POWER_HOLD, &error);
            good(done, error);
            world_expect_changes(&world, i == 0 ? hold[kind] : "");
        }
        world_end(&world);
    }
}

static void
post_state_and_nmi_are_for_later_generations(void **state)
{
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL, *nmi_error = NULL;
        world_open(&world);
        g_autofree char *post = ilo_get_post_state(&world.ilo, &error);
        bool nmi = ilo_set_power(&world.ilo, ILO_POWER_NMI, &nmi_error);
        if (kind == ILO_DEVICE_GEN8) {
            bad(post != NULL, error, STEEL_ERROR_UNSUPPORTED, "self-test");
            bad(nmi, nmi_error, STEEL_ERROR_UNSUPPORTED, "NMI");
        } else {
            assert_string_equal(post, "FinishedPost");
            good(nmi, nmi_error);
        }
        world_end(&world);
    }
}

static void
a_boot_device_is_read_as_it_was_set(void **state)
{
    static const IloBootDevice devices[] = {ILO_BOOT_NETWORK, ILO_BOOT_CDROM, ILO_BOOT_DISK};
    (void)state;
    EACH_KIND(kind)
    {
        for (int i = 0; i < 2 * (int)G_N_ELEMENTS(devices); i++) {
            World world = world_closed(kind);
            GError *error = NULL;
            IloBootDevice device = ILO_BOOT_NONE;
            bool wanted = i % 2 == 0, persistent = !wanted;
            world_open(&world);
            bool done = ilo_set_boot_device(&world.ilo, devices[i / 2], wanted, &error) &&
                        ilo_get_boot_device(&world.ilo, &device, &persistent, &error);
            good(done, error);
            assert_int_equal(device, devices[i / 2]);
            assert_int_equal(persistent, wanted);
            world_end(&world);
        }
    }
}

static void
the_order_of_uefi_says_the_device_where_none_is_set(void **state)
{
    (void)state;
    EACH_JSON_KIND(kind)
    {
        World world = world_closed(kind);
        g_autofree char *uri = world_uri(kind, "/Systems/1/Bios/Boot");
        IloBootDevice device = ILO_BOOT_NONE;
        bool persistent = false;
        GError *error = NULL;
        world_open(&world);
        good(ilo_get_boot_device(&world.ilo, &device, &persistent, &error), error);
        assert_int_equal(device, ILO_BOOT_DISK);
        assert_true(persistent);
        ilo_device_set(world.device, uri,
                       "{\"PersistentBootConfigOrder\": [\"NIC.LOM.1.1.IPv4\"]}");
        good(ilo_get_boot_device(&world.ilo, &device, &persistent, &error), error);
        assert_int_equal(device, ILO_BOOT_NETWORK);
        world_end(&world);
    }
}

static void
a_boot_mode_holds_from_the_next_post_on(void **state)
{
    (void)state;
    EACH_JSON_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        IloBootMode now = ILO_MODE_UNKNOWN, pending = ILO_MODE_UNKNOWN;
        world_open(&world);
        bool done = ilo_set_pending_boot_mode(&world.ilo, ILO_MODE_LEGACY, &error) &&
                    ilo_get_boot_mode(&world.ilo, &now, &error) &&
                    ilo_get_pending_boot_mode(&world.ilo, &pending, &error);
        good(done, error);
        assert_int_equal(now, ILO_MODE_UEFI);
        assert_int_equal(pending, ILO_MODE_LEGACY);
        ilo_device_post(world.device);
        done = ilo_get_boot_mode(&world.ilo, &now, &error) &&
               ilo_set_pending_boot_mode(&world.ilo, ILO_MODE_UEFI, &error) &&
               ilo_get_pending_boot_mode(&world.ilo, &pending, &error);
        good(done, error);
        assert_int_equal(now, ILO_MODE_LEGACY);
        assert_int_equal(pending, ILO_MODE_UEFI);
        world_end(&world);
    }
}

static void
a_machine_from_before_uefi_has_legacy_mode_alone(void **state)
{
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        bool legacy = false, uefi = false;
        IloBootMode mode;
        world_open(&world);
        good(ilo_get_supported_boot_modes(&world.ilo, &legacy, &uefi, &error), error);
        assert_true(legacy);
        assert_int_equal(uefi, kind != ILO_DEVICE_GEN8);
        bool done = ilo_get_boot_mode(&world.ilo, &mode, &error);
        if (kind == ILO_DEVICE_GEN8)
            bad(done, error, STEEL_ERROR_UNSUPPORTED, "GET_CURRENT_BOOT_MODE");
        else
            good(done, error);
        world_end(&world);
    }
}

static void
media_are_inserted_replaced_and_ejected(void **state)
{
    static const char *const urls[] = {"http://192.0.2.1/a.iso", "https://192.0.2.1/b.iso?x=1&y=2"};
    (void)state;
    EACH_KIND(kind)
    {
        for (int medium = 0; medium < ILO_MEDIUM_COUNT; medium++) {
            World world = world_closed(kind);
            GError *error = NULL;
            world_open(&world);
            for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
                g_auto(IloMediumStatus) status = {0};
                bool done = ilo_insert_medium(&world.ilo, (IloMedium)medium, urls[i], &error) &&
                            ilo_get_medium(&world.ilo, (IloMedium)medium, &status, &error);
                good(done, error);
                assert_true(status.inserted);
                if (kind != ILO_DEVICE_GEN8) /* there the device keeps the text as XML has it */
                    assert_string_equal(status.url, urls[i]);
            }
            for (int i = 0; i < 2; i++) {
                g_auto(IloMediumStatus) status = {0};
                bool done = ilo_eject_medium(&world.ilo, (IloMedium)medium, &error) &&
                            ilo_get_medium(&world.ilo, (IloMedium)medium, &status, &error);
                good(done, error);
                assert_false(status.inserted);
                g_autofree char *changes = ilo_device_changes(world.device);
                assert_int_equal(*changes == '\0', i == 1);
            }
            world_end(&world);
        }
    }
}

static void
a_medium_is_booted_once(void **state)
{
    (void)state;
    EACH_JSON_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        g_autofree char *uri = world_uri(kind, "/Managers/1/VirtualMedia/2");
        world_open(&world);
        good(ilo_boot_medium_once(&world.ilo, true, &error), error);
        json_auto_t *once =
            ilo_device_get(world.device, uri,
                           kind == ILO_DEVICE_GEN10 ? "Oem/Hpe/BootOnNextServerReset"
                                                    : "Oem/Hp/BootOnNextServerReset");
        assert_true(json_is_true(once));
        world_end(&world);
    }
}

static void
the_licence_is_told(void **state)
{
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        world_open(&world);
        g_autofree char *licence = ilo_get_licence(&world.ilo, &error);
        good(licence != NULL, error);
        assert_non_null(strstr(licence, "Advanced"));
        good(ilo_activate_licence(&world.ilo, "AAAAABBBBBCCCCCDDDDDEEEEE", &error), error);
        g_autofree char *changes = ilo_device_changes(world.device);
        assert_non_null(
            strstr(changes, kind == ILO_DEVICE_GEN8 ? "RIBCL LICENSE" : "LicenseService"));
        world_end(&world);
    }
}

static void
the_password_is_that_of_the_own_account(void **state)
{
    static const char *const changes[] = {
        "RIBCL MOD_USER\n", "PATCH /rest/v1/AccountService/Accounts/1 {\"Password\":\"another\"}\n",
        "PATCH /redfish/v1/AccountService/Accounts/1/ {\"Password\":\"another\"}\n"};
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        world_open(&world);
        good(ilo_set_password(&world.ilo, "another", &error), error);
        world_expect_changes(&world, changes[kind]);
        world_end(&world);
    }
}

#define REDFISH_RESET "POST /redfish/v1/Managers/1/Actions/Manager.Reset/ {}\n"

static void
the_ilo_is_reset(void **state)
{
    static const char *const changes[] = {
        "RIBCL RESET_RIB\n", "POST /rest/v1/Managers/1 {\"Action\":\"Reset\"}\n", REDFISH_RESET};
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        world_open(&world);
        good(ilo_reset(&world.ilo, &error), error);
        world_expect_changes(&world, changes[kind]);
        world_end(&world);
    }
}

static void
secure_boot_needs_uefi(void **state)
{
    (void)state;
    EACH_JSON_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        world_open(&world);
        good(ilo_set_pending_boot_mode(&world.ilo, ILO_MODE_LEGACY, &error), error);
        ilo_device_post(world.device);
        bool done = ilo_set_secure_boot(&world.ilo, true, &error);
        bad(done, error, STEEL_ERROR_UNSUPPORTED, "boot mode");
        world_end(&world);
    }
}

static void
secure_boot_and_its_keys_are_set(void **state)
{
    static const char *const on[] = {
        [ILO_DEVICE_GEN9] =
            "PATCH /rest/v1/Systems/1/SecureBoot {\"SecureBootEnable\":true}\n"
            "PATCH /rest/v1/Systems/1/Bios/Settings {\"CustomPostMessage\":\"hello \"}\n",
        [ILO_DEVICE_GEN10] =
            "PATCH /redfish/v1/Systems/1/SecureBoot/ {\"SecureBootEnable\":true}\n"};
    static const char *const keys[] = {
        [ILO_DEVICE_GEN9] =
            "PATCH /rest/v1/Systems/1/SecureBoot {\"ResetAllKeys\":true}\n"
            "PATCH /rest/v1/Systems/1/Bios/Settings {\"CustomPostMessage\":\"hello \"}\n",
        [ILO_DEVICE_GEN10] = "POST /redfish/v1/Systems/1/SecureBoot/Actions/SecureBoot.ResetKeys/ "
                             "{\"ResetKeysType\":\"DeleteAllKeys\"}\n"};
    (void)state;
    EACH_JSON_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        bool is_on = true;
        world_open(&world);
        good(ilo_get_secure_boot(&world.ilo, &is_on, &error), error);
        assert_false(is_on);
        good(ilo_set_secure_boot(&world.ilo, true, &error), error);
        world_expect_changes(&world, on[kind]);
        good(ilo_change_secure_boot_keys(&world.ilo, ILO_KEYS_CLEAR, &error), error);
        world_expect_changes(&world, keys[kind]);
        world_end(&world);
    }
}

static void
bios_settings_are_without_what_is_not_one(void **state)
{
    (void)state;
    EACH_JSON_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        json_auto_t *change = json_pack("{s:s}", "ProcVirtualization", "Disabled");
        world_open(&world);
        good(ilo_set_bios_settings(&world.ilo, change, &error), error);
        json_auto_t *now = ilo_get_bios_settings(&world.ilo, false, &error);
        json_auto_t *pending = ilo_get_bios_settings(&world.ilo, true, &error);
        good(now != NULL && pending != NULL, error);
        assert_null(json_object_get(now, "links"));
        assert_string_equal(json_string_value(json_object_get(now, "ProcVirtualization")),
                            "Enabled");
        assert_string_equal(json_string_value(json_object_get(pending, "ProcVirtualization")),
                            "Disabled");
        good(ilo_reset_bios_settings(&world.ilo, &error), error);
        json_auto_t *reset = ilo_get_bios_settings(&world.ilo, true, &error);
        assert_string_equal(json_string_value(json_object_get(reset, "ProcVirtualization")),
                            "Enabled");
        world_end(&world);
    }
}

static void
http_boot_is_for_an_ilo5(void **state)
{
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        world_open(&world);
        bool done = ilo_set_http_boot_url(&world.ilo, "https://192.0.2.1/boot.iso", &error);
        if (kind != ILO_DEVICE_GEN10) {
            bad(done, error, STEEL_ERROR_UNSUPPORTED, "HTTP boot");
        } else {
            good(done, error);
            world_expect(&world, "/redfish/v1/Systems/1/Bios/Settings", "Attributes/UrlBootFile",
                         "https://192.0.2.1/boot.iso");
        }
        world_end(&world);
    }
}

static void
an_inspection_finds_what_the_machine_has(void **state)
{
    static const struct {
        int memory_mb, cpus, local_gb;
        const char *port, *mac, *iscsi;
    } wanted[] = {
        {16 * 1024, 16, 459, "Port 1", "40:a8:f0:1e:86:74", NULL},
        {16 * 1024, 16, 459, "Port 1", "40:a8:f0:1e:86:74", "true"},
        {64 * 1024, 32, 49,  "Port 1", "52:54:00:00:00:01", "true"},
    };
    (void)state;
    EACH_KIND(kind)
    {
        World world = world_closed(kind);
        GError *error = NULL;
        world_open(&world);
        json_auto_t *found = ilo_inspect(&world.ilo, &error);
        good(found != NULL, error);
        const json_t *macs = json_object_get(found, "macs"),
                     *capabilities = json_object_get(found, "capabilities");
        assert_int_equal(json_integer_value(json_object_get(found, "memory_mb")),
                         wanted[kind].memory_mb);
        assert_int_equal(json_integer_value(json_object_get(found, "cpus")), wanted[kind].cpus);
        assert_int_equal(json_integer_value(json_object_get(found, "local_gb")),
                         wanted[kind].local_gb);
        assert_int_equal(json_object_size(macs), 1);
        assert_string_equal(json_string_value(json_object_get(macs, wanted[kind].port)),
                            wanted[kind].mac);
        assert_true(g_strcmp0(json_string_value(json_object_get(capabilities, "iscsi_boot")),
                              wanted[kind].iscsi) == 0);
        assert_non_null(json_object_get(capabilities, "ilo_firmware_version"));
        world_end(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_says_which_protocol),
        cmocka_unit_test(the_protocol_is_asked_once),
        cmocka_unit_test(an_ilo5_without_ribcl_is_found),
        cmocka_unit_test(each_power_action_has_its_effect),
        cmocka_unit_test(power_is_said_in_each_protocols_words),
        cmocka_unit_test(post_state_and_nmi_are_for_later_generations),
        cmocka_unit_test(a_boot_device_is_read_as_it_was_set),
        cmocka_unit_test(the_order_of_uefi_says_the_device_where_none_is_set),
        cmocka_unit_test(a_boot_mode_holds_from_the_next_post_on),
        cmocka_unit_test(a_machine_from_before_uefi_has_legacy_mode_alone),
        cmocka_unit_test(media_are_inserted_replaced_and_ejected),
        cmocka_unit_test(a_medium_is_booted_once),
        cmocka_unit_test(the_licence_is_told),
        cmocka_unit_test(the_password_is_that_of_the_own_account),
        cmocka_unit_test(the_ilo_is_reset),
        cmocka_unit_test(secure_boot_needs_uefi),
        cmocka_unit_test(secure_boot_and_its_keys_are_set),
        cmocka_unit_test(bios_settings_are_without_what_is_not_one),
        cmocka_unit_test(http_boot_is_for_an_ilo5),
        cmocka_unit_test(an_inspection_finds_what_the_machine_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
