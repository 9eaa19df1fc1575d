/* The login of a client's session: what the BMC can do, which cipher suite, Open Session, RAKP.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bmc/ipmi/session.h"
#include "common/error.h"

static const int preference[] = {17, 3};

/* ---- before the login ---- */

void
session_capabilities(IpmiSession *session, uint64_t now_ms, const IpmiLanMessage *message)
{
    IpmiAuthCapabilities found = {.ipmi_20 = true};
    if (message->data[0] == IPMI_CC_OK &&
        !ipmi_auth_capabilities_parse(message->data + 1, message->size - 1, &found, NULL))
        found.ipmi_20 = true; /* too short to tell; Open Session will */
    session->kg_required = found.kg_required;
    if (!found.ipmi_20)
        session_fail(session, now_ms, STEEL_ERROR_UNSUPPORTED,
                     "%s speaks IPMI 1.5 only; IPMI 2.0 (RMCP+) is needed", session->where);
    else if (session->suite_wanted == -1 && session->known_suite == 0)
        session_begin(session, SESSION_CIPHER_SUITES, now_ms);
    else
        session_login(session, now_ms);
}

void
session_cipher_suites(IpmiSession *session, uint64_t now_ms, const IpmiLanMessage *message)
{
    /* Completion code, channel, records. */
    size_t chunk = message->size > 2 ? message->size - 2 : 0;
    bool usable = message->data[0] == IPMI_CC_OK && chunk <= IPMI_CIPHER_SUITE_CHUNK &&
                  chunk <= sizeof session->suite_bytes - session->suite_bytes_size;
    if (usable && chunk > 0) {
        memcpy(session->suite_bytes + session->suite_bytes_size, message->data + 2, chunk);
        session->suite_bytes_size += chunk;
    }
    if (usable && chunk == IPMI_CIPHER_SUITE_CHUNK && session->suite_chunk < 0x3f) {
        session->suite_chunk++;
        session_begin(session, SESSION_CIPHER_SUITES, now_ms);
        return;
    }
    session_login(session, now_ms);
}

/* The next suite worth trying; NULL when all were refused. */
static const IpmiSuite *
choose_suite(const IpmiSession *session)
{
    if (session->suite_wanted != -1)
        return ipmi_suite(session->suite_wanted); /* a refusal has ended the session */
    if (session->known_suite != 0)
        return ipmi_suite(session->known_suite);
    const IpmiSuite *best =
        ipmi_cipher_suites_best(session->suite_bytes, session->suite_bytes_size);
    for (size_t i = 0; i < G_N_ELEMENTS(preference); i++)
        if (!session->suites_refused[i] && (best == NULL || preference[i] <= best->id))
            return ipmi_suite(preference[i]);
    return NULL;
}

