/* The client's session against the simulated BMC over a wire that loses, repeats and garbles as
 * each test wants.
 * SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

enum { REPLIES_MAX = 12 };

static void
assert_failed(const Wire *wire, SteelErrorCode code, const char *words)
{
    assert_non_null(wire->session->error);
    if (!steel_error_is(wire->session->error, code) ||
        strstr(wire->session->error->message, words) == NULL)
        fail_msg("unexpected error %d: %s", wire->session->error->code,
                 wire->session->error->message);
    assert_null(strstr(wire->session->error->message, "secret"));
}

static void
assert_succeeded(const Wire *wire)
{
    if (wire->session->error != NULL)
        fail_msg("failed: %s", wire->session->error->message);
    assert_int_equal(wire->session->response_count, wire->session->request_count);
}

static void
run_status(Wire *wire, const IpmiTarget *target)
{
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    wire_session(wire, target, &request, 1);
    wire_run(wire);
}

static void
a_session_reads_the_power_state_with_each_suite(void **state)
{
    static const int suites[] = {3, 17, -1};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        Wire wire;
        IpmiTarget target = wire_target();
        IpmiBmcStats stats;
        target.cipher_suite = suites[i];
        wire_open(&wire, NULL, NULL);
        ipmi_bmc_set_power(wire.bmc, true);
        run_status(&wire, &target);
        assert_succeeded(&wire);
        assert_int_equal(wire.session->responses[0].data[0] & 1, 1);
        assert_int_equal(wire.session->login.suite->id, suites[i] == 3 ? 3 : 17);
        assert_int_equal(wire.session->ignored, 0);
        assert_int_equal(wire.session->repeats, 0);
        ipmi_bmc_stats(wire.bmc, &stats);
        assert_int_equal(stats.sessions, 0); /* closed */
        assert_int_equal(stats.sessions_opened, 1);
        wire_close(&wire);
    }
}

/* One power cycle and a status, with a fault set by `apply` for each datagram in turn. */
static void
cycle_under_fault(void (*apply)(Wire *wire, unsigned number))
{
    for (unsigned number = 1; number <= REPLIES_MAX; number++) {
        Wire wire;
        IpmiTarget target = wire_target();
        IpmiRequest requests[2];
        IpmiBmcStats stats;
        ipmi_build_chassis_control(&requests[0], IPMI_CHASSIS_CYCLE);
        ipmi_build_chassis_status(&requests[1]);
        wire_open(&wire, NULL, NULL);
        ipmi_bmc_set_power(wire.bmc, true);
        wire_session(&wire, &target, requests, 2);
        apply(&wire, number);
        wire_run(&wire);
        assert_succeeded(&wire);
        ipmi_bmc_stats(wire.bmc, &stats);
        /* Privilege, cycle, status, close: each done once, whatever was repeated. */
        assert_in_range(stats.commands, 4, 4);
        wire_close(&wire);
    }
}

static void
lose_request(Wire *wire, unsigned number)
{
    wire->lose_request = number;
}

static void
lose_reply(Wire *wire, unsigned number)
{
    wire->lose_reply = number;
}

static void
double_reply(Wire *wire, unsigned number)
{
    wire->double_reply = number;
}

static void
double_request(Wire *wire, unsigned number)
{
    wire->double_request = number;
}

static void
late_replies(Wire *wire, unsigned number)
{
    wire->late = true;
    wire->lose_request = number;
}

static void
garbage(Wire *wire, unsigned number)
{
    wire->garbage = true;
    wire->lose_reply = number;
}

static void
any_lost_request_is_repeated(void **state)
{
    (void)state;
    cycle_under_fault(lose_request);
}

static void
any_lost_answer_is_asked_again_and_the_verb_done_once(void **state)
{
    (void)state;
    cycle_under_fault(lose_reply);
}

static void
an_answer_that_comes_twice_is_taken_once(void **state)
{
    (void)state;
    cycle_under_fault(double_reply);
}

static void
an_answer_to_an_earlier_request_is_not_taken_for_the_present_one(void **state)
{
    (void)state;
    cycle_under_fault(late_replies);
    /* Also where the requests are the same, and only their numbers differ. */
    Wire wire;
    IpmiTarget target = wire_target();
    IpmiRequest requests[5];
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
        ipmi_build_chassis_status(&requests[i]);
    wire_open(&wire, NULL, NULL);
    wire_session(&wire, &target, requests, G_N_ELEMENTS(requests));
    wire.late = true;
    wire_run(&wire);
    assert_succeeded(&wire);
    wire_close(&wire);
}

static void
a_request_that_comes_twice_is_done_once(void **state)
{
    (void)state;
    cycle_under_fault(double_request);
}

