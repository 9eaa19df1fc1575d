/* Serial over LAN: its bytes as the specification has them, what becomes of characters when packets
 * are lost, repeated or taken in part, and a console from login to its end at a simulated BMC.
 * SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include "bmc/ipmi/client/sol.h"

/* ---- bytes ---- */

static void
a_packet_has_the_bytes_of_table_15_2(void **state)
{
    static const struct {
        IpmiSolPacket packet;
        uint8_t bytes[8];
        size_t size;
    } cases[] = {
        {{.sequence = 1, .data = (const uint8_t *)"ls\r", .size = 3},
         {0x01, 0x00, 0x00, 0x00, 'l', 's', '\r'},
         7},
        {{.acknowledged = 15, .accepted = 200}, {0x00, 0x0f, 0xc8, 0x00}, 4},
        {{.acknowledged = 3, .flags = IPMI_SOL_NACK}, {0x00, 0x03, 0x00, 0x40}, 4},
        {{.sequence = 7, .flags = IPMI_SOL_BREAK}, {0x07, 0x00, 0x00, 0x10}, 4},
        {{.sequence = 2, .acknowledged = 1, .accepted = 1, .data = (const uint8_t *)"x", .size = 1},
         {0x02, 0x01, 0x01, 0x00, 'x'},
         5},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t bytes[16];
        size_t size = 0;
        IpmiSolPacket parsed;
        assert_true(ipmi_sol_packet_build(&cases[i].packet, bytes, sizeof bytes, &size, NULL));
        assert_int_equal(size, cases[i].size);
        assert_memory_equal(bytes, cases[i].bytes, size);
        assert_true(ipmi_sol_packet_parse(bytes, size, &parsed, NULL));
        assert_int_equal(parsed.sequence, cases[i].packet.sequence);
        assert_int_equal(parsed.acknowledged, cases[i].packet.acknowledged);
        assert_int_equal(parsed.accepted, cases[i].packet.accepted);
        assert_int_equal(parsed.flags, cases[i].packet.flags);
        assert_int_equal(parsed.size, cases[i].packet.size);
    }
}

static void
what_is_no_packet_is_refused(void **state)
{
    static const uint8_t bytes[IPMI_SOL_HEADER_SIZE + IPMI_SOL_DATA_MAX + 1];
    IpmiSolPacket packet;
    (void)state;
    assert_false(ipmi_sol_packet_parse(bytes, 0, &packet, NULL));
    assert_false(ipmi_sol_packet_parse(bytes, IPMI_SOL_HEADER_SIZE - 1, &packet, NULL));
    assert_true(ipmi_sol_packet_parse(bytes, IPMI_SOL_HEADER_SIZE, &packet, NULL));
    assert_true(ipmi_sol_packet_parse(bytes, sizeof bytes - 1, &packet, NULL));
    assert_false(ipmi_sol_packet_parse(bytes, sizeof bytes, &packet, NULL));
}

static void
activation_says_how_long_packets_may_be(void **state)
{
    static const struct {
        uint8_t low, high;
        size_t data_max;
    } cases[] = {
        {0xcc, 0x00, 200},
        {0x00, 0x00, 1},
        {0x05, 0x00, 1},
        {0xff, 0x00, 251},
        {0x00, 0x02, 255},
        {0x00, 0x80, 124}, /* 0080h with its bytes swapped */
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const IpmiResponse response = {.size = 12,
                                       .data = {0, 0, 0, 0, cases[i].low, cases[i].high, 0xcc}};
        size_t data_max = 0;
        assert_true(ipmi_parse_activate_sol(&response, &data_max, NULL));
        assert_int_equal(data_max, cases[i].data_max);
    }
    const IpmiResponse brief = {.size = 5};
    size_t data_max = 7;
    assert_false(ipmi_parse_activate_sol(&brief, &data_max, NULL));
    assert_int_equal(data_max, 7);
}

/* ---- two ends ---- */

enum { RETRY_MS = 100, TRIES = 20, ROOM = 4096 };

typedef struct End {
    SolLink link;
    GString *got;
    size_t takes_at_once; /* at most; 0: all */
} End;

static size_t
end_take(void *user_data, const uint8_t *bytes, size_t size)
{
    End *end = user_data;
    size_t taken = end->takes_at_once > 0 ? MIN(size, end->takes_at_once) : size;
    g_string_append_len(end->got, (const char *)bytes, (gssize)taken);
    return taken;
}

static void
open_end(End *end, uint8_t break_flag, size_t data_max)
{
    *end = (End){.got = g_string_new(NULL)};
    sol_link_open(&end->link, break_flag, data_max, ROOM, RETRY_MS, TRIES, end_take, end);
}

