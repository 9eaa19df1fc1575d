/* Datagrams of IPMI: what is built can be parsed, and nothing cut, stretched or altered can.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bmc/ipmi/wire/packet.h"
#include "common/error.h"

static IpmiKeys
keys_of(int suite)
{
    IpmiKeys keys = {.suite = ipmi_suite(suite)};
    memset(keys.sik, 0x5a, sizeof keys.sik);
    assert_true(ipmi_keys_derive(&keys, NULL));
    return keys;
}

static void
a_message_survives_both_headers(void **state)
{
    (void)state;
    for (int rmcp_plus = 0; rmcp_plus < 2; rmcp_plus++) {
        uint8_t payload[255], datagram[IPMI_DATAGRAM_MAX];
        for (size_t size = 0; size <= sizeof payload; size += 51) {
            IpmiPacket packet;
            size_t datagram_size;
            memset(payload, (int)size, sizeof payload);
            assert_true(ipmi_packet_build(rmcp_plus != 0, IPMI_PAYLOAD_MESSAGE, payload, size,
                                          datagram, sizeof datagram, &datagram_size, NULL));
            assert_true(ipmi_packet_parse(datagram, datagram_size, &packet, NULL));
            assert_int_equal(packet.rmcp_plus, rmcp_plus);
            assert_int_equal(packet.payload_size, size);
            assert_memory_equal(packet.payload, payload, size);
            assert_int_equal(packet.session_id, 0);
            assert_false(packet.encrypted || packet.authenticated);
        }
    }
}

static void
the_bytes_of_a_capabilities_request_are_those_of_ipmitool(void **state)
{
    /* Get Channel Authentication Capabilities as ipmitool 1.8.19 puts it on the wire. */
    static const uint8_t expected[] = {0x06, 0x00, 0xff, 0x07, 0x00, 0x00, 0x00, 0x00,
                                       0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x20, 0x18,
                                       0xc8, 0x81, 0x00, 0x38, 0x8e, 0x04, 0xb5};
    const uint8_t data[] = {0x8e, 0x04};
    const IpmiLanMessage message = {
        .to_address = IPMI_BMC_ADDRESS,
        .net_function = IPMI_NETFN_APP,
        .from_address = IPMI_CONSOLE_ADDRESS,
        .command = IPMI_CMD_CHANNEL_AUTH_CAPABILITIES,
        .data = data,
        .size = sizeof data,
    };
    uint8_t payload[IPMI_MESSAGE_MAX], datagram[IPMI_DATAGRAM_MAX];
    size_t payload_size, datagram_size;
    (void)state;
    assert_true(ipmi_lan_message_build(&message, payload, sizeof payload, &payload_size, NULL));
    assert_true(ipmi_packet_build(false, IPMI_PAYLOAD_MESSAGE, payload, payload_size, datagram,
                                  sizeof datagram, &datagram_size, NULL));
    assert_int_equal(datagram_size, sizeof expected);
    assert_memory_equal(datagram, expected, sizeof expected);
}

static void
a_datagram_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (int rmcp_plus = 0; rmcp_plus < 2; rmcp_plus++) {
        const uint8_t payload[20] = {1, 2, 3};
        uint8_t datagram[IPMI_DATAGRAM_MAX];
        size_t size;
        assert_true(ipmi_packet_build(rmcp_plus != 0, IPMI_PAYLOAD_MESSAGE, payload, sizeof payload,
                                      datagram, sizeof datagram, &size, NULL));
        for (size_t cut = 0; cut < size; cut++) {
            g_autoptr(GError) error = NULL;
            IpmiPacket packet;
            g_autofree uint8_t *exact =
                g_memdup2(datagram, cut); /* so that ASan sees one byte too far */
            assert_false(ipmi_packet_parse(exact, cut, &packet, &error));
            assert_true(steel_error_is(error, STEEL_ERROR_BMC_PROTOCOL));
        }
    }
}

static void
foreign_datagrams_are_refused(void **state)
{
    static const struct {
        size_t position;
        uint8_t value;
    } cases[] = {
        {0, 0x05}, /* RMCP version */
        {3, 0x06}, /* class ASF */
        {3, 0x87}, /* acknowledge */
        {4, 0x02}, /* MD5 of IPMI 1.5 */
        {4, 0x07},
        {5, 0x02}, /* OEM payload */
    };
    const uint8_t payload[4] = {0};
    uint8_t datagram[IPMI_DATAGRAM_MAX];
    size_t size;
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        IpmiPacket packet;
        assert_true(ipmi_packet_build(true, IPMI_PAYLOAD_MESSAGE, payload, sizeof payload, datagram,
                                      sizeof datagram, &size, NULL));
        datagram[cases[i].position] = cases[i].value;
        assert_false(ipmi_packet_parse(datagram, size, &packet, NULL));
    }
}

