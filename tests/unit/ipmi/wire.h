/* A wire between a client's session and a simulated BMC without sockets, threads or waiting: time
 * is a number, and a test decides what happens to each datagram.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bmc/ipmi/bmc/bmc.h"
#include "bmc/ipmi/client/commands.h"
#include "bmc/ipmi/client/session.h"
#include "common/due_heap.h"
#include "common/error.h"

static const IpmiBmcUser wire_users[] = {
    {"admin", "secret-admin", IPMI_PRIVILEGE_ADMINISTRATOR},
    {"oper",  "secret-oper",  IPMI_PRIVILEGE_OPERATOR},
    {"",      "secret-null",  IPMI_PRIVILEGE_USER},
};

typedef struct Wire {
    IpmiBmc *bmc;
    IpmiSession *session;
    uint64_t now_ms;
    GQueue to_bmc; /* of GBytes */
    unsigned requests;
    unsigned replies;

    /* What happens to datagrams; numbers from 1, 0: to none. */
    unsigned lose_request;
    unsigned lose_reply;
    unsigned double_reply;
    unsigned double_request;
    bool garbage;        /* before every reply */
    bool garbage_only;   /* instead of every reply */
    bool dead;           /* no reply at all */
    unsigned dead_after; /* no reply from this one on */
    bool late;           /* each reply comes again before the next one */
    uint8_t last_reply[IPMI_DATAGRAM_MAX];
    size_t last_reply_size;
    unsigned flip_reply; /* this reply has a bit turned, */
    size_t flip_byte;    /* in this byte */
    size_t reply_size;   /* out: of the reply that flip_reply names */
    /* so many logins yet are refused as those of an unknown user, in the BMC's name */
    unsigned refuse_users;
    /* the answer to the first request comes again as if to the second; the machine is off by
     * then */
    bool replay_status;
    uint8_t spray; /* before every reply come forged refusals with this status; 0: none */
} Wire;

static inline void
wire_send(void *user_data, const uint8_t *bytes, size_t size)
{
    Wire *wire = user_data;
    wire->requests++;
    if (wire->requests == wire->lose_request)
        return;
    g_queue_push_tail(&wire->to_bmc, g_bytes_new(bytes, size));
    if (wire->requests == wire->double_request)
        g_queue_push_tail(&wire->to_bmc, g_bytes_new(bytes, size));
}

static inline void
wire_garbage(Wire *wire)
{
    static const uint8_t samples[][24] = {
        {0},
        {0x06, 0x00, 0xff, 0x07, 0x06, 0x13, 0xff, 0xff},
        {0x06, 0x00, 0xff, 0x07, 0x06, 0xc0, 1, 2, 3, 4, 5, 0, 0, 0, 0xff, 0xff},
        {0x06, 0x00, 0xff, 0x07, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0x81, 0x1c, 0x63, 0x20},
        {0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x40},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++)
        assert_false(
            ipmi_session_receive(wire->session, wire->now_ms, samples[i], sizeof samples[i]));
}

static inline void
wire_forge(Wire *wire, bool rmcp_plus, uint8_t payload_type, const uint8_t *payload, size_t size)
{
    uint8_t datagram[IPMI_DATAGRAM_MAX];
    size_t datagram_size;
    assert_true(ipmi_packet_build(rmcp_plus, payload_type, payload, size, datagram, sizeof datagram,
                                  &datagram_size, NULL));
    ipmi_session_receive(wire->session, wire->now_ms, datagram, datagram_size);
}

/* Somebody who sees nothing, but sends with the BMC's address: refusals with every tag, and "IPMI
 * 1.5 only" with every sequence number. The session id is not to be guessed. */
static inline void
wire_spray(Wire *wire)
{
    static const uint8_t types[] = {IPMI_PAYLOAD_OPEN_RESPONSE, IPMI_PAYLOAD_RAKP_2,
                                    IPMI_PAYLOAD_RAKP_4};
    static const uint8_t only_15[] = {IPMI_CC_OK, 1, 0, 4, 0, 0, 0, 0, 0};
    for (unsigned i = 0; i < 64; i++) {
        const IpmiLanMessage message = {.to_address = IPMI_CONSOLE_ADDRESS,
                                        .net_function = IPMI_NETFN_APP | 1,
                                        .from_address = IPMI_BMC_ADDRESS,
                                        .sequence = (uint8_t)i,
                                        .command = IPMI_CMD_CHANNEL_AUTH_CAPABILITIES,
                                        .data = only_15,
                                        .size = sizeof only_15};
        uint8_t payload[IPMI_MESSAGE_MAX];
        size_t size;
        assert_true(ipmi_lan_message_build(&message, payload, sizeof payload, &size, NULL));
        wire_forge(wire, false, IPMI_PAYLOAD_MESSAGE, payload, size);
    }
    for (size_t type = 0; type < G_N_ELEMENTS(types); type++)
        for (unsigned tag = 0; tag < 256; tag++)
            for (size_t size = 2; size <= 8; size += 6) {
                const uint8_t refusal[8] = {(uint8_t)tag, wire->spray};
                wire_forge(wire, true, types[type], refusal, size);
            }
}