static void
close_end(End *end)
{
    sol_link_close(&end->link);
    g_string_free(end->got, true);
}

typedef struct Pipe {
    End client, bmc;
    uint64_t now_ms;
    unsigned packets;
    unsigned lose_one_of; /* packets, one of so many, by chance; 0: none */
    unsigned double_one_of;
    uint32_t dice;
} Pipe;

/* Chance that is the same in every run. */
static bool
falls(Pipe *pipe, unsigned one_of)
{
    pipe->dice = pipe->dice * 1664525u + 1013904223u;
    return one_of > 0 && (pipe->dice >> 16) % one_of == 0;
}

/* Carries everything that `from` has to say. */
static void
carry(Pipe *pipe, End *from, End *to)
{
    uint8_t bytes[IPMI_SOL_HEADER_SIZE + IPMI_SOL_DATA_MAX];
    size_t size;
    while ((size = sol_link_next(&from->link, pipe->now_ms, bytes, sizeof bytes)) > 0) {
        IpmiSolPacket packet;
        pipe->packets++;
        assert_true(ipmi_sol_packet_parse(bytes, size, &packet, NULL));
        if (falls(pipe, pipe->lose_one_of))
            continue;
        sol_link_receive(&to->link, pipe->now_ms, &packet);
        if (falls(pipe, pipe->double_one_of))
            sol_link_receive(&to->link, pipe->now_ms, &packet);
    }
}

/* Runs until neither end has anything more to say; the time jumps to what is due. */
static void
run(Pipe *pipe)
{
    for (int i = 0; i < 100000; i++) {
        unsigned before = pipe->packets;
        carry(pipe, &pipe->client, &pipe->bmc);
        carry(pipe, &pipe->bmc, &pipe->client);
        if (pipe->packets != before)
            continue;
        uint64_t client_ms = sol_link_due_ms(&pipe->client.link);
        uint64_t bmc_ms = sol_link_due_ms(&pipe->bmc.link);
        uint64_t due_ms =
            client_ms == 0 || (bmc_ms != 0 && bmc_ms < client_ms) ? bmc_ms : client_ms;
        if (due_ms == 0)
            return;
        pipe->now_ms = MAX(pipe->now_ms, due_ms);
    }
    fail_msg("the two ends never come to rest");
}

static void
open_pipe(Pipe *pipe)
{
    *pipe = (Pipe){.now_ms = 1000};
    open_end(&pipe->client, IPMI_SOL_BREAK, 20);
    open_end(&pipe->bmc, 0, 200);
}

static void
close_pipe(Pipe *pipe)
{
    close_end(&pipe->client);
    close_end(&pipe->bmc);
}

static char *
numbered_lines(unsigned count)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < count; i++)
        g_string_append_printf(text, "%u\r\n", i);
    return g_string_free(text, false);
}

static void
every_character_comes_once_and_in_order(void **state)
{
    static const struct {
        unsigned lose_one_of, double_one_of;
        size_t takes_at_once;
    } cases[] = {
        {0, 0, 0}, {3, 0, 0}, {5, 0, 0}, {7, 2, 0}, {0, 1, 0}, {0, 0, 1}, {0, 0, 7}, {7, 3, 7},
    };
    (void)state;
    g_autofree char *text = numbered_lines(300), *typed = numbered_lines(60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Pipe pipe;
        open_pipe(&pipe);
        pipe.lose_one_of = cases[i].lose_one_of;
        pipe.double_one_of = cases[i].double_one_of;
        pipe.client.takes_at_once = pipe.bmc.takes_at_once = cases[i].takes_at_once;
        const uint8_t *out = (const uint8_t *)text, *in = (const uint8_t *)typed;
        assert_int_equal(sol_link_write(&pipe.bmc.link, out, strlen(text)), strlen(text));
        assert_int_equal(sol_link_write(&pipe.client.link, in, strlen(typed)), strlen(typed));
        run(&pipe);
        assert_string_equal(pipe.client.got->str, text);
        assert_string_equal(pipe.bmc.got->str, typed);
        close_pipe(&pipe);
    }
}