static void
a_sealed_packet_opens_with_the_same_keys_only(void **state)
{
    static const int suites[] = {3, 17};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        IpmiKeys keys = keys_of(suites[i]);
        IpmiKeys others = keys;
        others.k1[0] ^= 1;
        for (size_t size = 0; size <= 255; size += 5) {
            uint8_t payload[255], datagram[IPMI_DATAGRAM_MAX], plain[IPMI_DATAGRAM_MAX];
            size_t datagram_size, plain_size;
            IpmiPacket packet;
            memset(payload, 0xc3, sizeof payload);
            assert_true(ipmi_packet_seal(&keys, 0x11223344, 7, IPMI_PAYLOAD_MESSAGE, payload, size,
                                         datagram, sizeof datagram, &datagram_size, NULL));
            assert_true(ipmi_packet_parse(datagram, datagram_size, &packet, NULL));
            assert_true(packet.encrypted && packet.authenticated);
            assert_int_equal(packet.session_id, 0x11223344);
            assert_int_equal(packet.sequence, 7);
            assert_true(ipmi_packet_open(&keys, datagram, datagram_size, &packet, plain,
                                         sizeof plain, &plain_size, NULL));
            assert_int_equal(plain_size, size);
            assert_memory_equal(plain, payload, size);
            assert_false(ipmi_packet_open(&others, datagram, datagram_size, &packet, plain,
                                          sizeof plain, &plain_size, NULL));
        }
    }
}

static void
a_sealed_packet_changed_anywhere_does_not_open(void **state)
{
    static const int suites[] = {3, 17};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        IpmiKeys keys = keys_of(suites[i]);
        const uint8_t payload[30] = {1, 2, 3};
        uint8_t datagram[IPMI_DATAGRAM_MAX], plain[IPMI_DATAGRAM_MAX];
        size_t size, plain_size;
        assert_true(ipmi_packet_seal(&keys, 1, 1, IPMI_PAYLOAD_MESSAGE, payload, sizeof payload,
                                     datagram, sizeof datagram, &size, NULL));
        for (size_t byte = 4; byte < size; byte++) { /* the RMCP header is not covered */
            for (int cut = 0; cut < 2; cut++) {
                g_autofree uint8_t *copy = g_memdup2(datagram, size);
                size_t copy_size = cut != 0 ? byte : size;
                IpmiPacket packet;
                copy[byte] ^= 0x01;
                assert_false(ipmi_packet_parse(copy, copy_size, &packet, NULL) &&
                             ipmi_packet_open(&keys, copy, copy_size, &packet, plain, sizeof plain,
                                              &plain_size, NULL));
            }
        }
    }
}

static void
a_pad_longer_than_the_payload_is_refused(void **state)
{
    IpmiKeys keys = keys_of(3);
    unsigned refused = 0;
    (void)state;
    /* With the wrong AES key the pad length becomes random: 1 of 16 fits. */
    for (int i = 0; i < 300; i++) {
        const uint8_t payload[10] = {0};
        uint8_t datagram[IPMI_DATAGRAM_MAX], plain[IPMI_DATAGRAM_MAX];
        size_t size, plain_size = 0;
        IpmiPacket packet;
        IpmiKeys others = keys;
        others.k2[i % 16] ^= 1;
        assert_true(ipmi_packet_seal(&keys, 1, 1, IPMI_PAYLOAD_MESSAGE, payload, sizeof payload,
                                     datagram, sizeof datagram, &size, NULL));
        assert_true(ipmi_packet_parse(datagram, size, &packet, NULL));
        if (ipmi_packet_open(&others, datagram, size, &packet, plain, sizeof plain, &plain_size,
                             NULL))
            assert_in_range(plain_size, 0, IPMI_AES_BLOCK - 1);
        else
            refused++;
    }
    assert_true(refused > 100);
}

static void
an_unprotected_packet_is_not_for_a_session(void **state)
{
    IpmiKeys keys = keys_of(3);
    const uint8_t payload[32] = {0};
    uint8_t datagram[IPMI_DATAGRAM_MAX], plain[IPMI_DATAGRAM_MAX];
    size_t size, plain_size;
    IpmiPacket packet;
    (void)state;
    assert_true(ipmi_packet_build(true, IPMI_PAYLOAD_MESSAGE, payload, sizeof payload, datagram,
                                  sizeof datagram, &size, NULL));
    assert_true(ipmi_packet_parse(datagram, size, &packet, NULL));
    assert_false(
        ipmi_packet_open(&keys, datagram, size, &packet, plain, sizeof plain, &plain_size, NULL));
}

