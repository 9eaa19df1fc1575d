/* Handles a datagram of a client's session: checks its sender, finds the request that it answers,
 * and moves on.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/session.h"

#include <string.h>

#include "common/error.h"

enum { QUICK_MS = 300 }; /* less than a datagram is waited for that is taken for lost early */

void
session_next_request(IpmiSession *session, uint64_t now_ms)
{
    session->response_count++;
    if (session->response_count == session->request_count && session->payload != NULL)
        session_hold(session, now_ms);
    else if (session->response_count == session->request_count)
        session_finish(session, now_ms, NULL);
    else
        session_begin(session, SESSION_REQUESTS, now_ms);
}

/* True if the code is not final, so that the request is sent again. */
static bool
is_passing(const IpmiSession *session, uint8_t completion_code, bool repeatable)
{
    if (ipmi_code_set_has(&session->passing, completion_code))
        return repeatable;
    switch (ipmi_completion_retry(completion_code)) {
    case IPMI_RETRY_NOT_DONE:
        return true;
    case IPMI_RETRY_UNCLEAR:
        return repeatable;
    case IPMI_RETRY_FINAL:
        return false;
    }
    return false;
}

static void
privilege_answer(IpmiSession *session, uint64_t now_ms, uint8_t completion_code)
{
    if (completion_code == IPMI_CC_OK)
        session_begin(session, SESSION_REQUESTS, now_ms);
    else if (is_passing(session, completion_code, true))
        session_pause(session, now_ms, completion_code);
    else
        session_fail(session, now_ms, STEEL_ERROR_BMC_AUTH,
                     "login at %s failed: user \"%.*s\" may not have privilege level %s (%02xh); "
                     "check the privilege level",
                     session->where, session->username_size, (const char *)session->username,
                     ipmi_privilege_name(session->privilege), completion_code);
}

static void
refused(IpmiSession *session, uint64_t now_ms, const IpmiRequest *request, uint8_t completion_code)
{
    const char *name = ipmi_command_name(request->net_function, request->command);
    session_fail(session, now_ms, STEEL_ERROR_BMC_REFUSED,
                 "%s refused %s (%02xh %02xh): %s (%02xh)", session->where,
                 name != NULL ? name : "the command", request->net_function, request->command,
                 ipmi_completion_text(completion_code), completion_code);
}

static void
request_answer(IpmiSession *session, uint64_t now_ms, const IpmiLanMessage *message)
{
    const IpmiRequest *request = &session->requests[session->response_count];
    IpmiResponse *response = &session->responses[session->response_count];
    uint8_t completion_code = message->data[0];
    if (!request->ignore_completion_code &&
        is_passing(session, completion_code, request->repeatable)) {
        session_pause(session, now_ms, completion_code);
        return;
    }
    response->completion_code = completion_code;
    response->size = message->size - 1;
    memcpy(response->data, message->data + 1, response->size);
    if (completion_code == IPMI_CC_OK || request->ignore_completion_code) {
        session_next_request(session, now_ms);
        return;
    }
    session->response_count++;
    refused(session, now_ms, request, completion_code);
}

/* True for the answer to this step's request. */
static bool
is_awaited(const IpmiSession *session, const IpmiLanMessage *message)
{
    IpmiRequest request;
    session_step_request(session, &request);
    uint8_t age = (uint8_t)(session->sequence - message->sequence) & 0x3f;
    return !session->pausing && message->net_function == (request.net_function | 1) &&
           message->command == request.command && age < session->sequences && message->size >= 1 &&
           message->size <= 1 + IPMI_DATA_MAX;
}

static bool
message_answer(IpmiSession *session, uint64_t now_ms, const uint8_t *payload, size_t size)
{
    IpmiLanMessage message;
    if (session->step == SESSION_HELD || !ipmi_lan_message_parse(payload, size, &message, NULL) ||
        !is_awaited(session, &message))
        return false;
    session->heard++;
    switch (session->step) {
    case SESSION_CAPABILITIES:
        session_capabilities(session, now_ms, &message);
        break;
    case SESSION_PRIVILEGE:
        privilege_answer(session, now_ms, message.data[0]);
        break;
    case SESSION_REQUESTS:
        request_answer(session, now_ms, &message);
        break;
    case SESSION_KEEPALIVE:
        session_hold(session, now_ms);
        break;
    case SESSION_RELEASE:
        session_close(session, now_ms);
        break;
    case SESSION_CLOSE:
        session->memory.closes_unanswered = 0;
        session->step = SESSION_ENDED;
        break;
    case SESSION_HELD:
    case SESSION_OPEN:
    case SESSION_RAKP_1:
    case SESSION_RAKP_3:
    case SESSION_ENDED:
        session->step = SESSION_ENDED;
        break;
    }
    return true;
}

/* Unseals a packet of the session; returns false if it is not the BMC's, or a repetition. */
static bool
open_packet(IpmiSession *session, const uint8_t *data, size_t size, const IpmiPacket *packet,
            uint8_t *plain, size_t *plain_size)
{
    if (packet->session_id != session->login.console_id ||
        !ipmi_packet_open(&session->keys, data, size, packet, plain, IPMI_DATAGRAM_MAX, plain_size,
                          NULL))
        return false;
    if (session->window_open)
        return ipmi_window_accept(&session->window, packet->sequence);
    session->window_open = true; /* its first number is the BMC's to choose */
    session->window = (IpmiWindow){.highest = packet->sequence, .seen = 1};
    return true;
}

static bool
receive(IpmiSession *session, uint64_t now_ms, const uint8_t *data, size_t size)
{
    IpmiPacket packet;
    if (session->step == SESSION_ENDED || !ipmi_packet_parse(data, size, &packet, NULL))
        return false;
    if (session->step == SESSION_OPEN || session->step == SESSION_RAKP_1 ||
        session->step == SESSION_RAKP_3)
        return packet.session_id == 0 && !packet.encrypted && !packet.authenticated &&
               session_login_answer(session, now_ms, &packet);
    bool held = session->step == SESSION_HELD || session->step == SESSION_KEEPALIVE;
    if (packet.payload_type != IPMI_PAYLOAD_MESSAGE &&
        (packet.payload_type != IPMI_PAYLOAD_SOL || !held))
        return false;
    if (!session->logged_in)
        return packet.session_id == 0 && !packet.encrypted && !packet.authenticated &&
               message_answer(session, now_ms, packet.payload, packet.payload_size);
    uint8_t plain[IPMI_DATAGRAM_MAX];
    size_t plain_size = 0;
    if (!open_packet(session, data, size, &packet, plain, &plain_size))
        return false;
    if (packet.payload_type == IPMI_PAYLOAD_MESSAGE)
        return message_answer(session, now_ms, plain, plain_size);
    session->payload(session->user_data, plain, plain_size);
    return true;
}

bool
ipmi_session_receive(IpmiSession *session, uint64_t now_ms, const uint8_t *data, size_t size)
{
    if (session->tries == 1 && now_ms - session->asked_ms > QUICK_MS)
        session->slow = true;
    if (receive(session, now_ms, data, size))
        return true;
    session->ignored++;
    return false;
}