static void
garbage_between_answers_does_no_harm(void **state)
{
    (void)state;
    cycle_under_fault(garbage);
}

static void
no_turned_bit_in_a_sealed_answer_gets_through(void **state)
{
    (void)state;
    /* Reply 6 (status) travels in the session, after capabilities, open, RAKP 2, RAKP 4,
     * privilege. */
    size_t size = 1;
    for (size_t byte = 0; byte < size; byte++) {
        Wire wire;
        IpmiTarget target = wire_target();
        IpmiRequest request;
        ipmi_build_chassis_status(&request);
        wire_open(&wire, NULL, NULL);
        ipmi_bmc_set_power(wire.bmc, true);
        wire_session(&wire, &target, &request, 1);
        wire.flip_reply = 6;
        wire.flip_byte = byte;
        wire_run(&wire);
        assert_succeeded(&wire);
        assert_int_equal(wire.session->responses[0].data[0], 1);
        /* The reserved byte and the RMCP sequence number are outside of what is protected. */
        assert_int_equal(wire.session->ignored, byte == 1 || byte == 2 ? 0 : 1);
        size = wire.reply_size;
        wire_close(&wire);
    }
    assert_in_range(size, 60, 120);
}

static void
a_turned_bit_in_the_login_never_yields_a_wrong_session(void **state)
{
    (void)state;
    for (unsigned reply = 1; reply <= 4; reply++) {
        size_t size = 1;
        for (size_t byte = 0; byte < size; byte++) {
            Wire wire;
            IpmiTarget target = wire_target();
            IpmiRequest request;
            ipmi_build_chassis_status(&request);
            wire_open(&wire, NULL, NULL);
            wire_session(&wire, &target, &request, 1);
            wire.flip_reply = reply;
            wire.flip_byte = byte;
            wire_run(&wire);
            assert_true(wire.session->error != NULL || wire.session->response_count == 1);
            size = wire.reply_size;
            wire_close(&wire);
        }
        assert_true(size > 16);
    }
}

/* ---- failures and what they say ---- */

static void
silence_is_unreachable_and_says_for_how_long(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    target.deadline_ms = 5000;
    wire_open(&wire, NULL, NULL);
    wire.dead = true;
    uint64_t start_ms = wire.now_ms;
    run_status(&wire, &target);
    assert_failed(&wire, STEEL_ERROR_BMC_UNREACHABLE, "no answer from 192.0.2.7:623 within 5 s");
    assert_in_range(wire.now_ms - start_ms, 5000, 5100);
    wire_close(&wire);
}

static void
silence_after_the_login_names_the_command(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    wire_open(&wire, NULL, NULL);
    wire.dead_after = 6;
    run_status(&wire, &target);
    assert_failed(&wire, STEEL_ERROR_BMC_UNREACHABLE, "stopped answering at Get Chassis Status");
    wire_close(&wire);
}

static void
only_garbage_is_a_protocol_error(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    wire_open(&wire, NULL, NULL);
    wire.garbage_only = true;
    run_status(&wire, &target);
    assert_failed(&wire, STEEL_ERROR_BMC_PROTOCOL, "none is IPMI");
    wire_close(&wire);
}