static void
a_lan_message_keeps_its_fields_and_guards_them_by_checksums(void **state)
{
    const uint8_t data[] = {0x00, 0x21, 0x10};
    const IpmiLanMessage message = {.to_address = 0x81,
                                    .to_lun = 1,
                                    .net_function = 0x01,
                                    .from_address = 0x20,
                                    .from_lun = 2,
                                    .sequence = 63,
                                    .command = 0x01,
                                    .data = data,
                                    .size = sizeof data};
    uint8_t payload[IPMI_MESSAGE_MAX];
    size_t size;
    IpmiLanMessage parsed;
    (void)state;
    assert_true(ipmi_lan_message_build(&message, payload, sizeof payload, &size, NULL));
    assert_true(ipmi_lan_message_parse(payload, size, &parsed, NULL));
    assert_int_equal(parsed.to_address, message.to_address);
    assert_int_equal(parsed.to_lun, message.to_lun);
    assert_int_equal(parsed.net_function, message.net_function);
    assert_int_equal(parsed.from_address, message.from_address);
    assert_int_equal(parsed.from_lun, message.from_lun);
    assert_int_equal(parsed.sequence, message.sequence);
    assert_int_equal(parsed.command, message.command);
    assert_int_equal(parsed.size, sizeof data);
    assert_memory_equal(parsed.data, data, sizeof data);
    for (size_t byte = 0; byte < size; byte++) {
        payload[byte] ^= 0x04;
        assert_false(ipmi_lan_message_parse(payload, size, &parsed, NULL));
        payload[byte] ^= 0x04;
        assert_false(ipmi_lan_message_parse(payload, byte, &parsed, NULL));
    }
}

static void
what_does_not_fit_is_not_built(void **state)
{
    IpmiKeys keys = keys_of(17);
    uint8_t payload[255] = {0}, datagram[IPMI_DATAGRAM_MAX];
    size_t size;
    const IpmiLanMessage message = {.data = payload, .size = sizeof payload};
    (void)state;
    for (size_t capacity = 0; capacity < 262; capacity++)
        assert_false(ipmi_lan_message_build(&message, datagram, capacity, &size, NULL));
    for (size_t capacity = 0; capacity < 300; capacity += 10) {
        assert_false(ipmi_packet_seal(&keys, 1, 1, IPMI_PAYLOAD_MESSAGE, payload, sizeof payload,
                                      datagram, capacity, &size, NULL));
        if (capacity < 269)
            assert_false(ipmi_packet_build(false, IPMI_PAYLOAD_MESSAGE, payload, sizeof payload,
                                           datagram, capacity, &size, NULL));
    }
}

static void
a_window_takes_each_number_once_and_none_too_old(void **state)
{
    IpmiWindow window = {0};
    (void)state;
    assert_false(ipmi_window_accept(&window, 0));
    assert_true(ipmi_window_accept(&window, 1));
    assert_false(ipmi_window_accept(&window, 1));
    assert_true(ipmi_window_accept(&window, 3));
    assert_true(ipmi_window_accept(&window, 2)); /* overtaken */
    assert_false(ipmi_window_accept(&window, 2));
    assert_true(ipmi_window_accept(&window, 40));
    assert_false(ipmi_window_accept(&window, 8));
    assert_true(ipmi_window_accept(&window, 9));
    assert_true(ipmi_window_accept(&window, 2000));
    assert_false(ipmi_window_accept(&window, 40));
    window = (IpmiWindow){.highest = UINT32_MAX, .seen = 1};
    assert_true(ipmi_window_accept(&window, 1)); /* wraps over 0 */
    assert_false(ipmi_window_accept(&window, UINT32_MAX));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_survives_both_headers),
        cmocka_unit_test(the_bytes_of_a_capabilities_request_are_those_of_ipmitool),
        cmocka_unit_test(a_datagram_cut_anywhere_is_refused),
        cmocka_unit_test(foreign_datagrams_are_refused),
        cmocka_unit_test(a_sealed_packet_opens_with_the_same_keys_only),
        cmocka_unit_test(a_sealed_packet_changed_anywhere_does_not_open),
        cmocka_unit_test(a_pad_longer_than_the_payload_is_refused),
        cmocka_unit_test(an_unprotected_packet_is_not_for_a_session),
        cmocka_unit_test(a_lan_message_keeps_its_fields_and_guards_them_by_checksums),
        cmocka_unit_test(what_does_not_fit_is_not_built),
        cmocka_unit_test(a_window_takes_each_number_once_and_none_too_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