static void
a_repetition_keeps_its_number_until_it_is_given_up(void **state)
{
    (void)state;
    End end;
    open_end(&end, IPMI_SOL_BREAK, 20);
    uint8_t bytes[64];
    uint64_t now_ms = 1000;
    sol_link_write(&end.link, (const uint8_t *)"abc", 3);
    for (unsigned i = 0; i < TRIES; i++) {
        assert_int_equal(sol_link_next(&end.link, now_ms, bytes, sizeof bytes), 7);
        assert_int_equal(bytes[0], 1);
        assert_memory_equal(bytes + 4, "abc", 3);
        assert_int_equal(sol_link_next(&end.link, now_ms, bytes, sizeof bytes), 0);
        now_ms += RETRY_MS;
    }
    assert_int_equal(end.link.given_up, 0);
    assert_int_equal(sol_link_next(&end.link, now_ms, bytes, sizeof bytes), 0);
    assert_int_equal(end.link.given_up, 1);
    close_end(&end);
}

static void
a_repetition_with_more_characters_gives_only_the_new_ones(void **state)
{
    (void)state;
    End end;
    open_end(&end, 0, 20);
    IpmiSolPacket packet = {.sequence = 4, .data = (const uint8_t *)"abcdef", .size = 3};
    uint8_t bytes[64];
    sol_link_receive(&end.link, 1000, &packet);
    assert_int_equal(sol_link_next(&end.link, 1000, bytes, sizeof bytes), 4);
    assert_memory_equal(bytes, ((const uint8_t[]){0, 4, 3, 0}), 4);
    packet.size = 6;
    sol_link_receive(&end.link, 1000, &packet);
    assert_int_equal(sol_link_next(&end.link, 1000, bytes, sizeof bytes), 4);
    assert_memory_equal(bytes, ((const uint8_t[]){0, 4, 6, 0}), 4);
    assert_string_equal(end.got->str, "abcdef");
    close_end(&end);
}

static void
a_refused_packet_goes_out_again_after_a_pause(void **state)
{
    (void)state;
    End end;
    open_end(&end, IPMI_SOL_BREAK, 20);
    uint8_t bytes[64];
    sol_link_write(&end.link, (const uint8_t *)"abc", 3);
    assert_int_equal(sol_link_next(&end.link, 1000, bytes, sizeof bytes), 7);
    const IpmiSolPacket nack = {.acknowledged = 1, .flags = IPMI_SOL_NACK | IPMI_SOL_UNAVAILABLE};
    sol_link_receive(&end.link, 1000, &nack);
    assert_int_equal(sol_link_next(&end.link, 1000, bytes, sizeof bytes), 0);
    assert_int_equal(sol_link_due_ms(&end.link), 1000 + RETRY_MS);
    assert_int_equal(sol_link_next(&end.link, 1000 + RETRY_MS, bytes, sizeof bytes), 7);
    assert_int_equal(bytes[0], 2);
    assert_memory_equal(bytes + 4, "abc", 3);
    close_end(&end);
}

static void
a_queue_takes_no_more_than_it_has_room_for(void **state)
{
    (void)state;
    End end;
    uint8_t many[ROOM + 10] = {0};
    open_end(&end, 0, 20);
    assert_int_equal(sol_link_write(&end.link, many, sizeof many), ROOM);
    assert_int_equal(sol_link_room(&end.link), 0);
    assert_int_equal(sol_link_write(&end.link, many, 1), 0);
    close_end(&end);
}

/* ---- a console at a BMC ---- */

typedef struct Port {
    GString *typed;
    unsigned breaks;
} Port;

static size_t
port_input(void *user_data, const uint8_t *bytes, size_t size)
{
    g_string_append_len(((Port *)user_data)->typed, (const char *)bytes, (gssize)size);
    return size;
}

static void
port_break(void *user_data)
{
    ((Port *)user_data)->breaks++;
}

static const IpmiBmcOps port_ops = {.serial_input = port_input, .serial_break = port_break};

typedef struct Desk {
    IpmiBmc *bmc;
    Port port;
    IpmiSol *sol;
    GString *seen;
    GQueue to_bmc; /* of GBytes */
    uint64_t now_ms;
    unsigned datagrams;
    unsigned lose_each;
    bool dead;
} Desk;

static void
desk_send(void *user_data, const uint8_t *bytes, size_t size)
{
    g_queue_push_tail(&((Desk *)user_data)->to_bmc, g_bytes_new(bytes, size));
}

static size_t
desk_take(void *user_data, const uint8_t *bytes, size_t size)
{
    g_string_append_len(((Desk *)user_data)->seen, (const char *)bytes, (gssize)size);
    return size;
}

static const IpmiSolOps desk_ops = {desk_send, desk_take};

static bool
desk_loses(Desk *desk)
{
    return desk->dead || (desk->lose_each > 0 && ++desk->datagrams % desk->lose_each == 0);
}

static void
desk_to_client(Desk *desk, const uint8_t *bytes, size_t size)
{
    if (size > 0 && !desk_loses(desk))
        ipmi_sol_receive(desk->sol, desk->now_ms, bytes, size);
}

