/* A simulated BMC: its life, and the way of a datagram to its handler.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/bmc/bmc.h"

#include <string.h>

#include "bmc/ipmi/wire/packet.h"
#include "common/due_heap.h"
#include "common/error.h"
#include "common/lock.h"
#include "common/secret.h"

static const IpmiBmcOps no_ops;

enum {
    DEFAULT_BOOT_FLAG_TIMEOUT_MS = 60000,
    DEFAULT_SESSION_TIMEOUT_MS = 60000,
    DEFAULT_SESSION_SLOTS = 8,
};

static bool
copy_users(IpmiBmc *bmc, const IpmiBmcUser *users, size_t user_count, GError **error)
{
    if (user_count > BMC_USERS_MAX)
        return steel_fail(error, STEEL_ERROR_INVALID, "a BMC has at most %d users", BMC_USERS_MAX);
    for (size_t i = 0; i < user_count; i++) {
        size_t name_size = strlen(users[i].name);
        size_t password_size = strlen(users[i].password);
        if (name_size > IPMI_USERNAME_MAX || password_size > IPMI_PASSWORD_MAX)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "user %s: IPMI takes names of %d and passwords of %d bytes at most",
                              users[i].name, IPMI_USERNAME_MAX, IPMI_PASSWORD_MAX);
        BmcUser *user = &bmc->users[i];
        user->name_size = (uint8_t)name_size;
        memcpy(user->name, users[i].name, name_size);
        memcpy(user->password, users[i].password, password_size);
        user->privilege = users[i].privilege == IPMI_PRIVILEGE_DEFAULT
                              ? IPMI_PRIVILEGE_ADMINISTRATOR
                              : users[i].privilege;
    }
    bmc->user_count = user_count;
    return true;
}

static void
free_session(void *session)
{
    secret_wipe(session, sizeof(BmcSession));
    g_free(session);
}

UNSHARED IpmiBmc *
ipmi_bmc_new(const IpmiBmcUser *users, size_t user_count, const IpmiBmcOps *ops, void *user_data,
             GError **error)
{
    g_autoptr(IpmiBmc) bmc = g_new0(IpmiBmc, 1);
    lock_init(&bmc->lock, LOCK_RANK_BMC);
    bmc->ops = ops != NULL ? ops : &no_ops;
    bmc->user_data = user_data;
    bmc->sessions = g_ptr_array_new_with_free_func(free_session);
    bmc->boot_flag_timeout_ms = DEFAULT_BOOT_FLAG_TIMEOUT_MS;
    bmc->session_timeout_ms = DEFAULT_SESSION_TIMEOUT_MS;
    bmc->session_slots = DEFAULT_SESSION_SLOTS;
    bmc_sol_init(bmc);
    if (!copy_users(bmc, users, user_count, error) ||
        !ipmi_random(bmc->guid, sizeof bmc->guid, error))
        return NULL;
    return g_steal_pointer(&bmc);
}

UNSHARED void
ipmi_bmc_free(IpmiBmc *bmc)
{
    if (bmc == NULL)
        return;
    g_ptr_array_unref(bmc->sessions);
    bmc_sol_clear(bmc);
    if (bmc->sel != NULL)
        g_byte_array_unref(bmc->sel);
    if (bmc->serial != NULL)
        g_byte_array_unref(bmc->serial);
    lock_destroy(&bmc->lock);
    secret_wipe(bmc, sizeof *bmc);
    g_free(bmc);
}

/* ---- settings ---- */

char *
ipmi_bmc_asker(const IpmiBmc *bmc)
{
    return ipmi_peer_text(&bmc->from);
}

uint16_t
ipmi_bmc_port(const IpmiBmc *bmc)
{
    return bmc->port;
}

/* ---- datagrams ---- */