static void
credentials_that_are_wrong_are_named(void **state)
{
    static const struct {
        const char *username;
        const char *password;
        IpmiPrivilege privilege;
        const char *words;
    } cases[] = {
        {"admin",  "wrong",        0,                       "check user name and password"},
        {"admin",  "",             0,                       "check user name and password"},
        {"nobody", "secret-admin", 0,                       "check the user name"},
        {"oper",   "secret-oper",  0,                       "check the privilege level"},
        {"",       "secret-null",  IPMI_PRIVILEGE_OPERATOR, "check the privilege level"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Wire wire;
        IpmiTarget target = wire_target();
        IpmiBmcStats stats;
        target.username = cases[i].username;
        target.password = cases[i].password;
        target.privilege = cases[i].privilege;
        wire_open(&wire, NULL, NULL);
        run_status(&wire, &target);
        assert_failed(&wire, STEEL_ERROR_BMC_AUTH, cases[i].words);
        /* What the session still sent (the refusal) frees the BMC's slot. */
        for (GBytes *datagram; (datagram = g_queue_pop_head(&wire.to_bmc)) != NULL;) {
            uint8_t reply[IPMI_DATAGRAM_MAX];
            size_t size;
            const uint8_t *bytes = g_bytes_get_data(datagram, &size);
            ipmi_bmc_answer(wire.bmc, wire.now_ms, bytes, size, reply);
            g_bytes_unref(datagram);
        }
        ipmi_bmc_stats(wire.bmc, &stats);
        assert_int_equal(stats.sessions, 0);
        assert_int_equal(stats.sessions_opened, 0);
        wire_close(&wire);
    }
}

static void
lesser_users_log_in_at_their_own_level(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    wire_open(&wire, NULL, NULL);
    target.username = "oper";
    target.password = "secret-oper";
    target.privilege = IPMI_PRIVILEGE_OPERATOR;
    run_status(&wire, &target);
    assert_succeeded(&wire);
    target.username = NULL;
    target.password = "secret-null";
    target.privilege = IPMI_PRIVILEGE_USER;
    run_status(&wire, &target);
    assert_succeeded(&wire);
    wire_close(&wire);
}

static void
a_k_g_must_be_the_same_on_both_sides(void **state)
{
    static const struct {
        const char *ours;
        const char *theirs;
        const char *words; /* NULL: fits */
    } cases[] = {
        {"",         "",         NULL},
        {"key-\x01", "key-\x01", NULL},
        {"",         "key",      "the BMC wants a K_g key"},
        {"key",      "",         "but the BMC has none"},
        {"key1",     "key2",     "check the K_g key"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Wire wire;
        IpmiTarget target = wire_target();
        target.kg_size = strlen(cases[i].ours);
        memcpy(target.kg, cases[i].ours, target.kg_size);
        wire_open(&wire, NULL, NULL);
        ipmi_bmc_set_kg(wire.bmc, (const uint8_t *)cases[i].theirs, strlen(cases[i].theirs));
        run_status(&wire, &target);
        if (cases[i].words == NULL)
            assert_succeeded(&wire);
        else
            assert_failed(&wire, STEEL_ERROR_BMC_AUTH, cases[i].words);
        wire_close(&wire);
    }
}

/* Within how many seconds a login must be through or refused, where a BMC only behaves oddly. */
#define PATIENCE_MS 8000

static void
a_suite_is_found_without_configuration(void **state)
{
    static const struct {
        int wanted;
        IpmiBmcFaults faults;
        int used; /* 0: none */
    } cases[] = {
        {-1, {.only_suite = 0}, 17},
        {-1, {.only_suite = 3}, 3},
        {-1, {.only_suite = 17}, 17},
        {-1, {.only_suite = 3, .no_cipher_suite_query = true}, 3},
        {-1, {.only_suite = 17, .no_cipher_suite_query = true}, 17},
        {-1, {.only_suite = 3, .suite_insisted = true}, 3},
        {-1, {.only_suite = 3, .suite_silent = true}, 3},
        {-1, {.only_suite = 3, .refusal_without_id = true}, 3},
        {-1, {.only_suite = 17, .suite_insisted = true, .no_cipher_suite_query = true}, 17},
        {-1, {.no_auth_capabilities = true}, 17},
        {3, {.only_suite = 17}, 0},
        {17, {.only_suite = 3}, 0},
        {17, {.only_suite = 3, .suite_insisted = true}, 0},
        {3, {.no_cipher_suite_query = true}, 3},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Wire wire;
        IpmiTarget target = wire_target();
        target.cipher_suite = cases[i].wanted;
        wire_open(&wire, NULL, NULL);
        ipmi_bmc_set_faults(wire.bmc, &cases[i].faults);
        uint64_t start_ms = wire.now_ms;
        run_status(&wire, &target);
        assert_in_range(wire.now_ms - start_ms, 0, PATIENCE_MS);
        if (cases[i].used != 0) {
            assert_succeeded(&wire);
            assert_int_equal(wire.session->login.suite->id, cases[i].used);
        } else {
            assert_failed(&wire, STEEL_ERROR_UNSUPPORTED, "refuses cipher suite");
        }
        wire_close(&wire);
    }
}

static void
run_status_knowing(Wire *wire, const IpmiTarget *target, int suite)
{
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    wire_session(wire, target, &request, 1);
    wire->session->memory.suite = suite;
    wire->session->memory.suite_ms = wire->now_ms;
    wire_run(wire);
}

static void
a_suite_that_worked_is_not_given_up_for_a_weaker_one(void **state)
{
    static const IpmiBmcFaults ways[] = {
        {.only_suite = 3},
        {.only_suite = 3, .suite_insisted = true},
        {.only_suite = 3, .refusal_without_id = true},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        Wire wire;
        IpmiTarget target = wire_target();
        wire_open(&wire, NULL, NULL);
        ipmi_bmc_set_faults(wire.bmc, &ways[i]);
        run_status_knowing(&wire, &target, 17);
        assert_failed(&wire, STEEL_ERROR_UNSUPPORTED, "17, which it has accepted before");
        assert_int_equal(wire.session->restarts, 2); /* it was asked again */
        target.cipher_suite = 3;                     /* an operator says so */
        run_status_knowing(&wire, &target, 17);
        assert_succeeded(&wire);
        assert_int_equal(wire.session->memory.suite, 17);
        wire_close(&wire);
    }
}

static void
a_weaker_suite_that_is_refused_gives_way_to_a_stronger_one(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    const IpmiBmcFaults faults = {.only_suite = 17};
    wire_open(&wire, NULL, NULL);
    ipmi_bmc_set_faults(wire.bmc, &faults);
    run_status_knowing(&wire, &target, 3);
    assert_succeeded(&wire);
    assert_int_equal(wire.session->login.suite->id, 17);
    assert_int_equal(wire.session->memory.suite, 17);
    wire_close(&wire);
}

static void
a_weaker_suite_is_not_kept_forever(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    wire_open(&wire, NULL, NULL);
    wire_session(&wire, &target, &request, 1);
    wire.session->memory.suite = 3;
    wire.session->memory.suite_ms = wire.now_ms - (uint64_t)2 * 60 * 60 * 1000;
    wire_run(&wire);
    assert_int_equal(wire.session->memory.suite, 17);
    wire_close(&wire);
}

/* ---- how soon a datagram is taken for lost ---- */

/* A session in which the first reply is lost; how long it took. */
static uint64_t
time_with_loss(const IpmiMemory *memory, IpmiMemory *after)
{
    Wire wire;
    IpmiTarget target = wire_target();
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    wire_open(&wire, NULL, NULL);
    wire.lose_reply = 1;
    uint64_t start_ms = wire.now_ms;
    wire_session(&wire, &target, &request, 1);
    wire.session->memory = *memory;
    wire_run(&wire);
    assert_succeeded(&wire);
    *after = wire.session->memory;
    uint64_t took_ms = wire.now_ms - start_ms;
    wire_close(&wire);
    return took_ms;
}

static void
a_bmc_that_answered_at_once_is_asked_again_sooner(void **state)
{
    (void)state;
    IpmiMemory memory = {0}, after;
    assert_in_range(time_with_loss(&memory, &after), 1000, 1100);
    assert_true(after.quick); /* what was lost says nothing of its speed */
    assert_in_range(time_with_loss(&after, &memory), 500, 600);
    assert_true(memory.quick);
}

/* ---- somebody else who answers ---- */

static void
forged_refusals_end_no_login(void **state)
{
    static const uint8_t statuses[] = {
        IPMI_STATUS_UNAUTHORIZED_NAME, IPMI_STATUS_NO_CIPHER_SUITE_MATCH,
        IPMI_STATUS_NO_RESOURCES,      IPMI_STATUS_INVALID_SESSION,
        IPMI_STATUS_UNAUTHORIZED_ROLE, IPMI_STATUS_INVALID_CHECK,
        IPMI_STATUS_ILLEGAL_PARAMETER, 0x7f,
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++)
        for (unsigned lost = 0; lost <= 4; lost++) {
            Wire wire;
            IpmiTarget target = wire_target();
            IpmiRequest request;
            ipmi_build_chassis_status(&request);
            wire_open(&wire, NULL, NULL);
            wire_session(&wire, &target, &request, 1);
            wire.spray = statuses[i];
            wire.lose_reply = lost; /* then the true answer comes with the second copy */
            wire_run(&wire);
            assert_succeeded(&wire);
            assert_int_equal(wire.session->login.suite->id, 17);
            assert_int_equal(wire.session->restarts, 0);
            wire_close(&wire);
        }
}

static void
a_refusal_without_our_session_id_is_believed_when_nothing_better_comes(void **state)
{
    static const struct {
        const char *username;
        IpmiPrivilege privilege;
        const char *words;
    } cases[] = {
        {"nobody", 0,                       "check the user name"},
        {"oper",   0,                       "check the privilege level"},
        {"",       IPMI_PRIVILEGE_OPERATOR, "check the privilege level"},
    };
    static const IpmiBmcFaults faults = {.refusal_without_id = true};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Wire wire;
        IpmiTarget target = wire_target();
        wire_open(&wire, NULL, NULL);
        ipmi_bmc_set_faults(wire.bmc, &faults);
        target.username = cases[i].username;
        target.privilege = cases[i].privilege;
        uint64_t start_ms = wire.now_ms;
        run_status(&wire, &target);
        assert_failed(&wire, STEEL_ERROR_BMC_AUTH, cases[i].words);
        assert_in_range(wire.now_ms - start_ms, 1000, PATIENCE_MS);
        wire_close(&wire);
    }
}

static void
a_refusal_with_our_session_id_is_believed_at_once(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    wire_open(&wire, NULL, NULL);
    target.username = "nobody";
    uint64_t start_ms = wire.now_ms;
    run_status(&wire, &target);
    assert_failed(&wire, STEEL_ERROR_BMC_AUTH, "check the user name");
    assert_in_range(wire.now_ms - start_ms, 0, 100);
    target = wire_target();
    target.password = "wrong";
    start_ms = wire.now_ms;
    run_status(&wire, &target);
    assert_failed(&wire, STEEL_ERROR_BMC_AUTH, "check user name and password");
    assert_in_range(wire.now_ms - start_ms, 0, 100);
    wire_close(&wire);
}

static void
credentials_that_worked_are_tried_again_before_a_refusal_is_believed(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    wire_open(&wire, NULL, NULL);
    wire_session(&wire, &target, &request, 1);
    wire.refuse_users = 2; /* as BMCs do that have just started */
    wire_run(&wire);
    assert_failed(&wire, STEEL_ERROR_BMC_AUTH,
                  "check the user name"); /* nothing is known of them */
    wire.refuse_users = 0;
    wire_session(&wire, &target, &request, 1);
    wire_run(&wire);
    assert_succeeded(&wire);
    IpmiMemory memory = wire.session->memory;
    for (int changed = 0; changed < 2; changed++) {
        if (changed)
            target.password = "secret-other";
        wire_session(&wire, &target, &request, 1);
        wire.session->memory = memory;
        wire.refuse_users = 2; /* as BMCs do that have just started */
        wire_run(&wire);
        if (changed)
            assert_failed(&wire, STEEL_ERROR_BMC_AUTH, "check the user name");
        else
            assert_succeeded(&wire);
    }
    wire_close(&wire);
}

static void
an_answer_that_was_there_before_is_not_taken_again(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    IpmiRequest requests[2];
    ipmi_build_chassis_status(&requests[0]);
    ipmi_build_chassis_status(&requests[1]);
    wire_open(&wire, NULL, NULL);
    wire_session(&wire, &target, requests, 2);
    wire.replay_status = true;
    ipmi_bmc_set_power(wire.bmc, true);
    wire_run(&wire);
    assert_succeeded(&wire);
    assert_int_equal(wire.session->responses[0].data[0] & 1, 1);
    assert_int_equal(wire.session->responses[1].data[0] & 1, 0);
    wire_close(&wire);
}

static void
numbers_of_a_session_are_not_to_be_foreseen(void **state)
{
    (void)state;
    uint64_t tags[4] = {0}, sequences = 0;
    for (int i = 0; i < 64; i++) {
        Wire wire;
        IpmiTarget target = wire_target();
        IpmiRequest request;
        ipmi_build_chassis_status(&request);
        wire_open(&wire, NULL, NULL);
        wire_session(&wire, &target, &request, 1);
        ipmi_session_start(wire.session, wire.now_ms);
        tags[wire.session->tag / 64] |= UINT64_C(1) << wire.session->tag % 64;
        sequences |= UINT64_C(1) << wire.session->sequence;
        wire_close(&wire);
    }
    unsigned different = 0;
    for (int i = 0; i < 4; i++)
        different += (unsigned)__builtin_popcountll(tags[i]);
    assert_true(different > 20);
    assert_true(__builtin_popcountll(sequences) > 20);
}

/* ---- what is learnt of a BMC ---- */

static void
queries_that_a_bmc_never_answers_are_not_waited_for_again(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    const IpmiBmcFaults faults = {.no_auth_capabilities = true, .close_ignored = true};
    IpmiRequest request;
    IpmiMemory memory = {0};
    ipmi_build_chassis_status(&request);
    wire_open(&wire, NULL, NULL);
    ipmi_bmc_set_faults(wire.bmc, &faults);
    for (int i = 0; i < 4; i++) {
        uint64_t start_ms = wire.now_ms;
        wire_session(&wire, &target, &request, 1);
        wire.session->memory = memory;
        wire_run(&wire);
        assert_succeeded(&wire);
        memory = wire.session->memory;
        if (i == 3)
            assert_in_range(wire.now_ms - start_ms, 0, 100);
    }
    wire_close(&wire);
}

static void
a_bmc_that_speaks_ipmi_15_only_is_told_so(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    const IpmiBmcFaults faults = {.ipmi_15_only = true};
    wire_open(&wire, NULL, NULL);
    ipmi_bmc_set_faults(wire.bmc, &faults);
    uint64_t start_ms = wire.now_ms;
    run_status(&wire, &target);
    assert_failed(&wire, STEEL_ERROR_UNSUPPORTED, "speaks IPMI 1.5 only");
    assert_in_range(wire.now_ms - start_ms, 0, PATIENCE_MS);
    wire_close(&wire);
}

static void
a_busy_bmc_is_tried_until_the_deadline(void **state)
{
    static const IpmiBmcFaults cases[] = {{.busy = true}, {.no_free_session = true}};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Wire wire;
        IpmiTarget target = wire_target();
        wire_open(&wire, NULL, NULL);
        ipmi_bmc_set_faults(wire.bmc, &cases[i]);
        run_status(&wire, &target);
        assert_failed(&wire, STEEL_ERROR_BMC_BUSY, "still busy after 20 s at");
        wire_close(&wire);
    }
}

