/* An iLO that refuses, resets, breaks, or is not there.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ilo_world.h"

static void
a_wrong_password_is_tried_once(void **state)
{
    (void)state;
    for (IloDeviceKind kind = ILO_DEVICE_GEN8; kind <= ILO_DEVICE_GEN10; kind++) {
        World world = world_closed(kind);
        GError *error = NULL;
        world.target.password = "not-the-password";
        bool done = ilo_open(world.client, &world.target, &world.ilo, &error);
        bad(done, error, STEEL_ERROR_BMC_AUTH, "Login failed.");
        error = NULL;
        done = ilo_open(world.client, &world.target, &world.ilo, &error);
        bad(done, error, STEEL_ERROR_BMC_AUTH, "Login failed.");
        assert_int_equal(ilo_device_requests(world.device), 1);
        world.target.password = ILO_DEVICE_PASSWORD; /* other credentials are tried at once */
        world_open(&world);
        world_end(&world);
    }
}

static void
a_refusal_has_its_class_and_the_ilos_words(void **state)
{
    static const struct {
        unsigned status;
        const char *body;
        SteelErrorCode code;
        const char *words;
    } cases[] = {
        {400,
         "{\"error\": {\"@Message.ExtendedInfo\": [{\"MessageId\": "
         "\"iLO.2.8.InvalidOperationForSystemState\"}]}}",
         STEEL_ERROR_BMC_REFUSED, "InvalidOperationForSystemState"},
        {400,
         "{\"error\": {\"@Message.ExtendedInfo\": [{\"MessageId\": "
         "\"Base.1.4.PropertyValueNotInList\", \"MessageArgs\": [\"Cde\", \"Target\"]}]}}",
         STEEL_ERROR_BMC_REFUSED, "PropertyValueNotInList Cde, Target"},
        {400,
         "{\"Type\": \"ExtendedError.1.0.0\", \"Messages\": [{\"MessageID\": "
         "\"iLO.0.10.LicenseKeyRequired\"}]}",
         STEEL_ERROR_UNSUPPORTED, "needs a licence"},
        {400,
         "{\"error\": {\"@Message.ExtendedInfo\": [{\"MessageId\": "
         "\"iLO.2.8.UnableToModifyDuringSystemPOST\"}]}}",
         STEEL_ERROR_BMC_BUSY, "POST"},
        {503,
         "{\"error\": {\"@Message.ExtendedInfo\": [{\"MessageId\": \"iLO.2.8.ResetInProgress\"}]}}",
         STEEL_ERROR_BMC_BUSY, "ResetInProgress"},
        {503, "<html>later</html>", STEEL_ERROR_BMC_BUSY, "503"},
        {401, "{}", STEEL_ERROR_BMC_AUTH, "401"},
        {404, "", STEEL_ERROR_UNSUPPORTED, "404"},
        {500, "nonsense", STEEL_ERROR_BMC_REFUSED, "500"},
        {400, "{\"error\": {\"message\": \"bad ilo-password\"}}", STEEL_ERROR_BMC_REFUSED,
         "bad ******"},
        {400,
         "{\"error\": {\"@Message.ExtendedInfo\": {\"MessageId\": 7}}, \"Messages\": [null, 3, "
         "{\"MessageID\": 4}]}",
         STEEL_ERROR_BMC_REFUSED, "400"},
        {200, "{\"PowerState\": ", STEEL_ERROR_BMC_PROTOCOL, "no JSON object"},
        {200, "[1]", STEEL_ERROR_BMC_PROTOCOL, "no JSON object"},
        {200, "{\"PowerState\": 7}", STEEL_ERROR_BMC_PROTOCOL, "does not say"},
        {200, "{\"a\": 1, \"a\": 2}", STEEL_ERROR_BMC_PROTOCOL, "no JSON object"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        World world = world_closed(ILO_DEVICE_GEN10);
        GError *error = NULL;
        bool on = false;
        world_open(&world);
        ilo_device_answer(world.device, "GET", "/redfish/v1/Systems/1", 1, cases[i].status,
                          cases[i].body);
        bool done = ilo_get_power(&world.ilo, &on, &error);
        bad(done, error, cases[i].code, cases[i].words);
        world_end(&world);
    }
}

static void
a_broken_xml_answer_is_an_error(void **state)
{
    static const struct {
        unsigned status;
        const char *body;
        SteelErrorCode code;
    } cases[] = {
        {200, "",                              STEEL_ERROR_BMC_PROTOCOL},
        {200, "<?xml version=\"1.0\"?><RIBCL", STEEL_ERROR_BMC_PROTOCOL},
        {503, "",                              STEEL_ERROR_BMC_BUSY},
        {404, "",                              STEEL_ERROR_BMC_PROTOCOL},
    };
    World world = world_closed(ILO_DEVICE_GEN8);
    (void)state;
    world_open(&world);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        bool on = false;
        ilo_device_answer(world.device, "POST", "/ribcl", 1, cases[i].status, cases[i].body);
        bool done = ilo_get_power(&world.ilo, &on, &error);
        bad(done, error, cases[i].code, "GET_HOST_POWER_STATUS");
    }
    world_end(&world);
}