/* Runs the request of a LAN message and wraps the answer in one. Returns its size; 0: no answer. */
static size_t
answer_message(BmcCall *call, const IpmiLanMessage *message, uint8_t *out, size_t capacity)
{
    uint8_t data[1 + IPMI_DATA_MAX] = {call->response->completion_code};
    memcpy(data + 1, call->response->data, call->response->size);
    const IpmiLanMessage answer = {
        .to_address = message->from_address,
        .to_lun = message->from_lun,
        .net_function = message->net_function | 1,
        .from_address = message->to_address,
        .from_lun = message->to_lun,
        .sequence = message->sequence,
        .command = message->command,
        .data = data,
        .size = 1 + call->response->size,
    };
    size_t size = 0;
    return ipmi_lan_message_build(&answer, out, capacity, &size, NULL) ? size : 0;
}

/* Reads a request from a message; returns false if it is no request to this BMC. */
static bool
request_from_message(const IpmiLanMessage *message, IpmiRequest *request)
{
    if (message->to_address != IPMI_BMC_ADDRESS || (message->net_function & 1) != 0 ||
        message->size > IPMI_DATA_MAX)
        return false;
    *request = (IpmiRequest){
        .net_function = message->net_function,
        .command = message->command,
        .lun = message->to_lun,
        .size = message->size,
    };
    memcpy(request->data, message->data, message->size);
    return true;
}

static bool
same_request(const IpmiRequest *a, const IpmiRequest *b)
{
    return a->net_function == b->net_function && a->command == b->command && a->lun == b->lun &&
           a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* A repeated request (same rqSeq, same bytes) gets the same answer without being done again: a lost
 * answer to "power cycle" must not cycle twice. */
static void
execute_once(BmcCall *call, uint8_t sequence)
{
    BmcSession *session = call->session;
    if (session->answered && session->last_sequence == sequence &&
        same_request(&session->last_request, call->request)) {
        *call->response = session->last_response;
        return;
    }
    lock_acquire(&call->bmc->lock);
    call->bmc->stats.commands++;
    lock_release(&call->bmc->lock);
    bmc_execute(call);
    if (call->silent)
        return;
    session->answered = true;
    session->last_sequence = sequence;
    session->last_request = *call->request;
    session->last_response = *call->response;
}

static size_t
answer_outside(IpmiBmc *bmc, uint64_t now_ms, const IpmiPacket *packet, uint8_t *reply)
{
    IpmiLanMessage message;
    IpmiRequest request;
    if (!ipmi_lan_message_parse(packet->payload, packet->payload_size, &message, NULL) ||
        !request_from_message(&message, &request))
        return 0;
    IpmiResponse response = {0};
    BmcCall call = {.bmc = bmc, .now_ms = now_ms, .request = &request, .response = &response};
    bmc_execute(&call);
    if (call.silent)
        return 0;
    uint8_t payload[IPMI_MESSAGE_MAX];
    size_t size = answer_message(&call, &message, payload, sizeof payload);
    size_t reply_size = 0;
    if (!ipmi_packet_build(packet->rmcp_plus, IPMI_PAYLOAD_MESSAGE, payload, size, reply,
                           IPMI_DATAGRAM_MAX, &reply_size, NULL))
        return 0;
    return reply_size;
}

static size_t
answer_login(IpmiBmc *bmc, uint64_t now_ms, const IpmiPacket *packet, uint8_t *reply)
{
    static const struct {
        uint8_t payload_type;
        size_t (*answer)(IpmiBmc *, uint64_t, const uint8_t *, size_t, uint8_t *, size_t);
    } steps[] = {
        {IPMI_PAYLOAD_OPEN_REQUEST, bmc_open_session},
        {IPMI_PAYLOAD_RAKP_1,       bmc_rakp1},
        {IPMI_PAYLOAD_RAKP_3,       bmc_rakp3},
    };
    if (bmc_faults(bmc).ipmi_15_only)
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (steps[i].payload_type != packet->payload_type)
            continue;
        uint8_t payload[IPMI_LOGIN_MESSAGE_MAX];
        size_t size = steps[i].answer(bmc, now_ms, packet->payload, packet->payload_size, payload,
                                      sizeof payload);
        size_t reply_size = 0;
        if (size == 0 || !ipmi_packet_build(true, packet->payload_type + 1, payload, size, reply,
                                            IPMI_DATAGRAM_MAX, &reply_size, NULL))
            return 0;
        return reply_size;
    }
    return 0;
}

