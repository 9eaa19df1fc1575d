/* Builders and parsers of the verbs, byte for byte, and the flags and names they use.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bmc/ipmi/client/commands.h"
#include "common/error.h"

static void
assert_request(const IpmiRequest *request, const char *raw)
{
    GString *text = g_string_new(NULL);
    g_string_printf(text, "%02x %02x", request->net_function, request->command);
    for (size_t i = 0; i < request->size; i++)
        g_string_append_printf(text, " %02x", request->data[i]);
    assert_string_equal(text->str, raw);
    g_string_free(text, TRUE);
}

static void
power_verbs_are_the_bytes_of_the_specification(void **state)
{
    static const struct {
        IpmiChassisControl control;
        const char *raw;
        const char *name;
    } cases[] = {
        {IPMI_CHASSIS_OFF,   "00 02 00", "off"},
        {IPMI_CHASSIS_ON,    "00 02 01", "on"},
        {IPMI_CHASSIS_CYCLE, "00 02 02", "cycle"},
        {IPMI_CHASSIS_RESET, "00 02 03", "reset"},
        {IPMI_CHASSIS_DIAG,  "00 02 04", "diag"},
        {IPMI_CHASSIS_SOFT,  "00 02 05", "soft"},
    };
    (void)state;
    IpmiRequest request;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        ipmi_build_chassis_control(&request, cases[i].control);
        assert_request(&request, cases[i].raw);
        assert_string_equal(ipmi_chassis_control_name(cases[i].control), cases[i].name);
    }
    ipmi_build_chassis_status(&request);
    assert_request(&request, "00 01");
    ipmi_build_device_id(&request);
    assert_request(&request, "06 01");
    ipmi_build_bmc_reset(&request, true);
    assert_request(&request, "06 02");
    assert_true(request.answer_optional);
    ipmi_build_bmc_reset(&request, false);
    assert_request(&request, "06 03");
    ipmi_build_get_boot_device(&request);
    assert_request(&request, "00 09 05 00 00");
}

static void
boot_flags_are_the_bytes_ironic_sends(void **state)
{
    static const struct {
        IpmiBootRequest boot;
        const char *raw;
    } cases[] = {
        {{.device = IPMI_BOOT_NONE}, "00 08 05 80 00 00 00 00"},
        {{.device = IPMI_BOOT_PXE}, "00 08 05 80 04 00 00 00"},
        {{.device = IPMI_BOOT_PXE, .persistent = true}, "00 08 05 c0 04 00 00 00"},
        {{.device = IPMI_BOOT_PXE, .efi = true}, "00 08 05 a0 04 00 00 00"},
        {{.device = IPMI_BOOT_PXE, .efi = true, .persistent = true}, "00 08 05 e0 04 00 00 00"},
        {{.device = IPMI_BOOT_DISK}, "00 08 05 80 08 00 00 00"},
        {{.device = IPMI_BOOT_SAFE}, "00 08 05 80 0c 00 00 00"},
        {{.device = IPMI_BOOT_CDROM, .efi = true}, "00 08 05 a0 14 00 00 00"},
        {{.device = IPMI_BOOT_BIOS}, "00 08 05 80 18 00 00 00"},
        {{.device = IPMI_BOOT_DISK, .efi = true, .device_byte = 0x24}, "00 08 05 a0 24 00 00 00"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        IpmiRequest requests[IPMI_BOOT_SEQUENCE_MAX];
        size_t flags_index;
        size_t count = ipmi_build_set_boot_device(&cases[i].boot, requests, &flags_index);
        assert_int_equal(count, 5);
        assert_request(&requests[flags_index], cases[i].raw);
        assert_false(requests[flags_index].ignore_completion_code);
    }
}

static void
the_boot_sequence_is_that_of_ipmitool(void **state)
{
    static const char *const expected[] = {"00 08 03 08",    "00 08 00 01",
                                           "00 08 04 01 01", "00 08 05 80 04 00 00 00",
                                           "00 08 00 02",    "00 08 00 00"};
    const IpmiBootRequest boot = {.device = IPMI_BOOT_PXE, .disable_timeout = true};
    IpmiRequest requests[IPMI_BOOT_SEQUENCE_MAX];
    size_t flags_index;
    (void)state;
    size_t count = ipmi_build_set_boot_device(&boot, requests, &flags_index);
    assert_int_equal(count, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < count; i++) {
        assert_request(&requests[i], expected[i]);
        assert_int_equal(requests[i].ignore_completion_code, i != flags_index);
    }
}

static void
all_flags_and_names_survive(void **state)
{
    (void)state;
    for (int bits = 0; bits < 8; bits++) {
        for (int device = 0; device < 16; device++) {
            const IpmiBootFlags flags = {.valid = (bits & 1) != 0,
                                         .persistent = (bits & 2) != 0,
                                         .efi = (bits & 4) != 0,
                                         .device = (IpmiBootDevice)device};
            IpmiBootFlags read;
            uint8_t bytes[IPMI_BOOT_FLAGS_SIZE];
            ipmi_boot_flags_pack(&flags, bytes);
            ipmi_boot_flags_unpack(bytes, &read);
            assert_int_equal(read.valid, flags.valid);
            assert_int_equal(read.persistent, flags.persistent);
            assert_int_equal(read.efi, flags.efi);
            assert_int_equal(read.device, flags.device);
            IpmiBootDevice named;
            const char *name = ipmi_boot_device_name(flags.device);
            if (strcmp(name, "unknown") != 0) {
                assert_true(ipmi_boot_device_from_name(name, &named));
                assert_int_equal(named, device);
            }
        }
    }
    IpmiBootDevice device;
    assert_false(ipmi_boot_device_from_name("unknown", &device));
    assert_false(ipmi_boot_device_from_name("", &device));
}

static void
short_answers_are_protocol_errors(void **state)
{
    (void)state;
    IpmiResponse response = {.data = {1, 5}};
    bool on;
    IpmiBootFlags flags;
    IpmiDeviceId id;
    for (response.size = 0; response.size < 11; response.size++) {
        assert_int_equal(ipmi_parse_chassis_status(&response, &on, NULL), response.size > 0);
        assert_int_equal(ipmi_parse_boot_device(&response, &flags, NULL), response.size >= 7);
        /* The product is left out by some. */
        assert_int_equal(ipmi_parse_device_id(&response, &id, NULL), response.size >= 9);
    }
    response.data[1] = 4; /* another parameter than asked for */
    assert_false(ipmi_parse_boot_device(&response, &flags, NULL));
    response.data[1] = 0x85; /* locked */
    assert_true(ipmi_parse_boot_device(&response, &flags, NULL));
}

