/* The login of a client's session: the BMC's capabilities, the cipher suite, Open Session, RAKP.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bmc/ipmi/client/session.h"
#include "common/error.h"

/* ---- before the login ---- */

void
session_capabilities(IpmiSession *session, uint64_t now_ms, const IpmiLanMessage *message)
{
    IpmiAuthCapabilities found = {.ipmi_20 = true};
    if (message->data[0] == IPMI_CC_OK &&
        !ipmi_auth_capabilities_parse(message->data + 1, message->size - 1, &found, NULL))
        found.ipmi_20 = true; /* too short to tell; Open Session will */
    session->kg_required = found.kg_required;
    session->told_capabilities = true;
    session->told_ipmi_15 = !found.ipmi_20;
    session_login(session, now_ms);
}

void
session_login(IpmiSession *session, uint64_t now_ms)
{
    IpmiLogin *login = &session->login;
    const IpmiSuite *suite = session_suite(session);
    GError *error = NULL;
    if (suite == NULL) {
        session_fail(session, now_ms, STEEL_ERROR_UNSUPPORTED,
                     "%s accepts no cipher suite that is supported here (3 and 17)",
                     session->where);
        return;
    }
    *login = (IpmiLogin){
        .suite = suite,
        .role = (uint8_t)(IPMI_ROLE_NAME_ONLY | session->privilege),
        .username_size = session->username_size,
    };
    memcpy(login->username, session->username, sizeof login->username);
    memcpy(login->password, session->password, sizeof login->password);
    memcpy(login->kg, session->kg_given ? session->kg : session->password, sizeof login->kg);
    if (!ipmi_random(&login->console_id, sizeof login->console_id, &error) ||
        !ipmi_random(login->console_random, sizeof login->console_random, &error)) {
        session_finish(session, now_ms, error);
        return;
    }
    login->console_id |= 1; /* 0 means "outside of a session" */
    session->packet_sequence = 0;
    session->window_open = false;
    session->repeats = 0;
    session_begin(session, SESSION_OPEN, now_ms);
    if (session->told_ipmi_15)
        session->doubt = SESSION_DOUBT_IPMI_15;
}

/* ---- messages ---- */

static bool
wrap(uint8_t payload_type, const uint8_t *payload, size_t payload_size, uint8_t *out, size_t *size,
     GError **error)
{
    return ipmi_packet_build(true, payload_type, payload, payload_size, out, IPMI_DATAGRAM_MAX,
                             size, error);
}

bool
session_build_open(IpmiSession *session, uint8_t *out, size_t *size, GError **error)
{
    const IpmiLogin *login = &session->login;
    const IpmiOpenRequest message = {
        .tag = session->tag,
        .console_id = login->console_id,
        .authentication = login->suite->authentication,
        .integrity = login->suite->integrity,
        .confidentiality = login->suite->confidentiality,
    };
    uint8_t payload[IPMI_LOGIN_MESSAGE_MAX];
    size_t payload_size = 0;
    return ipmi_open_request_build(&message, payload, sizeof payload, &payload_size, error) &&
           wrap(IPMI_PAYLOAD_OPEN_REQUEST, payload, payload_size, out, size, error);
}

bool
session_build_rakp1(IpmiSession *session, uint8_t *out, size_t *size, GError **error)
{
    const IpmiLogin *login = &session->login;
    IpmiRakp1 message = {
        .tag = session->tag,
        .bmc_id = login->bmc_id,
        .role = login->role,
        .username_size = login->username_size,
    };
    memcpy(message.console_random, login->console_random, sizeof message.console_random);
    memcpy(message.username, login->username, sizeof message.username);
    uint8_t payload[IPMI_LOGIN_MESSAGE_MAX];
    size_t payload_size = 0;
    return ipmi_rakp1_build(&message, payload, sizeof payload, &payload_size, error) &&
           wrap(IPMI_PAYLOAD_RAKP_1, payload, payload_size, out, size, error);
}

static bool
build_rakp3(IpmiSession *session, uint8_t status, uint8_t *out, size_t *size, GError **error)
{
    const IpmiLogin *login = &session->login;
    IpmiRakp34 message = {
        .tag = session->tag,
        .status = status,
        .session_id = login->bmc_id,
        .code_size = login->suite->digest_size,
    };
    uint8_t payload[IPMI_LOGIN_MESSAGE_MAX];
    size_t payload_size = 0;
    return ipmi_login_code_3(login, message.code, error) &&
           ipmi_rakp34_build(&message, payload, sizeof payload, &payload_size, error) &&
           wrap(IPMI_PAYLOAD_RAKP_3, payload, payload_size, out, size, error);
}

bool
session_build_rakp3(IpmiSession *session, uint8_t *out, size_t *size, GError **error)
{
    return build_rakp3(session, IPMI_STATUS_OK, out, size, error);
}

/* Tells the BMC that this login has ended, so that it frees the slot (13.22). */
static void
send_refusal(IpmiSession *session)
{
    uint8_t datagram[IPMI_DATAGRAM_MAX];
    size_t size = 0;
    session->tag++;
    if (build_rakp3(session, IPMI_STATUS_INVALID_CHECK, datagram, &size, NULL))
        session->send(session->user_data, datagram, size);
}