/* What a BMC answers in its first seconds. */
static void
codes_that_say_nothing_final_are_asked_again(void **state)
{
    static const uint8_t codes[] = {IPMI_CC_UNSPECIFIED, IPMI_CC_BUSY, IPMI_CC_TIMEOUT,
                                    IPMI_CC_NO_RESPONSE, IPMI_CC_INITIALIZING};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        Wire wire;
        IpmiTarget target = wire_target();
        const IpmiBmcFaults starting = {.starting_code = codes[i], .starting_ms = 6000};
        const IpmiBmcFaults hopeless = {.starting_code = codes[i], .starting_ms = 600000};
        wire_open(&wire, NULL, NULL);
        ipmi_bmc_set_faults(wire.bmc, &starting);
        run_status(&wire, &target);
        assert_succeeded(&wire);
        ipmi_bmc_set_faults(wire.bmc, &hopeless);
        run_status(&wire, &target);
        assert_failed(&wire, STEEL_ERROR_BMC_BUSY, ipmi_completion_text(codes[i]));
        wire_close(&wire);
    }
}

/* A BMC that does what it is told, and says of the first so many verbs that it did not. */
typedef struct Liar {
    unsigned lies;
    unsigned verbs;
    SteelErrorCode code;
} Liar;

static bool
liar_control(void *user_data, IpmiChassisControl control, GError **error)
{
    Liar *liar = user_data;
    (void)control;
    liar->verbs++;
    return liar->verbs > liar->lies || steel_fail(error, liar->code, "a lie");
}