/* One round: all datagrams in both directions. True if there were any. */
static bool
desk_exchange(Desk *desk)
{
    bool any = false;
    uint8_t bytes[IPMI_DATAGRAM_MAX];
    IpmiPeer peer;
    uint64_t due_ms;
    size_t size;
    for (GBytes *datagram; (datagram = g_queue_pop_head(&desk->to_bmc)) != NULL; any = true) {
        const uint8_t *data = g_bytes_get_data(datagram, &size);
        size = desk_loses(desk) ? 0 : ipmi_bmc_answer(desk->bmc, desk->now_ms, data, size, bytes);
        g_bytes_unref(datagram);
        desk_to_client(desk, bytes, size);
    }
    while ((size = ipmi_bmc_speak(desk->bmc, desk->now_ms, bytes, &peer, &due_ms)) > 0) {
        any = true;
        desk_to_client(desk, bytes, size);
    }
    return any;
}

/* Lets time pass until `until_ms`, or the state is this one. */
static void
desk_run(Desk *desk, uint64_t for_ms, IpmiSolState state)
{
    uint64_t until_ms = desk->now_ms + for_ms;
    while (desk->now_ms < until_ms && ipmi_sol_state(desk->sol) != state) {
        while (desk_exchange(desk))
            continue;
        desk->now_ms += 10;
        if (ipmi_sol_due_ms(desk->sol) <= desk->now_ms)
            ipmi_sol_expire(desk->sol, desk->now_ms);
    }
}

enum { NO_STATE = IPMI_SOL_ENDED + 1 };

static void
desk_pass(Desk *desk, uint64_t for_ms)
{
    desk_run(desk, for_ms, (IpmiSolState)NO_STATE);
}

static void
desk_begin(Desk *desk, const char *password)
{
    IpmiTarget target = wire_target();
    if (password != NULL)
        target.password = password;
    target.retransmit_ms = 200;
    target.deadline_ms = 5000;
    ipmi_sol_free(desk->sol);
    desk->sol = ipmi_sol_new(&target, "192.0.2.7:623", NULL, &desk_ops, desk, NULL);
    assert_non_null(desk->sol);
    ipmi_sol_start(desk->sol, desk->now_ms);
}

static void
desk_open(Desk *desk, const IpmiBmcOps *ops)
{
    *desk = (Desk){.now_ms = due_now_ms(), .seen = g_string_new(NULL)};
    desk->port.typed = g_string_new(NULL);
    desk->bmc = ipmi_bmc_new(wire_users, G_N_ELEMENTS(wire_users), ops, &desk->port, NULL);
    assert_non_null(desk->bmc);
}

static void
desk_close(Desk *desk)
{
    g_queue_clear_full(&desk->to_bmc, (GDestroyNotify)g_bytes_unref);
    ipmi_sol_free(desk->sol);
    ipmi_bmc_free(desk->bmc);
    g_string_free(desk->seen, true);
    g_string_free(desk->port.typed, true);
}

static void
say(Desk *desk, const char *text)
{
    ipmi_bmc_serial_output(desk->bmc, (const uint8_t *)text, strlen(text));
}

static void
type_text(Desk *desk, const char *text)
{
    assert_int_equal(ipmi_sol_write(desk->sol, desk->now_ms, (const uint8_t *)text, strlen(text)),
                     strlen(text));
}

static void
a_console_carries_both_ways_and_is_given_back(void **state)
{
    (void)state;
    for (unsigned lose_each = 0; lose_each <= 9; lose_each += 3) {
        Desk desk;
        desk_open(&desk, &port_ops);
        say(&desk, "nobody hears this");
        desk.lose_each = lose_each;
        desk_begin(&desk, NULL);
        desk_run(&desk, 60000, IPMI_SOL_OPEN);
        assert_int_equal(ipmi_sol_state(desk.sol), IPMI_SOL_OPEN);
        g_autofree char *text = numbered_lines(2000);
        say(&desk, text);
        type_text(&desk, "root\r");
        ipmi_sol_break(desk.sol, desk.now_ms);
        desk_pass(&desk, 120000);
        assert_string_equal(desk.seen->str, text);
        assert_string_equal(desk.port.typed->str, "root\r");
        assert_int_equal(desk.port.breaks, 1);
        assert_int_equal(ipmi_sol_state(desk.sol), IPMI_SOL_OPEN); /* twice the BMC's patience */
        desk.lose_each = 0;
        ipmi_sol_close(desk.sol, desk.now_ms);
        desk_run(&desk, 60000, IPMI_SOL_ENDED);
        assert_int_equal(ipmi_sol_state(desk.sol), IPMI_SOL_ENDED);
        assert_null(ipmi_sol_error(desk.sol));
        assert_int_equal(desk.bmc->sol.session_id, 0);
        assert_int_equal(desk.bmc->sessions->len, 0);
        desk_close(&desk);
    }
}

