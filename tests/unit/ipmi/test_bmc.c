/* The simulated BMC by itself: boot flags and their end, privileges, sessions, event log; driven
 * over a wire without sockets.
 * SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

typedef struct Machine {
    unsigned controls;
    IpmiChassisControl last;
    int refuse_with; /* -1: accept */
    bool on;
    unsigned resets;
    unsigned flags_set;
    unsigned identify_s;
} Machine;

static bool
machine_get_power(void *user_data)
{
    return ((Machine *)user_data)->on;
}

static bool
machine_control(void *user_data, IpmiChassisControl control, GError **error)
{
    Machine *machine = user_data;
    machine->controls++;
    machine->last = control;
    if (machine->refuse_with >= 0)
        return steel_fail(error, (SteelErrorCode)machine->refuse_with, "not now");
    return true;
}

static void
machine_bmc_reset(void *user_data, bool cold)
{
    ((Machine *)user_data)->resets += cold ? 1 : 100;
}

static void
machine_boot_flags(void *user_data, const IpmiBootFlags *flags)
{
    assert_true(flags->valid);
    ((Machine *)user_data)->flags_set++;
}

static void
machine_identify(void *user_data, unsigned seconds, bool forever)
{
    ((Machine *)user_data)->identify_s = forever ? 1000 : seconds;
}

static bool
machine_command(void *user_data, const IpmiRequest *request, IpmiResponse *response)
{
    (void)user_data;
    if (request->net_function != 0x30)
        return false;
    response->size = request->size;
    memcpy(response->data, request->data, request->size);
    return true;
}

static const IpmiBmcOps machine_ops = {
    .get_power = machine_get_power,
    .chassis_control = machine_control,
    .identify = machine_identify,
    .boot_flags_set = machine_boot_flags,
    .bmc_reset = machine_bmc_reset,
    .command = machine_command,
};

/* Sends raw commands ("00 01") in one session, ignoring refusals, and gives the responses. */
static const IpmiResponse *
ask_as(Wire *wire, const IpmiTarget *target, const char *const *raw, size_t count)
{
    IpmiRequest requests[16];
    assert_in_range(count, 1, G_N_ELEMENTS(requests));
    for (size_t i = 0; i < count; i++) {
        assert_true(ipmi_parse_raw(raw[i], &requests[i], NULL));
        requests[i].ignore_completion_code = true;
    }
    wire_session(wire, target, requests, count);
    wire_run(wire);
    assert_null(wire->session->error);
    return wire->session->responses;
}

static const IpmiResponse *
ask(Wire *wire, const char *raw)
{
    IpmiTarget target = wire_target();
    return ask_as(wire, &target, &raw, 1);
}

/* ---- boot flags ---- */

static void
all_five_bytes_of_the_flags_are_kept(void **state)
{
    static const uint8_t expected[] = {1, 5, 0xe0, 0x04, 0x11, 0x22, 0x33};
    (void)state;
    Wire wire;
    wire_open(&wire, NULL, NULL);
    ask(&wire, "0 8 5 0xe0 0x04 0x11 0x22 0x33");
    const IpmiResponse *response = ask(&wire, "0 9 5 0 0");
    assert_int_equal(response->size, sizeof expected);
    assert_memory_equal(response->data, expected, sizeof expected);
    wire_close(&wire);
}

static void
unused_flags_are_void_after_a_minute(void **state)
{
    static const struct {
        bool keep;    /* parameter 3, bit 3 */
        bool control; /* a power verb half way restarts the countdown */
        uint64_t wait_ms;
        bool valid;
    } cases[] = {
        {false, false, 55000,   true},
        {false, false, 61000,   false},
        {false, true,  61000,   true},
        {false, true,  101000,  false},
        {true,  false, 61000,   true},
        {true,  true,  1000000, true},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Wire wire;
        Machine machine = {.refuse_with = -1};
        wire_open(&wire, &machine_ops, &machine);
        if (cases[i].keep)
            ask(&wire, "0 8 3 8");
        uint64_t start_ms = wire.now_ms;
        ask(&wire, "0 8 5 0x80 0x04 0 0 0");
        if (cases[i].control) {
            wire.now_ms = start_ms + 40000;
            assert_int_equal(ask(&wire, "0 2 1")->completion_code, 0);
        }
        wire.now_ms = start_ms + cases[i].wait_ms;
        const IpmiResponse *response = ask(&wire, "0 9 5 0 0");
        assert_int_equal((response->data[2] & 0x80) != 0, cases[i].valid);
        assert_int_equal(response->data[3], 0x04); /* only the valid bit goes */
        wire_close(&wire);
    }
}