static bool
liar_power(void *user_data)
{
    (void)user_data;
    return true;
}

static void
what_may_have_been_done_is_repeated_only_where_that_does_no_harm(void **state)
{
    static const IpmiBmcOps ops = {.chassis_control = liar_control, .get_power = liar_power};
    static const struct {
        IpmiChassisControl control;
        SteelErrorCode code; /* BMC_BUSY becomes C0h, others FFh */
        unsigned verbs;
    } cases[] = {
        {IPMI_CHASSIS_OFF,   STEEL_ERROR_IO,       3},
        {IPMI_CHASSIS_ON,    STEEL_ERROR_IO,       3},
        {IPMI_CHASSIS_CYCLE, STEEL_ERROR_IO,       1},
        {IPMI_CHASSIS_RESET, STEEL_ERROR_IO,       1},
        {IPMI_CHASSIS_DIAG,  STEEL_ERROR_IO,       1},
        {IPMI_CHASSIS_CYCLE, STEEL_ERROR_BMC_BUSY, 3},
        {IPMI_CHASSIS_DIAG,  STEEL_ERROR_BMC_BUSY, 3},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Wire wire;
        Liar liar = {.lies = 2, .code = cases[i].code};
        IpmiTarget target = wire_target();
        IpmiRequest request;
        ipmi_build_chassis_control(&request, cases[i].control);
        wire_open(&wire, &ops, &liar);
        wire_session(&wire, &target, &request, 1);
        wire_run(&wire);
        assert_int_equal(liar.verbs, cases[i].verbs);
        if (cases[i].verbs == 1)
            assert_failed(&wire, STEEL_ERROR_BMC_REFUSED, "unspecified error (ffh)");
        else
            assert_succeeded(&wire);
        wire_close(&wire);
    }
}