static void
a_device_id_is_read(void **state)
{
    /* A Supermicro X11's answer. */
    const IpmiResponse response = {
        .size = 15, .data = {0x20, 0x01, 0x01, 0x52, 0x02, 0xbf, 0x7c, 0x2a, 0x00, 0x6f, 0x09}};
    IpmiDeviceId id;
    (void)state;
    assert_true(ipmi_parse_device_id(&response, &id, NULL));
    assert_int_equal(id.firmware_major, 1);
    assert_int_equal(id.firmware_minor, 52);
    assert_int_equal(id.ipmi_major, 2);
    assert_int_equal(id.ipmi_minor, 0);
    assert_int_equal(id.manufacturer, 10876);
    assert_int_equal(id.product, 0x096f);
    assert_string_equal(ipmi_manufacturer_name(id.manufacturer), "Supermicro");
    assert_null(ipmi_manufacturer_name(999999));
}

static void
raw_commands_are_read_as_ipmitool_reads_them(void **state)
{
    (void)state;
    IpmiRequest request;
    assert_true(ipmi_parse_raw("0x00 0x08 0x03 0x08", &request, NULL));
    assert_request(&request, "00 08 03 08");
    assert_true(ipmi_parse_raw("  0x06\t1,255 ", &request, NULL));
    assert_request(&request, "06 01 ff");
    static const char *const wrong[] = {"",         "0x06",     "0x06 zz", "0x06 0x",
                                        "0x06 256", "6 -1",     "6 0x100", "7 1",
                                        "64 1",     "6 1 0x1g", "6 ff",    "6 +1"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        assert_false(ipmi_parse_raw(wrong[i], &request, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    }
    g_autoptr(GString) lengthy = g_string_new("6 1");
    for (int i = 0; i < IPMI_DATA_MAX; i++)
        g_string_append(lengthy, " 0");
    assert_true(ipmi_parse_raw(lengthy->str, &request, NULL));
    assert_int_equal(request.size, IPMI_DATA_MAX);
    g_string_append(lengthy, " 0");
    assert_false(ipmi_parse_raw(lengthy->str, &request, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_verbs_are_the_bytes_of_the_specification),
        cmocka_unit_test(boot_flags_are_the_bytes_ironic_sends),
        cmocka_unit_test(the_boot_sequence_is_that_of_ipmitool),
        cmocka_unit_test(all_flags_and_names_survive),
        cmocka_unit_test(short_answers_are_protocol_errors),
        cmocka_unit_test(a_device_id_is_read),
        cmocka_unit_test(raw_commands_are_read_as_ipmitool_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