static void
the_machine_takes_flags_for_one_boot_once_and_persistent_ones_always(void **state)
{
    (void)state;
    Wire wire;
    Machine machine = {.refuse_with = -1};
    IpmiBootDevice device = IPMI_BOOT_BIOS;
    bool persistent = true, efi = true;
    wire_open(&wire, &machine_ops, &machine);
    assert_false(ipmi_bmc_take_boot_device(wire.bmc, &device, &persistent, &efi));
    assert_int_equal(device, IPMI_BOOT_BIOS);

    ask(&wire, "0 8 5 0x80 0x04 0 0 0");
    assert_int_equal(machine.flags_set, 1);
    assert_true(ipmi_bmc_take_boot_device(wire.bmc, &device, &persistent, &efi));
    assert_int_equal(device, IPMI_BOOT_PXE);
    assert_false(persistent || efi);
    assert_false(ipmi_bmc_take_boot_device(wire.bmc, &device, &persistent, &efi));

    ask(&wire, "0 8 5 0xe0 0x14 0 0 0");
    for (int i = 0; i < 3; i++) {
        assert_true(ipmi_bmc_take_boot_device(wire.bmc, &device, &persistent, &efi));
        assert_int_equal(device, IPMI_BOOT_CDROM);
        assert_true(persistent && efi);
    }
    IpmiBootFlags flags;
    ipmi_bmc_peek_boot_flags(wire.bmc, &flags);
    assert_true(flags.valid && flags.persistent && flags.efi);
    wire_close(&wire);
}

static void
a_bmc_without_a_machine_boots_by_itself(void **state)
{
    (void)state;
    Wire wire;
    IpmiBootFlags flags;
    wire_open(&wire, NULL, NULL);
    ask(&wire, "0 8 5 0x80 0x04 0 0 0");
    ipmi_bmc_peek_boot_flags(wire.bmc, &flags);
    assert_true(flags.valid);
    assert_int_equal(ask(&wire, "0 2 1")->completion_code, 0);
    assert_int_equal(ask(&wire, "0 1")->data[0] & 1, 1);
    ipmi_bmc_peek_boot_flags(wire.bmc, &flags);
    assert_false(flags.valid);
    assert_int_equal(ask(&wire, "0 2 5")->completion_code, 0);
    assert_int_equal(ask(&wire, "0 1")->data[0] & 1, 0);
    wire_close(&wire);
}