static void
codes_that_the_operator_calls_passing_are_asked_again(void **state)
{
    static const IpmiBmcFaults starting = {.starting_code = IPMI_CC_INSUFFICIENT_PRIVILEGE,
                                           .starting_ms = 6000};
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    wire_open(&wire, NULL, NULL);
    ipmi_bmc_set_faults(wire.bmc, &starting);
    run_status(&wire, &target);
    assert_failed(&wire, STEEL_ERROR_BMC_AUTH, "may not have privilege level");
    assert_true(ipmi_code_set_add_words(&target.passing, "Insufficient privilege level"));
    ipmi_bmc_set_faults(wire.bmc, &starting);
    run_status(&wire, &target);
    assert_succeeded(&wire);
    wire_close(&wire);
}

static void
silence_once_logged_in_is_unreachable(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    const IpmiBmcFaults faults = {.no_answer_after_login = true};
    wire_open(&wire, NULL, NULL);
    ipmi_bmc_set_faults(wire.bmc, &faults);
    run_status(&wire, &target);
    assert_failed(&wire, STEEL_ERROR_BMC_UNREACHABLE, "stopped answering");
    wire_close(&wire);
}

static void
a_refused_command_ends_the_list_in_words(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    IpmiRequest requests[3];
    ipmi_build_chassis_status(&requests[0]);
    ipmi_build_chassis_control(&requests[1], IPMI_CHASSIS_RESET); /* the machine is off */
    ipmi_build_chassis_status(&requests[2]);
    wire_open(&wire, NULL, NULL);
    wire_session(&wire, &target, requests, 3);
    wire_run(&wire);
    assert_failed(&wire, STEEL_ERROR_BMC_REFUSED,
                  "Chassis Control (00h 02h): not supported in the present state (d5h)");
    assert_int_equal(wire.session->response_count, 2);
    assert_int_equal(wire.session->responses[1].completion_code, IPMI_CC_NOT_IN_THIS_STATE);

    requests[1].ignore_completion_code = true;
    wire_session(&wire, &target, requests, 3);
    wire_run(&wire);
    assert_succeeded(&wire);
    assert_int_equal(wire.session->responses[1].completion_code, IPMI_CC_NOT_IN_THIS_STATE);
    assert_int_equal(wire.session->responses[2].completion_code, IPMI_CC_OK);
    wire_close(&wire);
}