void
session_login(IpmiSession *session, uint64_t now_ms)
{
    IpmiLogin *login = &session->login;
    const IpmiSuite *suite = choose_suite(session);
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
    session->repeats = 0;
    session_begin(session, SESSION_OPEN, now_ms);
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

/* Tells the BMC that this login is over, so that it need not keep a slot for it (13.22). */
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

static void
fail_user(IpmiSession *session, uint64_t now_ms, const char *what, const char *check)
{
    session_fail(session, now_ms, STEEL_ERROR_BMC_AUTH, "login at %s failed: %s \"%.*s\"; check %s",
                 session->where, what, session->username_size, (const char *)session->username,
                 check);
}

/* What a refusing status means for the caller. */
static void
fail_status(IpmiSession *session, uint64_t now_ms, const char *message, uint8_t status)
{
    switch (status) {
    case IPMI_STATUS_NO_RESOURCES:
    case IPMI_STATUS_NO_RESOURCES_FOR_ROLE:
        session_pause(session, now_ms);
        return;
    case IPMI_STATUS_INVALID_SESSION:
    case IPMI_STATUS_INACTIVE_SESSION:
        if (session_restart(session, now_ms))
            return;
        break;
    case IPMI_STATUS_UNAUTHORIZED_NAME:
    case IPMI_STATUS_INVALID_NAME_LENGTH:
        fail_user(session, now_ms, "the BMC does not know user", "the user name");
        return;
    case IPMI_STATUS_INVALID_ROLE:
    case IPMI_STATUS_UNAUTHORIZED_ROLE:
        session_fail(session, now_ms, STEEL_ERROR_BMC_AUTH,
                     "login at %s failed: user \"%.*s\" may not have privilege level %s; check the "
                     "privilege level",
                     session->where, session->username_size, (const char *)session->username,
                     ipmi_privilege_name(session->privilege));
        return;
    case IPMI_STATUS_INVALID_CHECK:
        fail_user(session, now_ms, "the BMC refuses the password of user", "the password");
        return;
    default:
        break;
    }
    session_fail(session, now_ms, STEEL_ERROR_BMC_PROTOCOL, "%s refused %s: %s (%02xh)",
                 session->where, message, ipmi_status_text(status), status);
}

static bool
is_suite_refusal(uint8_t status)
{
    switch (status) {
    case IPMI_STATUS_INVALID_AUTHENTICATION:
    case IPMI_STATUS_INVALID_INTEGRITY:
    case IPMI_STATUS_NO_MATCHING_AUTHENTICATION:
    case IPMI_STATUS_NO_MATCHING_INTEGRITY:
    case IPMI_STATUS_INVALID_CONFIDENTIALITY:
    case IPMI_STATUS_NO_CIPHER_SUITE_MATCH:
    case IPMI_STATUS_ILLEGAL_PARAMETER:
        return true;
    default:
        return false;
    }
}

/* Takes the suite off the list and tries the next one. */
static void
suite_refused(IpmiSession *session, uint64_t now_ms, uint8_t status)
{
    int refused = session->login.suite->id;
    if (session->suite_wanted != -1) {
        session_fail(session, now_ms, STEEL_ERROR_UNSUPPORTED,
                     "%s refuses cipher suite %d: %s (%02xh)", session->where, refused,
                     ipmi_status_text(status), status);
        return;
    }
    if (session->known_suite != 0) { /* it has changed its mind: ask */
        session->known_suite = 0;
        session_begin(session, SESSION_CIPHER_SUITES, now_ms);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(preference); i++)
        session->suites_refused[i] |= preference[i] == refused;
    session_login(session, now_ms);
}

static bool
open_answer(IpmiSession *session, uint64_t now_ms, const IpmiPacket *packet)
{
    IpmiOpenResponse answer;
    IpmiLogin *login = &session->login;
    if (!ipmi_open_response_parse(packet->payload, packet->payload_size, &answer, NULL) ||
        answer.tag != session->tag)
        return false;
    /* A refusal may leave our id out, or say 0. */
    if (answer.console_id != login->console_id &&
        (answer.status == IPMI_STATUS_OK || answer.console_id != 0))
        return false;
    session->heard++;
    if (is_suite_refusal(answer.status)) {
        suite_refused(session, now_ms, answer.status);
    } else if (answer.status != IPMI_STATUS_OK) {
        fail_status(session, now_ms, "Open Session", answer.status);
    } else if (answer.authentication != login->suite->authentication ||
               answer.integrity != login->suite->integrity ||
               answer.confidentiality != login->suite->confidentiality || answer.bmc_id == 0) {
        session_fail(session, now_ms, STEEL_ERROR_BMC_PROTOCOL,
                     "%s opened a session with other algorithms than those of cipher suite %d",
                     session->where, login->suite->id);
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
        answer.tag != session->tag ||
        (answer.console_id != login->console_id &&
         (answer.status == IPMI_STATUS_OK || answer.console_id != 0)))
        return false;
    session->heard++;
    if (answer.status != IPMI_STATUS_OK) {
        fail_status(session, now_ms, "RAKP message 1", answer.status);
        return true;
    }
    memcpy(login->bmc_random, answer.bmc_random, sizeof login->bmc_random);
    memcpy(login->guid, answer.guid, sizeof login->guid);
    if (!ipmi_login_code_2(login, expected, NULL) ||
        answer.code_size != login->suite->digest_size ||
        !ipmi_equal(expected, answer.code, answer.code_size)) {
        send_refusal(session);
        fail_user(session, now_ms, "wrong password for user", "user name and password");
        return true;
    }
    session_begin(session, SESSION_RAKP_3, now_ms);
    return true;
}

/* The password was right on both sides; what is left to differ is K_g. */
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
        answer.tag != session->tag ||
        (answer.session_id != login->console_id &&
         (answer.status == IPMI_STATUS_OK || answer.session_id != 0)))
        return false;
    session->heard++;
    if (answer.status != IPMI_STATUS_OK) {
        /* A BMC that made a new random number for a repeated RAKP 1 cannot agree with us: once more from the start. */
        if (session->repeats == 0 || !session_restart(session, now_ms))
            fail_status(session, now_ms, "RAKP message 3", answer.status);
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