static void
malformed_boot_options_change_nothing(void **state)
{
    static const struct {
        const char *raw;
        uint8_t completion_code;
    } cases[] = {
        {"0 8",                  IPMI_CC_LENGTH_INVALID},
        {"0 8 5 0x80",           IPMI_CC_LENGTH_INVALID},
        {"0 8 5 0x80 4 0 0 0 0", IPMI_CC_LENGTH_INVALID},
        {"0 8 4 1",              IPMI_CC_LENGTH_INVALID},
        {"0 8 99 1",             IPMI_CC_PARAMETER_UNSUPPORTED},
        {"0 9 99 0 0",           IPMI_CC_PARAMETER_UNSUPPORTED},
        {"0 9 5",                IPMI_CC_LENGTH_INVALID},
    };
    (void)state;
    Wire wire;
    wire_open(&wire, NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_int_equal(ask(&wire, cases[i].raw)->completion_code, cases[i].completion_code);
    static const uint8_t untouched[] = {1, 5, 0, 0, 0, 0, 0};
    assert_memory_equal(ask(&wire, "0 9 5 0 0")->data, untouched, sizeof untouched);
    wire_close(&wire);
}

static void
a_bmc_may_refuse_the_parameters_around_the_flags(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    const IpmiBmcFaults faults = {.boot_option_0_refused = true, .boot_option_3_refused = true};
    const IpmiBootRequest boot = {
        .device = IPMI_BOOT_DISK, .persistent = true, .disable_timeout = true};
    IpmiRequest requests[IPMI_BOOT_SEQUENCE_MAX];
    IpmiBootFlags flags;
    size_t flags_index;
    wire_open(&wire, NULL, NULL);
    ipmi_bmc_set_faults(wire.bmc, &faults);
    size_t count = ipmi_build_set_boot_device(&boot, requests, &flags_index);
    wire_session(&wire, &target, requests, count);
    wire_run(&wire);
    assert_null(wire.session->error);
    assert_int_equal(wire.session->responses[0].completion_code, IPMI_CC_PARAMETER_UNSUPPORTED);
    ipmi_bmc_peek_boot_flags(wire.bmc, &flags);
    assert_true(flags.valid && flags.persistent);
    assert_int_equal(flags.device, IPMI_BOOT_DISK);
    wire_close(&wire);
}

/* ---- power ---- */

static void
the_machine_is_told_each_verb_and_its_refusal_is_passed_on(void **state)
{
    static const struct {
        int refuse_with;
        uint8_t completion_code;
    } cases[] = {
        {-1,                        IPMI_CC_OK},
        {STEEL_ERROR_BMC_BUSY,      IPMI_CC_BUSY},
        {STEEL_ERROR_INVALID_STATE, IPMI_CC_NOT_IN_THIS_STATE},
        {STEEL_ERROR_UNSUPPORTED,   IPMI_CC_INVALID_FIELD},
        {STEEL_ERROR_IO,            IPMI_CC_UNSPECIFIED},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Wire wire;
        Machine machine = {.refuse_with = cases[i].refuse_with, .on = true};
        wire_open(&wire, &machine_ops, &machine);
        for (int verb = 0; verb <= 5; verb++) {
            g_autofree char *raw = g_strdup_printf("0 2 %d", verb);
            assert_int_equal(ask(&wire, raw)->completion_code, cases[i].completion_code);
            assert_int_equal(machine.last, verb);
        }
        assert_int_equal(machine.controls, 6);
        assert_int_equal(ask(&wire, "0 2 6")->completion_code, IPMI_CC_INVALID_FIELD);
        machine.on = false;
        for (int verb = 2; verb <= 5; verb++) {
            g_autofree char *raw = g_strdup_printf("0 2 %d", verb);
            assert_int_equal(ask(&wire, raw)->completion_code, IPMI_CC_NOT_IN_THIS_STATE);
        }
        assert_int_equal(machine.controls, 6);
        wire_close(&wire);
    }
}

static void
other_chassis_commands_answer(void **state)
{
    (void)state;
    Wire wire;
    Machine machine = {.refuse_with = -1, .on = true};
    wire_open(&wire, &machine_ops, &machine);
    assert_int_equal(ask(&wire, "0 4 30")->completion_code, 0);
    assert_int_equal(machine.identify_s, 30);
    ask(&wire, "0 4");
    assert_int_equal(machine.identify_s, 15);
    ask(&wire, "0 4 0 1");
    assert_int_equal(machine.identify_s, 1000);
    assert_int_equal(ask(&wire, "0 6 2")->data[0], 7);
    assert_int_equal(ask(&wire, "0 1")->data[0], 0x41);
    assert_int_equal(ask(&wire, "0 0")->size, 5);
    assert_int_equal(ask(&wire, "0 7")->size, 2);
    wire_close(&wire);
}

/* ---- who may do what ---- */

static void
each_level_has_its_commands(void **state)
{
    static const char *const raw[] = {"0 1", "0 2 1", "6 2", "0x30 1 7"};
    static const uint8_t as_user[] = {0, 0xd4, 0xd4, 0xd4};
    static const uint8_t as_operator[] = {0, 0, 0xd4, 0xd4};
    static const uint8_t as_admin[] = {0, 0, 0, 0};
    static const uint8_t *const expected[] = {as_user, as_operator, as_admin};
    (void)state;
    for (size_t level = 0; level < G_N_ELEMENTS(expected); level++) {
        Wire wire;
        Machine machine = {.refuse_with = -1};
        wire_open(&wire, &machine_ops, &machine);
        for (size_t i = 0; i < G_N_ELEMENTS(raw); i++) {
            IpmiTarget target = wire_target();
            target.privilege = (IpmiPrivilege)(IPMI_PRIVILEGE_USER + level);
            const IpmiResponse *response = ask_as(&wire, &target, &raw[i], 1);
            assert_int_equal(response->completion_code, expected[level][i]);
        }
        wire_close(&wire);
    }
}

static void
nothing_but_discovery_is_answered_outside_of_a_session(void **state)
{
    (void)state;
    Wire wire;
    wire_open(&wire, NULL, NULL);
    for (unsigned net_function = 0; net_function < 64; net_function += 2) {
        for (unsigned command = 0; command < 256; command++) {
            const uint8_t data[6] = {0x0e};
            const IpmiLanMessage message = {.to_address = IPMI_BMC_ADDRESS,
                                            .net_function = (uint8_t)net_function,
                                            .from_address = IPMI_CONSOLE_ADDRESS,
                                            .command = (uint8_t)command,
                                            .data = data,
                                            .size = sizeof data};
            uint8_t payload[IPMI_MESSAGE_MAX], datagram[IPMI_DATAGRAM_MAX],
                reply[IPMI_DATAGRAM_MAX];
            size_t payload_size, size;
            assert_true(
                ipmi_lan_message_build(&message, payload, sizeof payload, &payload_size, NULL));
            assert_true(ipmi_packet_build(true, IPMI_PAYLOAD_MESSAGE, payload, payload_size,
                                          datagram, sizeof datagram, &size, NULL));
            size_t reply_size = ipmi_bmc_answer(wire.bmc, wire.now_ms, datagram, size, reply);
            IpmiPacket packet;
            IpmiLanMessage answer;
            assert_true(ipmi_packet_parse(reply, reply_size, &packet, NULL));
            assert_true(ipmi_lan_message_parse(packet.payload, packet.payload_size, &answer, NULL));
            bool allowed =
                net_function == IPMI_NETFN_APP &&
                (command == IPMI_CMD_CHANNEL_AUTH_CAPABILITIES ||
                 command == IPMI_CMD_CHANNEL_CIPHER_SUITES || command == IPMI_CMD_SYSTEM_GUID);
            assert_int_equal(answer.data[0] == IPMI_CC_OK, allowed);
        }
    }
    wire_close(&wire);
}

static void
foreign_commands_are_the_owners(void **state)
{
    static const uint8_t echoed[] = {7, 8};
    (void)state;
    Wire wire;
    Machine machine = {.refuse_with = -1};
    wire_open(&wire, &machine_ops, &machine);
    const IpmiResponse *response = ask(&wire, "0x30 1 7 8");
    assert_int_equal(response->size, 2);
    assert_memory_equal(response->data, echoed, sizeof echoed);
    assert_int_equal(ask(&wire, "0x2e 1")->completion_code, IPMI_CC_INVALID_COMMAND);
    wire_close(&wire);
}

/* ---- sessions ---- */

/* Leaves a session open: logs in and stops. */
static void
leave_open(Wire *wire)
{
    IpmiTarget target = wire_target();
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    wire_session(wire, &target, &request, 1);
    ipmi_session_start(wire->session, wire->now_ms);
    while (!wire->session->logged_in) {
        g_autoptr(GBytes) datagram = g_queue_pop_head(&wire->to_bmc);
        assert_non_null(datagram);
        uint8_t reply[IPMI_DATAGRAM_MAX];
        size_t size;
        const uint8_t *bytes = g_bytes_get_data(datagram, &size);
        size_t reply_size = ipmi_bmc_answer(wire->bmc, wire->now_ms, bytes, size, reply);
        ipmi_session_receive(wire->session, wire->now_ms, reply, reply_size);
    }
}

static void
slots_are_limited_and_idle_sessions_give_them_back(void **state)
{
    (void)state;
    Wire wire;
    IpmiBmcStats stats;
    wire_open(&wire, NULL, NULL);
    ipmi_bmc_set_session_limits(wire.bmc, 60000, 2);
    leave_open(&wire);
    leave_open(&wire);
    ipmi_bmc_stats(wire.bmc, &stats);
    assert_int_equal(stats.sessions, 2);

    IpmiTarget target = wire_target();
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    wire_session(&wire, &target, &request, 1);
    wire_run(&wire);
    assert_true(steel_error_is(wire.session->error, STEEL_ERROR_BMC_BUSY));

    wire.now_ms += 61000;
    assert_int_equal(ask(&wire, "0 1")->completion_code, 0);
    ipmi_bmc_stats(wire.bmc, &stats);
    assert_int_equal(stats.sessions, 0);
    wire_close(&wire);
}

static void
a_recorded_datagram_is_not_done_again(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    IpmiRequest requests[3];
    uint8_t recorded[IPMI_DATAGRAM_MAX], reply[IPMI_DATAGRAM_MAX];
    size_t recorded_size = 0;
    ipmi_build_chassis_control(&requests[0], IPMI_CHASSIS_ON);
    ipmi_build_chassis_control(&requests[1], IPMI_CHASSIS_OFF);
    ipmi_build_chassis_status(&requests[2]);
    wire_open(&wire, NULL, NULL);
    wire_session(&wire, &target, requests, 3);
    ipmi_session_start(wire.session, wire.now_ms);
    while (wire.session->response_count < 2) {
        g_autoptr(GBytes) datagram = g_queue_pop_head(&wire.to_bmc);
        size_t size;
        const uint8_t *bytes = g_bytes_get_data(datagram, &size);
        if (wire.session->step == SESSION_REQUESTS && wire.session->response_count == 0) {
            memcpy(recorded, bytes, size);
            recorded_size = size;
        }
        size_t reply_size = ipmi_bmc_answer(wire.bmc, wire.now_ms, bytes, size, reply);
        ipmi_session_receive(wire.session, wire.now_ms, reply, reply_size);
    }
    assert_true(recorded_size > 0);
    assert_int_equal(ipmi_bmc_answer(wire.bmc, wire.now_ms, recorded, recorded_size, reply), 0);
    wire_session(&wire, &target, &requests[2], 1);
    wire_run(&wire);
    assert_int_equal(wire.session->responses[0].data[0] & 1, 0); /* still off */
    wire_close(&wire);
}

static void
a_reset_of_the_bmc_drops_all_sessions(void **state)
{
    (void)state;
    Wire wire;
    Machine machine = {.refuse_with = -1};
    IpmiBmcStats stats;
    wire_open(&wire, &machine_ops, &machine);
    leave_open(&wire);
    ask(&wire, "0 8 3 8");
    ask(&wire, "6 2");
    assert_int_equal(machine.resets, 1);
    ask(&wire, "6 3");
    assert_int_equal(machine.resets, 101);
    ipmi_bmc_stats(wire.bmc, &stats);
    assert_int_equal(stats.sessions, 0);
    assert_int_equal(ask(&wire, "0 9 3 0 0")->data[2], 0);
    wire_close(&wire);
}

/* ---- log, repository, users ---- */

static void
power_events_are_logged_and_can_be_cleared(void **state)
{
    (void)state;
    Wire wire;
    wire_open(&wire, NULL, NULL);
    assert_int_equal(ask(&wire, "0x0a 0x43 0 0 0 0 0 0xff")->completion_code, IPMI_CC_NOT_PRESENT);
    for (int i = 0; i < BMC_SEL_MAX + 5; i++)
        ask(&wire, i % 2 == 0 ? "0 2 1" : "0 2 0");
    const IpmiResponse *info = ask(&wire, "0x0a 0x40");
    assert_int_equal(info->data[1] | info->data[2] << 8, BMC_SEL_MAX);
    const IpmiResponse *first = ask(&wire, "0x0a 0x43 0 0 0 0 0 0xff");
    assert_int_equal(first->size, 2 + 16);
    assert_int_equal(first->data[2], 6); /* the five oldest have gone */
    assert_int_equal(first->data[0], 7);
    const IpmiResponse *last = ask(&wire, "0x0a 0x43 0 0 0xff 0xff 10 1");
    assert_int_equal(last->size, 3);
    assert_int_equal(last->data[0] | last->data[1] << 8, 0xffff);
    assert_int_equal(last->data[2], 0x22);
    assert_int_equal(ask(&wire, "0x0a 0x43 0 0 0xff 0xff 16 1")->completion_code,
                     IPMI_CC_OUT_OF_RANGE);

    assert_int_equal(ask(&wire, "0x0a 0x47 9 9 0x43 0x4c 0x52 0xaa")->completion_code,
                     IPMI_CC_RESERVATION_LOST);
    const IpmiResponse *reserved = ask(&wire, "0x0a 0x42");
    g_autofree char *wrong = g_strdup_printf("0x0a 0x47 %u %u 0x43 0x4c 0x53 0xaa",
                                             reserved->data[0], reserved->data[1]);
    g_autofree char *clear = g_strdup_printf("0x0a 0x47 %u %u 0x43 0x4c 0x52 0xaa",
                                             reserved->data[0], reserved->data[1]);
    assert_int_equal(ask(&wire, wrong)->completion_code, IPMI_CC_INVALID_FIELD);
    assert_int_equal(ask(&wire, clear)->completion_code, IPMI_CC_OK);
    assert_int_equal(ask(&wire, "0x0a 0x40")->data[1], 0);
    wire_close(&wire);
}

static void
users_can_be_listed_and_renamed(void **state)
{
    (void)state;
    Wire wire;
    wire_open(&wire, NULL, NULL);
    const IpmiResponse *name = ask(&wire, "6 0x46 2");
    assert_int_equal(name->size, 16);
    assert_string_equal((const char *)name->data, "oper");
    assert_int_equal(ask(&wire, "6 0x44 1 2")->data[3] & 0x0f, IPMI_PRIVILEGE_OPERATOR);
    assert_int_equal(ask(&wire, "6 0x46 0")->completion_code, IPMI_CC_OUT_OF_RANGE);
    assert_int_equal(ask(&wire, "6 0x46 4")->completion_code, IPMI_CC_OUT_OF_RANGE);
    ask(&wire, "6 0x45 2 0x6e 0x65 0x77 0 0 0 0 0 0 0 0 0 0 0 0 0");
    assert_string_equal((const char *)ask(&wire, "6 0x46 2")->data, "new");
    wire_close(&wire);
}

static void
settings_are_checked_and_read_back(void **state)
{
    static const IpmiBmcUser too_long = {"seventeen-letters", "x", 0};
    static const uint8_t guid[16] = {1, 2, 3};
    (void)state;
    g_autoptr(GError) error = NULL;
    assert_null(ipmi_bmc_new(&too_long, 1, NULL, NULL, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    assert_null(ipmi_bmc_new(wire_users, BMC_USERS_MAX + 1, NULL, NULL, NULL));
    Wire wire;
    IpmiDeviceId id;
    wire_open(&wire, NULL, NULL);
    ipmi_bmc_set_identity(wire.bmc, 674, 0x100);
    ipmi_bmc_set_guid(wire.bmc, guid);
    assert_true(ipmi_parse_device_id(ask(&wire, "6 1"), &id, NULL));
    assert_int_equal(id.manufacturer, 674);
    assert_int_equal(id.product, 0x100);
    assert_memory_equal(ask(&wire, "6 0x37")->data, guid, sizeof guid);
    wire_close(&wire);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_five_bytes_of_the_flags_are_kept),
        cmocka_unit_test(unused_flags_are_void_after_a_minute),
        cmocka_unit_test(the_machine_takes_flags_for_one_boot_once_and_persistent_ones_always),
        cmocka_unit_test(a_bmc_without_a_machine_boots_by_itself),
        cmocka_unit_test(malformed_boot_options_change_nothing),
        cmocka_unit_test(a_bmc_may_refuse_the_parameters_around_the_flags),
        cmocka_unit_test(the_machine_is_told_each_verb_and_its_refusal_is_passed_on),
        cmocka_unit_test(other_chassis_commands_answer),
        cmocka_unit_test(each_level_has_its_commands),
        cmocka_unit_test(nothing_but_discovery_is_answered_outside_of_a_session),
        cmocka_unit_test(foreign_commands_are_the_owners),
        cmocka_unit_test(slots_are_limited_and_idle_sessions_give_them_back),
        cmocka_unit_test(a_recorded_datagram_is_not_done_again),
        cmocka_unit_test(a_reset_of_the_bmc_drops_all_sessions),
        cmocka_unit_test(power_events_are_logged_and_can_be_cleared),
        cmocka_unit_test(users_can_be_listed_and_renamed),
        cmocka_unit_test(settings_are_checked_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