static void
a_reset_that_is_not_answered_has_happened(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    IpmiRequest request;
    ipmi_build_bmc_reset(&request, true);
    wire_open(&wire, NULL, NULL);
    wire_session(&wire, &target, &request, 1);
    wire.dead_after = 6;
    wire_run(&wire);
    assert_succeeded(&wire);
    wire_close(&wire);
}

static void
what_ipmi_cannot_carry_is_refused_at_once(void **state)
{
    (void)state;
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    for (int i = 0; i < 9; i++) {
        g_autoptr(GError) error = NULL;
        IpmiTarget target = wire_target();
        IpmiRequest asked = request;
        size_t count = 1;
        if (i == 0)
            target.username = "seventeen-letters";
        else if (i == 1)
            target.password = "a-password-of-21-byte";
        else if (i == 2)
            target.kg_size = 21;
        else if (i == 3)
            target.cipher_suite = 0;
        else if (i == 4)
            target.privilege = (IpmiPrivilege)5;
        else if (i == 5)
            asked.net_function = 1;
        else if (i == 6)
            asked.size = IPMI_DATA_MAX + 1;
        else if (i == 7)
            count = 0;
        else
            count = IPMI_REQUESTS_MAX + 1;
        assert_null(ipmi_session_new(&target, "x", &asked, count, wire_send, NULL, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    }
}

static void
an_aborted_session_tells_the_bmc(void **state)
{
    (void)state;
    Wire wire;
    IpmiTarget target = wire_target();
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    wire_open(&wire, NULL, NULL);
    wire_session(&wire, &target, &request, 1);
    ipmi_session_start(wire.session, wire.now_ms);
    while (!wire.session->logged_in) {
        g_autoptr(GBytes) datagram = g_queue_pop_head(&wire.to_bmc);
        uint8_t reply[IPMI_DATAGRAM_MAX];
        size_t size;
        const uint8_t *bytes = g_bytes_get_data(datagram, &size);
        size_t reply_size = ipmi_bmc_answer(wire.bmc, wire.now_ms, bytes, size, reply);
        ipmi_session_receive(wire.session, wire.now_ms, reply, reply_size);
    }
    g_queue_clear_full(&wire.to_bmc, (GDestroyNotify)g_bytes_unref);
    ipmi_session_abort(wire.session, STEEL_ERROR_CANCELLED, "stopped");
    assert_failed(&wire, STEEL_ERROR_CANCELLED, "stopped");
    g_autoptr(GBytes) closing = g_queue_pop_head(&wire.to_bmc);
    assert_non_null(closing);
    uint8_t reply[IPMI_DATAGRAM_MAX];
    size_t size;
    const uint8_t *bytes = g_bytes_get_data(closing, &size);
    IpmiBmcStats stats;
    assert_true(ipmi_bmc_answer(wire.bmc, wire.now_ms, bytes, size, reply) > 0);
    ipmi_bmc_stats(wire.bmc, &stats);
    assert_int_equal(stats.sessions, 0);
    wire_close(&wire);
}

/* The right to act on the machine, for so many more requests. */
static bool
may_send_counted(void *left)
{
    unsigned *requests = left;
    if (*requests == 0)
        return false;
    (*requests)--;
    return true;
}

static void
who_may_not_act_any_more_sends_no_further_request(void **state)
{
    (void)state;
    for (unsigned allowed = 0; allowed <= 1; allowed++) {
        Wire wire;
        IpmiRequest requests[2];
        IpmiBmcStats stats;
        unsigned left = allowed;
        IpmiTarget target = wire_target();
        target.may_send = may_send_counted;
        target.may_send_user = &left;
        ipmi_build_chassis_status(&requests[0]);
        ipmi_build_chassis_control(&requests[1], IPMI_CHASSIS_ON);
        wire_open(&wire, NULL, NULL);
        ipmi_bmc_set_power(wire.bmc, false);
        wire_session(&wire, &target, requests, 2);
        wire_run(&wire);
        assert_failed(&wire, STEEL_ERROR_LEASE_LOST, "another conductor may act on it now");
        assert_int_equal(wire.session->response_count, allowed);
        ipmi_bmc_stats(wire.bmc, &stats);
        assert_int_equal(stats.commands, 2 + allowed); /* privilege, those allowed, close */
        wire_close(&wire);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_reads_the_power_state_with_each_suite),
        cmocka_unit_test(any_lost_request_is_repeated),
        cmocka_unit_test(any_lost_answer_is_asked_again_and_the_verb_done_once),
        cmocka_unit_test(an_answer_that_comes_twice_is_taken_once),
        cmocka_unit_test(an_answer_to_an_earlier_request_is_not_taken_for_the_present_one),
        cmocka_unit_test(a_request_that_comes_twice_is_done_once),
        cmocka_unit_test(garbage_between_answers_does_no_harm),
        cmocka_unit_test(no_turned_bit_in_a_sealed_answer_gets_through),
        cmocka_unit_test(a_turned_bit_in_the_login_never_yields_a_wrong_session),
        cmocka_unit_test(silence_is_unreachable_and_says_for_how_long),
        cmocka_unit_test(silence_after_the_login_names_the_command),
        cmocka_unit_test(only_garbage_is_a_protocol_error),
        cmocka_unit_test(credentials_that_are_wrong_are_named),
        cmocka_unit_test(lesser_users_log_in_at_their_own_level),
        cmocka_unit_test(a_k_g_must_be_the_same_on_both_sides),
        cmocka_unit_test(a_suite_is_found_without_configuration),
        cmocka_unit_test(a_suite_that_worked_is_not_given_up_for_a_weaker_one),
        cmocka_unit_test(a_weaker_suite_that_is_refused_gives_way_to_a_stronger_one),
        cmocka_unit_test(a_weaker_suite_is_not_kept_forever),
        cmocka_unit_test(a_bmc_that_answered_at_once_is_asked_again_sooner),
        cmocka_unit_test(forged_refusals_end_no_login),
        cmocka_unit_test(a_refusal_without_our_session_id_is_believed_when_nothing_better_comes),
        cmocka_unit_test(a_refusal_with_our_session_id_is_believed_at_once),
        cmocka_unit_test(credentials_that_worked_are_tried_again_before_a_refusal_is_believed),
        cmocka_unit_test(an_answer_that_was_there_before_is_not_taken_again),
        cmocka_unit_test(numbers_of_a_session_are_not_to_be_foreseen),
        cmocka_unit_test(queries_that_a_bmc_never_answers_are_not_waited_for_again),
        cmocka_unit_test(a_bmc_that_speaks_ipmi_15_only_is_told_so),
        cmocka_unit_test(a_busy_bmc_is_tried_until_the_deadline),
        cmocka_unit_test(codes_that_say_nothing_final_are_asked_again),
        cmocka_unit_test(what_may_have_been_done_is_repeated_only_where_that_does_no_harm),
        cmocka_unit_test(codes_that_the_operator_calls_passing_are_asked_again),
        cmocka_unit_test(silence_once_logged_in_is_unreachable),
        cmocka_unit_test(a_refused_command_ends_the_list_in_words),
        cmocka_unit_test(a_reset_that_is_not_answered_has_happened),
        cmocka_unit_test(what_ipmi_cannot_carry_is_refused_at_once),
        cmocka_unit_test(an_aborted_session_tells_the_bmc),
        cmocka_unit_test(who_may_not_act_any_more_sends_no_further_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