static void
why_there_is_no_console_is_told(void **state)
{
    static const IpmiBmcOps no_port;
    (void)state;
    Desk desk;
    desk_open(&desk, &no_port);
    desk_begin(&desk, NULL);
    desk_run(&desk, 60000, IPMI_SOL_ENDED);
    assert_true(steel_error_is(ipmi_sol_error(desk.sol), STEEL_ERROR_BMC_REFUSED));
    assert_non_null(strstr(ipmi_sol_error(desk.sol)->message, "SOL is disabled"));
    assert_int_equal(desk.bmc->sessions->len, 0);
    desk_begin(&desk, "wrong");
    desk_run(&desk, 60000, IPMI_SOL_ENDED);
    assert_true(steel_error_is(ipmi_sol_error(desk.sol), STEEL_ERROR_BMC_AUTH));
    desk_close(&desk);
}

static void
a_bmc_that_dies_is_noticed_without_a_word_typed(void **state)
{
    (void)state;
    Desk desk;
    desk_open(&desk, &port_ops);
    desk_begin(&desk, NULL);
    desk_run(&desk, 60000, IPMI_SOL_OPEN);
    desk.dead = true;
    desk_run(&desk, 60000, IPMI_SOL_ENDED);
    assert_int_equal(ipmi_sol_state(desk.sol), IPMI_SOL_ENDED);
    assert_true(steel_error_is(ipmi_sol_error(desk.sol), STEEL_ERROR_BMC_UNREACHABLE));
    desk_close(&desk);
}

/* The second one takes the console; the first one is told so. */
static void
a_console_that_another_takes_ends_with_that_reason(void **state)
{
    (void)state;
    Desk desk;
    desk_open(&desk, &port_ops);
    desk_begin(&desk, NULL);
    desk_run(&desk, 60000, IPMI_SOL_OPEN);
    IpmiSol *first = g_steal_pointer(&desk.sol);
    desk_begin(&desk, NULL);
    IpmiSol *second = g_steal_pointer(&desk.sol);
    /* The BMC's datagrams go to both: each takes those of its session. */
    for (int i = 0; i < 100 && ipmi_sol_state(second) != IPMI_SOL_OPEN; i++) {
        uint8_t bytes[IPMI_DATAGRAM_MAX];
        IpmiPeer peer;
        uint64_t due_ms;
        size_t size;
        for (GBytes *datagram; (datagram = g_queue_pop_head(&desk.to_bmc)) != NULL;) {
            const uint8_t *data = g_bytes_get_data(datagram, &size);
            size = ipmi_bmc_answer(desk.bmc, desk.now_ms, data, size, bytes);
            g_bytes_unref(datagram);
            ipmi_sol_receive(first, desk.now_ms, bytes, size);
            ipmi_sol_receive(second, desk.now_ms, bytes, size);
            size = ipmi_bmc_speak(desk.bmc, desk.now_ms, bytes, &peer, &due_ms);
            ipmi_sol_receive(first, desk.now_ms, bytes, size);
        }
    }
    assert_int_equal(ipmi_sol_state(second), IPMI_SOL_OPEN);
    assert_true(steel_error_is(ipmi_sol_error(first), STEEL_ERROR_BMC_REFUSED));
    assert_non_null(strstr(ipmi_sol_error(first)->message, "another client has taken it"));
    ipmi_sol_free(first);
    ipmi_sol_free(second);
    desk_close(&desk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_has_the_bytes_of_table_15_2),
        cmocka_unit_test(what_is_no_packet_is_refused),
        cmocka_unit_test(activation_says_how_long_packets_may_be),
        cmocka_unit_test(every_character_comes_once_and_in_order),
        cmocka_unit_test(a_repetition_keeps_its_number_until_it_is_given_up),
        cmocka_unit_test(a_repetition_with_more_characters_gives_only_the_new_ones),
        cmocka_unit_test(a_refused_packet_goes_out_again_after_a_pause),
        cmocka_unit_test(a_queue_takes_no_more_than_it_has_room_for),
        cmocka_unit_test(a_console_carries_both_ways_and_is_given_back),
        cmocka_unit_test(why_there_is_no_console_is_told),
        cmocka_unit_test(a_bmc_that_dies_is_noticed_without_a_word_typed),
        cmocka_unit_test(a_console_that_another_takes_ends_with_that_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