static bool
is_close(const IpmiRequest *request)
{
    return request->net_function == IPMI_NETFN_APP && request->command == IPMI_CMD_CLOSE_SESSION;
}

static size_t
answer_request(IpmiBmc *bmc, BmcSession *session, uint64_t now_ms, const uint8_t *plain,
               size_t plain_size, uint8_t *reply)
{
    IpmiLanMessage message;
    IpmiRequest request;
    if (!ipmi_lan_message_parse(plain, plain_size, &message, NULL) ||
        !request_from_message(&message, &request))
        return 0;
    session->last_seen_ms = now_ms;
    IpmiResponse response = {0};
    BmcCall call = {.bmc = bmc,
                    .session = session,
                    .now_ms = now_ms,
                    .request = &request,
                    .response = &response};
    execute_once(&call, message.sequence);
    if (call.silent)
        return 0;
    uint8_t payload[IPMI_MESSAGE_MAX];
    size_t payload_size = answer_message(&call, &message, payload, sizeof payload);
    size_t reply_size = 0;
    session->sequence_out++;
    if (!ipmi_packet_seal(&session->keys, session->login.console_id, session->sequence_out,
                          IPMI_PAYLOAD_MESSAGE, payload, payload_size, reply, IPMI_DATAGRAM_MAX,
                          &reply_size, NULL))
        reply_size = 0;
    if (is_close(&request) && response.completion_code == IPMI_CC_OK)
        bmc_session_drop(bmc, session);
    return reply_size;
}

static size_t
answer_inside(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size,
              const IpmiPacket *packet, uint8_t *reply)
{
    BmcSession *session = bmc_session_find(bmc, packet->session_id);
    uint8_t plain[IPMI_DATAGRAM_MAX];
    size_t plain_size = 0;
    if (session == NULL || session->state != BMC_SESSION_ACTIVE ||
        !ipmi_packet_open(&session->keys, data, size, packet, plain, sizeof plain, &plain_size,
                          NULL) ||
        !ipmi_window_accept(&session->sequences_in, packet->sequence))
        return 0;
    if (packet->payload_type == IPMI_PAYLOAD_MESSAGE)
        return answer_request(bmc, session, now_ms, plain, plain_size, reply);
    if (packet->payload_type == IPMI_PAYLOAD_SOL &&
        bmc_sol_receive(bmc, session, now_ms, plain, plain_size)) {
        session->last_seen_ms = now_ms;
        bmc->taken = true;
    }
    return 0;
}

static size_t
answer_packet(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size, uint8_t *reply)
{
    IpmiPacket packet;
    if (!ipmi_packet_parse(data, size, &packet, NULL))
        return 0;
    if (packet.session_id != 0)
        return answer_inside(bmc, now_ms, data, size, &packet, reply);
    if (packet.encrypted || packet.authenticated)
        return 0;
    if (packet.payload_type == IPMI_PAYLOAD_MESSAGE)
        return answer_outside(bmc, now_ms, &packet, reply);
    return answer_login(bmc, now_ms, &packet, reply);
}

size_t
ipmi_bmc_answer(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size, uint8_t *reply)
{
    bmc_sessions_expire(bmc, now_ms);
    bmc->taken = false;
    size_t reply_size = answer_packet(bmc, now_ms, data, size, reply);
    if (bmc->reset_pending) {
        g_ptr_array_set_size(bmc->sessions, 0);
        bmc->reset_pending = false;
    }
    lock_acquire(&bmc->lock);
    bmc->stats.datagrams_received++;
    bmc->stats.datagrams_dropped += reply_size == 0 && !bmc->taken;
    bmc->stats.sessions = bmc->sessions->len;
    lock_release(&bmc->lock);
    return reply_size;
}