/* The BMC's answer to RAKP 1 becomes a refusal with the right session id. */
static inline void
wire_refuse_user(Wire *wire)
{
    const IpmiRakp2 refusal = {.tag = wire->session->tag,
                               .status = IPMI_STATUS_UNAUTHORIZED_NAME,
                               .console_id = wire->session->login.console_id};
    uint8_t payload[IPMI_LOGIN_MESSAGE_MAX];
    size_t size;
    wire->refuse_users--;
    assert_true(ipmi_rakp2_build(&refusal, payload, sizeof payload, &size, NULL));
    wire_forge(wire, true, IPMI_PAYLOAD_RAKP_2, payload, size);
}

/* Gives the second request the number of the first for the moment, so that only its packet's number
 * tells the old answer. */
static inline void
wire_replay(Wire *wire, const uint8_t *reply, size_t size)
{
    wire->replay_status = false;
    ipmi_bmc_set_power(wire->bmc, false);
    wire->session->sequence = (wire->session->sequence - 1) & 0x3f;
    assert_false(ipmi_session_receive(wire->session, wire->now_ms, reply, size));
    wire->session->sequence = (wire->session->sequence + 1) & 0x3f;
}

static inline void
wire_deliver_reply(Wire *wire, uint8_t *reply, size_t size)
{
    wire->replies++;
    if (wire->spray != 0)
        wire_spray(wire);
    if (wire->refuse_users > 0 && wire->session->step == SESSION_RAKP_1) {
        wire_refuse_user(wire);
        return;
    }
    if (wire->dead || wire->replies == wire->lose_reply ||
        (wire->dead_after > 0 && wire->replies >= wire->dead_after))
        return;
    if (wire->garbage || wire->garbage_only)
        wire_garbage(wire);
    if (wire->garbage_only)
        return;
    if (wire->late && wire->last_reply_size > 0)
        assert_false(ipmi_session_receive(wire->session, wire->now_ms, wire->last_reply,
                                          wire->last_reply_size));
    memcpy(wire->last_reply, reply, size);
    wire->last_reply_size = size;
    if (wire->replies == wire->flip_reply) {
        wire->reply_size = size;
        if (wire->flip_byte < size)
            reply[wire->flip_byte] ^= 0x10;
    }
    ipmi_session_receive(wire->session, wire->now_ms, reply, size);
    if (wire->replies == wire->double_reply)
        assert_false(ipmi_session_receive(wire->session, wire->now_ms, reply, size));
    if (wire->replay_status && wire->session->response_count == 1)
        wire_replay(wire, reply, size);
}

/* Runs the session to its end; the time jumps to whatever is due next. */
static inline void
wire_run(Wire *wire)
{
    ipmi_session_start(wire->session, wire->now_ms);
    for (int i = 0; i < 2000 && wire->session->step != SESSION_ENDED; i++) {
        GBytes *datagram = g_queue_pop_head(&wire->to_bmc);
        if (datagram == NULL) {
            wire->now_ms = MAX(wire->now_ms, wire->session->due_ms);
            ipmi_session_expire(wire->session, wire->now_ms);
            continue;
        }
        size_t size;
        const uint8_t *bytes = g_bytes_get_data(datagram, &size);
        uint8_t reply[IPMI_DATAGRAM_MAX];
        wire->now_ms += 1;
        size_t reply_size = ipmi_bmc_answer(wire->bmc, wire->now_ms, bytes, size, reply);
        g_bytes_unref(datagram);
        if (reply_size > 0)
            wire_deliver_reply(wire, reply, reply_size);
    }
    assert_int_equal(wire->session->step, SESSION_ENDED);
    assert_true(wire->session->finished);
}

static inline void
wire_open(Wire *wire, const IpmiBmcOps *ops, void *user_data)
{
    g_autoptr(GError) error = NULL;
    *wire = (Wire){.now_ms = due_now_ms()};
    wire->bmc = ipmi_bmc_new(wire_users, G_N_ELEMENTS(wire_users), ops, user_data, &error);
    assert_non_null(wire->bmc);
}

/* A new session over the same wire. */
static inline void
wire_session(Wire *wire, const IpmiTarget *target, const IpmiRequest *requests, size_t count)
{
    g_autoptr(GError) error = NULL;
    ipmi_session_free(wire->session);
    g_queue_clear_full(&wire->to_bmc, (GDestroyNotify)g_bytes_unref);
    wire->session =
        ipmi_session_new(target, "192.0.2.7:623", requests, count, wire_send, wire, &error);
    assert_non_null(wire->session);
    wire->requests = wire->replies = 0;
    wire->last_reply_size = 0;
}

static inline void
wire_close(Wire *wire)
{
    g_queue_clear_full(&wire->to_bmc, (GDestroyNotify)g_bytes_unref);
    ipmi_session_free(wire->session);
    ipmi_bmc_free(wire->bmc);
}

static inline IpmiTarget
wire_target(void)
{
    return (IpmiTarget){.address = "192.0.2.7",
                        .username = "admin",
                        .password = "secret-admin",
                        .cipher_suite = -1};
}