/* ---- answers ---- */

/* True if an answer with this session id may be ours. A refusal may leave our id out, or say 0. */
static bool
is_for_us(const IpmiSession *session, uint32_t console_id, uint8_t status)
{
    return console_id == session->login.console_id || (status != IPMI_STATUS_OK && console_id == 0);
}

static bool
open_answer(IpmiSession *session, uint64_t now_ms, const IpmiPacket *packet)
{
    IpmiOpenResponse answer;
    IpmiLogin *login = &session->login;
    if (!ipmi_open_response_parse(packet->payload, packet->payload_size, &answer, NULL) ||
        answer.tag != session->tag || !is_for_us(session, answer.console_id, answer.status))
        return false;
    session->heard++;
    if (answer.status != IPMI_STATUS_OK) {
        session_refused(session, now_ms, answer.console_id, answer.status);
    } else if (answer.authentication != login->suite->authentication ||
               answer.integrity != login->suite->integrity ||
               answer.confidentiality != login->suite->confidentiality) {
        /* Some firmware answers an unknown proposal with the algorithms that it knows. */
        session_suite_refused(session, now_ms, "it answers with other algorithms");
    } else if (answer.bmc_id == 0) {
        session_fail(session, now_ms, STEEL_ERROR_BMC_PROTOCOL,
                     "%s opened a session without giving it an id", session->where);
    } else {
        login->bmc_id = answer.bmc_id;
        session_begin(session, SESSION_RAKP_1, now_ms);
    }
    return true;
}

static bool
rakp2_answer(IpmiSession *session, uint64_t now_ms, const IpmiPacket *packet)
{
    IpmiRakp2 answer;
    IpmiLogin *login = &session->login;
    uint8_t expected[IPMI_DIGEST_MAX];
    if (!ipmi_rakp2_parse(packet->payload, packet->payload_size, &answer, NULL) ||
        answer.tag != session->tag || !is_for_us(session, answer.console_id, answer.status))
        return false;
    session->heard++;
    if (answer.status != IPMI_STATUS_OK) {
        session_refused(session, now_ms, answer.console_id, answer.status);
        return true;
    }
    memcpy(login->bmc_random, answer.bmc_random, sizeof login->bmc_random);
    memcpy(login->guid, answer.guid, sizeof login->guid);
    if (answer.code_size != login->suite->digest_size) {
        /* The BMC accepted the proposal, but computes as another suite does. */
        send_refusal(session);
        session_suite_refused(session, now_ms, "its proof has the length of another suite's");
        return true;
    }
    if (!ipmi_login_code_2(login, expected, NULL) ||
        !ipmi_equal(expected, answer.code, answer.code_size)) {
        send_refusal(session);
        session_fail_user(session, now_ms, "wrong password for user", "user name and password");
        return true;
    }
    session_begin(session, SESSION_RAKP_3, now_ms);
    return true;
}

/* Both sides have the same password, so K_g differs. */
static void
fail_kg(IpmiSession *session, uint64_t now_ms)
{
    const char *hint = "the BMC and we derive different session keys; check the K_g key";
    if (session->kg_required && !session->kg_given)
        hint = "the BMC wants a K_g key (two-key login) and none is configured; check the K_g key";
    else if (session->kg_given && !session->kg_required)
        hint = "a K_g key is configured, but the BMC has none; check the K_g key";
    session_fail(session, now_ms, STEEL_ERROR_BMC_AUTH, "login at %s failed: %s", session->where,
                 hint);
}

static bool
rakp4_answer(IpmiSession *session, uint64_t now_ms, const IpmiPacket *packet)
{
    IpmiRakp34 answer;
    IpmiLogin *login = &session->login;
    uint8_t expected[IPMI_DIGEST_MAX];
    if (!ipmi_rakp34_parse(packet->payload, packet->payload_size, &answer, NULL) ||
        answer.tag != session->tag || !is_for_us(session, answer.session_id, answer.status))
        return false;
    session->heard++;
    if (answer.status != IPMI_STATUS_OK) {
        session_refused(session, now_ms, answer.session_id, answer.status);
        return true;
    }
    if (!ipmi_login_keys(login, &session->keys, NULL) ||
        !ipmi_login_check_4(login, &session->keys, expected, NULL) ||
        answer.code_size != login->suite->check_size ||
        !ipmi_equal(expected, answer.code, answer.code_size)) {
        fail_kg(session, now_ms);
        return true;
    }
    session->logged_in = true;
    session_learn(session, now_ms);
    session_begin(session, SESSION_PRIVILEGE, now_ms);
    return true;
}

bool
session_login_answer(IpmiSession *session, uint64_t now_ms, const IpmiPacket *packet)
{
    if (session->pausing)
        return false;
    if (session->step == SESSION_OPEN && packet->payload_type == IPMI_PAYLOAD_OPEN_RESPONSE)
        return open_answer(session, now_ms, packet);
    if (session->step == SESSION_RAKP_1 && packet->payload_type == IPMI_PAYLOAD_RAKP_2)
        return rakp2_answer(session, now_ms, packet);
    if (session->step == SESSION_RAKP_3 && packet->payload_type == IPMI_PAYLOAD_RAKP_4)
        return rakp4_answer(session, now_ms, packet);
    return false;
}