/* The server may have been exchanged meanwhile. */
static void
the_protocol_is_asked_again_after_a_failure(void **state)
{
    World world = world_closed(ILO_DEVICE_GEN10);
    GError *error = NULL;
    bool on = false;
    (void)state;
    world_open(&world);
    ilo_device_answer(world.device, "GET", "/redfish/v1/Systems/1", 1, 503, "");
    bool done = ilo_get_power(&world.ilo, &on, &error);
    bad(done, error, STEEL_ERROR_BMC_BUSY, "503");
    unsigned before = ilo_device_requests(world.device);
    world_open(&world);
    assert_int_equal(ilo_device_requests(world.device), before + 1);
    world_end(&world);
}

static void
a_link_leads_to_the_same_ilo_alone(void **state)
{
    static const char *const links[] = {"//192.0.2.9/x", "https://192.0.2.9/x", "x", "",
                                        "/a b",          "/a\\r\\nHost: b"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
        World world = world_closed(ILO_DEVICE_GEN10);
        GError *error = NULL;
        IloBootMode mode;
        g_autofree char *text = g_strdup_printf("{\"Bios\": {\"@odata.id\": \"%s\"}}", links[i]);
        world_open(&world);
        ilo_device_set(world.device, "/redfish/v1/Systems/1", text);
        bool done = ilo_get_boot_mode(&world.ilo, &mode, &error);
        bad(done, error, STEEL_ERROR_BMC_PROTOCOL, "URI");
        world_end(&world);
    }
}

static void
what_a_resource_lacks_is_named(void **state)
{
    World world = world_closed(ILO_DEVICE_GEN10);
    GError *error = NULL;
    IloBootMode mode;
    (void)state;
    world_open(&world);
    ilo_device_set(world.device, "/redfish/v1/Systems/1",
                   "{\"Bios\": null, \"Actions\": [], \"Oem\": {\"Hpe\": 3}}");
    bool done = ilo_get_boot_mode(&world.ilo, &mode, &error);
    bad(done, error, STEEL_ERROR_UNSUPPORTED, "BIOS settings");
    error = NULL;
    done = ilo_set_power(&world.ilo, ILO_POWER_RESET, &error);
    bad(done, error, STEEL_ERROR_UNSUPPORTED, "power action");
    error = NULL;
    g_autofree char *post = ilo_get_post_state(&world.ilo, &error);
    bad(post != NULL, error, STEEL_ERROR_UNSUPPORTED, "self-test");
    world_end(&world);
}

static void
an_untrusted_certificate_ends_it(void **state)
{
    World world = world_closed(ILO_DEVICE_GEN9), other = world_closed(ILO_DEVICE_GEN9);
    GError *error = NULL;
    (void)state;
    world.target.ca_file = other.target.ca_file;
    bool done = ilo_open(world.client, &world.target, &world.ilo, &error);
    bad(done, error, STEEL_ERROR_BMC_AUTH, "certificate");
    world.target.insecure = true;
    world_open(&world);
    world_end(&other);
    world_end(&world);
}

static void
an_ilo_that_is_not_there_is_unreachable(void **state)
{
    World world = world_closed(ILO_DEVICE_GEN9);
    GError *error = NULL;
    bool on = false;
    (void)state;
    world_open(&world);
    ilo_device_free(world.device);
    world.device = NULL;
    world.target.ca_file = NULL;
    bool done = ilo_get_power(&world.ilo, &on, &error);
    bad(done, error, STEEL_ERROR_BMC_UNREACHABLE, "127.0.0.1");
    world_end(&world);
}

static void
nothing_is_sent_after_the_deadline(void **state)
{
    World world = world_closed(ILO_DEVICE_GEN9);
    GError *error = NULL;
    bool on = false;
    (void)state;
    world_open(&world);
    unsigned before = ilo_device_requests(world.device);
    world.target.deadline_ms = 1;
    bool done = ilo_get_power(&world.ilo, &on, &error);
    bad(done, error, STEEL_ERROR_BMC_UNREACHABLE, "time");
    assert_int_equal(ilo_device_requests(world.device), before);
    world_end(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_password_is_tried_once),
        cmocka_unit_test(a_refusal_has_its_class_and_the_ilos_words),
        cmocka_unit_test(a_broken_xml_answer_is_an_error),
        cmocka_unit_test(the_protocol_is_asked_again_after_a_failure),
        cmocka_unit_test(a_link_leads_to_the_same_ilo_alone),
        cmocka_unit_test(what_a_resource_lacks_is_named),
        cmocka_unit_test(an_untrusted_certificate_ends_it),
        cmocka_unit_test(an_ilo_that_is_not_there_is_unreachable),
        cmocka_unit_test(nothing_is_sent_after_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
