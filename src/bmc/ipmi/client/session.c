/* The steps of a client's session: the datagram of each, its repetitions, and the step after its
 * answer.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/session.h"

#include <string.h>

#include "bmc/ipmi/wire/bytes.h"
#include "bmc/ipmi/wire/sol.h"
#include "common/error.h"
#include "common/secret.h"

enum {
    DEFAULT_RETRANSMIT_MS = 1000,
    DEFAULT_DEADLINE_MS = 20000,
    RETRANSMIT_MAX_MS = 8000,
    QUICK_RETRANSMIT_MS = 500, /* to a BMC that answers everything in less than that */
    BUSY_PAUSE_MS = 1000,
    SAME_SEQUENCE_TRIES = 4, /* copies of a request under one rqSeq, then the next is taken */
    RESTARTS_MAX = 2,
    /* Copies of a login message that go out before a refusal without our session id is believed: a
     * valid answer may still come. */
    DOUBT_TRIES = 2,
    CLOSES_UNANSWERED = 2,
    KEEPALIVE_MS = 15 * 1000,       /* a quiet session ends at the BMC after a minute */
    WEAK_SUITE_MS = 60 * 60 * 1000, /* a stronger one is proposed again after this */
    SUITE_TRIES = 3,                /* copies of Open Session before another suite is proposed */
};

/* ---- life ---- */

static bool
check_arguments(const IpmiTarget *target, const IpmiRequest *requests, size_t count, GError **error)
{
    if (target->username != NULL && strlen(target->username) > IPMI_USERNAME_MAX)
        return steel_fail(error, STEEL_ERROR_INVALID, "an IPMI user name has at most %d bytes",
                          IPMI_USERNAME_MAX);
    if (target->password != NULL && strlen(target->password) > IPMI_PASSWORD_MAX)
        return steel_fail(error, STEEL_ERROR_INVALID, "an IPMI password has at most %d bytes",
                          IPMI_PASSWORD_MAX);
    if (target->kg_size > IPMI_KG_MAX)
        return steel_fail(error, STEEL_ERROR_INVALID, "a K_g has at most %d bytes", IPMI_KG_MAX);
    if (target->privilege < 0 || target->privilege > IPMI_PRIVILEGE_ADMINISTRATOR)
        return steel_fail(error, STEEL_ERROR_INVALID, "no IPMI privilege level has number %d",
                          (int)target->privilege);
    if (target->cipher_suite != -1 && ipmi_suite(target->cipher_suite) == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "cipher suite %d is not supported; 3 and 17 are (-1: ask the BMC)",
                          target->cipher_suite);
    if (count == 0 || count > IPMI_REQUESTS_MAX)
        return steel_fail(error, STEEL_ERROR_INVALID, "%zu IPMI requests; 1 to %d are possible",
                          count, IPMI_REQUESTS_MAX);
    for (size_t i = 0; i < count; i++)
        if (requests[i].net_function > 62 || requests[i].net_function % 2 != 0 ||
            requests[i].lun > 3 || requests[i].size > IPMI_DATA_MAX)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "IPMI request with network function %02xh, LUN %u, %zu bytes",
                              requests[i].net_function, requests[i].lun, requests[i].size);
    return true;
}

static void
copy_credentials(IpmiSession *session, const IpmiTarget *target)
{
    const char *username = target->username != NULL ? target->username : "";
    const char *password = target->password != NULL ? target->password : "";
    session->username_size = (uint8_t)strlen(username);
    memcpy(session->username, username, session->username_size);
    memcpy(session->password, password, strlen(password));
    memcpy(session->kg, target->kg, target->kg_size);
    session->kg_given = target->kg_size > 0;
}

IpmiSession *
ipmi_session_new(const IpmiTarget *target, const char *where, const IpmiRequest *requests,
                 size_t count, void (*send)(void *user_data, const uint8_t *bytes, size_t size),
                 void *user_data, GError **error)
{
    if (!check_arguments(target, requests, count, error))
        return NULL;
    IpmiSession *session = g_new0(IpmiSession, 1);
    session->where = g_strdup(where);
    copy_credentials(session, target);
    session->suite_wanted = target->cipher_suite;
    session->privilege = target->privilege == IPMI_PRIVILEGE_DEFAULT ? IPMI_PRIVILEGE_ADMINISTRATOR
                                                                     : target->privilege;
    session->retransmit_ms =
        target->retransmit_ms > 0 ? target->retransmit_ms : DEFAULT_RETRANSMIT_MS;
    session->passing = target->passing;
    session->may_send = target->may_send;
    session->may_send_user = target->may_send_user;
    session->deadline_after_ms =
        target->deadline_ms > 0 ? target->deadline_ms : DEFAULT_DEADLINE_MS;
    session->requests = g_memdup2(requests, count * sizeof *requests);
    session->request_count = count;
    session->responses = g_new0(IpmiResponse, count);
    session->send = send;
    session->user_data = user_data;
    return session;
}

void
ipmi_session_free(IpmiSession *session)
{
    if (session == NULL)
        return;
    g_free(session->where);
    g_free(session->requests);
    g_free(session->responses);
    g_clear_error(&session->error);
    secret_wipe(session, sizeof *session);
    g_free(session);
}

/* ---- datagrams of the steps ---- */

static bool
build_message(IpmiSession *session, const IpmiRequest *request, uint8_t *out, size_t *size,
              GError **error)
{
    const IpmiLanMessage message = {
        .to_address = IPMI_BMC_ADDRESS,
        .to_lun = request->lun,
        .net_function = request->net_function,
        .from_address = IPMI_CONSOLE_ADDRESS,
        .sequence = session->sequence,
        .command = request->command,
        .data = request->data,
        .size = request->size,
    };
    uint8_t payload[IPMI_MESSAGE_MAX];
    size_t payload_size = 0;
    if (!ipmi_lan_message_build(&message, payload, sizeof payload, &payload_size, error))
        return false;
    if (!session->logged_in)
        return ipmi_packet_build(false, IPMI_PAYLOAD_MESSAGE, payload, payload_size, out,
                                 IPMI_DATAGRAM_MAX, size, error);
    session->packet_sequence++;
    return ipmi_packet_seal(&session->keys, session->login.bmc_id, session->packet_sequence,
                            IPMI_PAYLOAD_MESSAGE, payload, payload_size, out, IPMI_DATAGRAM_MAX,
                            size, error);
}

bool
ipmi_session_send_payload(IpmiSession *session, const uint8_t *payload, size_t size)
{
    uint8_t datagram[IPMI_DATAGRAM_MAX];
    size_t datagram_size = 0;
    if (session->step != SESSION_HELD && session->step != SESSION_KEEPALIVE)
        return false;
    session->packet_sequence++;
    if (!ipmi_packet_seal(&session->keys, session->login.bmc_id, session->packet_sequence,
                          IPMI_PAYLOAD_SOL, payload, size, datagram, sizeof datagram,
                          &datagram_size, NULL))
        return false;
    session->send(session->user_data, datagram, datagram_size);
    return true;
}

void
session_step_request(const IpmiSession *session, IpmiRequest *request)
{
    *request = (IpmiRequest){.net_function = IPMI_NETFN_APP};
    IpmiWriter writer = ipmi_writer(request->data, sizeof request->data);
    switch (session->step) {
    case SESSION_CAPABILITIES:
        ipmi_auth_capabilities_request(request, session->privilege);
        return;
    case SESSION_PRIVILEGE:
        request->command = IPMI_CMD_SET_SESSION_PRIVILEGE;
        ipmi_write_u8(&writer, session->privilege);
        break;
    case SESSION_REQUESTS:
        *request = session->requests[session->response_count];
        return;
    case SESSION_KEEPALIVE:
        request->command = IPMI_CMD_DEVICE_ID;
        break;
    case SESSION_RELEASE:
        ipmi_build_deactivate_sol(request);
        return;
    case SESSION_HELD:
    case SESSION_CLOSE:
    case SESSION_OPEN:
    case SESSION_RAKP_1:
    case SESSION_RAKP_3:
    case SESSION_ENDED:
        request->command = IPMI_CMD_CLOSE_SESSION;
        ipmi_write_le32(&writer, session->login.bmc_id);
        break;
    }
    request->size = writer.size;
}

static bool
build_step(IpmiSession *session, uint8_t *out, size_t *size, GError **error)
{
    if (session->step == SESSION_OPEN)
        return session_build_open(session, out, size, error);
    if (session->step == SESSION_RAKP_1)
        return session_build_rakp1(session, out, size, error);
    if (session->step == SESSION_RAKP_3)
        return session_build_rakp3(session, out, size, error);
    IpmiRequest request;
    session_step_request(session, &request);
    return build_message(session, &request, out, size, error);
}

/* Whether a datagram without an answer is taken for lost early. What must not be done twice is
 * given its time: not every BMC knows a copy. */
static bool
is_quick(const IpmiSession *session)
{
    if (session->step == SESSION_REQUESTS && !session->requests[session->response_count].repeatable)
        return false;
    return session->memory.quick;
}

/* The wait before the next copy: twice the same, then doubled. */
static unsigned
retransmit_after(const IpmiSession *session)
{
    unsigned doublings = MIN((session->tries - 1) / 2, 8);
    unsigned first_ms = is_quick(session) ? MIN(session->retransmit_ms, QUICK_RETRANSMIT_MS)
                                          : session->retransmit_ms;
    uint64_t wait_ms = (uint64_t)first_ms << doublings;
    return (unsigned)MIN(wait_ms, MAX(RETRANSMIT_MAX_MS, session->retransmit_ms));
}

static void
send_step(IpmiSession *session, uint64_t now_ms)
{
    uint8_t datagram[IPMI_DATAGRAM_MAX];
    size_t size = 0;
    GError *error = NULL;
    if (session->step == SESSION_REQUESTS && session->may_send != NULL &&
        !session->may_send(session->may_send_user)) {
        session_fail(session, now_ms, STEEL_ERROR_LEASE_LOST,
                     "nothing more is asked of the BMC at %s: another conductor may act on it now",
                     session->where);
        return;
    }
    if (!build_step(session, datagram, &size, &error)) {
        session->logged_in = false; /* no close request either: building a datagram has failed */
        if (session->finished) {
            g_clear_error(&error);
            session->step = SESSION_ENDED;
        } else {
            session_finish(session, now_ms, error);
        }
        return;
    }
    session->tries++;
    if (session->tries > 1)
        session->repeats++;
    session->due_ms = MIN(now_ms + retransmit_after(session), session->deadline_ms);
    session->send(session->user_data, datagram, size);
}

void
session_begin(IpmiSession *session, SessionStep step, uint64_t now_ms)
{
    session->step = step;
    session->asked_ms = now_ms;
    session->tries = 0;
    session->pausing = false;
    session->doubt = SESSION_NO_DOUBT;
    session->tag++;
    session->sequence = (session->sequence + 1) & 0x3f;
    session->sequences = 1;
    send_step(session, now_ms);
}

void
ipmi_session_start(IpmiSession *session, uint64_t now_ms)
{
    IpmiMemory *memory = &session->memory;
    /* A stranger who cannot see our datagrams must not be able to guess the numbers of an
     * answer. */
    uint8_t first[2];
    GError *error = NULL;
    session->deadline_ms = now_ms + session->deadline_after_ms;
    if (!ipmi_random(first, sizeof first, &error)) {
        session_finish(session, now_ms, error);
        return;
    }
    session->tag = first[0];
    session->sequence = first[1] & 0x3f;
    session->trusted = session_is_trusted(session);
    if (memory->suite == 3 && now_ms - memory->suite_ms > WEAK_SUITE_MS)
        memory->suite = 0;
    if (memory->no_capabilities)
        session_login(session, now_ms);
    else
        session_begin(session, SESSION_CAPABILITIES, now_ms);
}

/* ---- ends and detours ---- */

void
session_finish(IpmiSession *session, uint64_t now_ms, GError *error)
{
    session->finished = true;
    session->error = error;
    session->memory.quick = error == NULL && !session->slow;
    session_close(session, now_ms);
}

void
session_close(IpmiSession *session, uint64_t now_ms)
{
    if (!session->logged_in) {
        session->step = SESSION_ENDED;
        return;
    }
    session->deadline_ms = now_ms + 4 * (uint64_t)session->retransmit_ms;
    session_begin(session, SESSION_CLOSE, now_ms);
    if (session->memory.closes_unanswered >= CLOSES_UNANSWERED)
        session->step = SESSION_ENDED; /* a wait for its answer is useless */
}

void
session_hold(IpmiSession *session, uint64_t now_ms)
{
    session->step = SESSION_HELD;
    session->due_ms = now_ms + KEEPALIVE_MS;
    session->deadline_ms = UINT64_MAX;
}

static void
keep_alive(IpmiSession *session, uint64_t now_ms)
{
    session->deadline_ms = now_ms + session->deadline_after_ms;
    session_begin(session, SESSION_KEEPALIVE, now_ms);
}

void
ipmi_session_release(IpmiSession *session, uint64_t now_ms)
{
    if (session->step != SESSION_HELD && session->step != SESSION_KEEPALIVE) {
        ipmi_session_abort(session, STEEL_ERROR_CANCELLED, "it was closed");
        return;
    }
    session->finished = true;
    session->deadline_ms = now_ms + 4 * (uint64_t)session->retransmit_ms;
    session_begin(session, SESSION_RELEASE, now_ms);
}

void
session_fail(IpmiSession *session, uint64_t now_ms, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    GError *error = g_error_new_valist(steel_error_quark(), code, format, arguments);
    va_end(arguments);
    session_finish(session, now_ms, error);
}

void
session_pause(IpmiSession *session, uint64_t now_ms, uint8_t completion_code)
{
    session->pausing = true;
    session->paused_by = completion_code;
    session->due_ms = MIN(now_ms + BUSY_PAUSE_MS, session->deadline_ms);
}

bool
session_restart(IpmiSession *session, uint64_t now_ms)
{
    if (session->restarts >= RESTARTS_MAX)
        return false;
    session->restarts++;
    session->logged_in = false;
    session_login(session, now_ms);
    return true;
}

void
ipmi_session_abort(IpmiSession *session, int code, const char *text)
{
    if (session->step == SESSION_ENDED)
        return;
    if (!session->finished) {
        session->finished = true;
        session->error = g_error_new_literal(steel_error_quark(), code, text);
    }
    if (session->logged_in && session->payload != NULL && session->step < SESSION_RELEASE) {
        session->step = SESSION_RELEASE;
        session->tries = 0;
        send_step(session, session->due_ms);
    }
    if (session->logged_in && session->step != SESSION_CLOSE) {
        session->step = SESSION_CLOSE;
        session->tries = 0;
        send_step(session, session->due_ms);
    }
    session->step = SESSION_ENDED;
}

/* ---- time ---- */

/* The present step in words, for messages. */
static const char *
step_name(const IpmiSession *session)
{
    if (session->step == SESSION_OPEN)
        return "Open Session";
    if (session->step == SESSION_RAKP_1 || session->step == SESSION_RAKP_3)
        return "login (RAKP)";
    IpmiRequest request;
    session_step_request(session, &request);
    const char *name = ipmi_command_name(request.net_function, request.command);
    return name != NULL ? name : "a raw command";
}

static void
fail_late(IpmiSession *session, uint64_t now_ms)
{
    double seconds = session->deadline_after_ms / 1000.0;
    const char *where = session->where;
    if (session->pausing)
        session_fail(
            session, now_ms, STEEL_ERROR_BMC_BUSY, "%s is still busy after %g s at %s: %s (%02xh)",
            where, seconds, step_name(session),
            session->paused_by != IPMI_CC_OK ? ipmi_completion_text(session->paused_by)
                                             : "no free session",
            session->paused_by != IPMI_CC_OK ? session->paused_by : IPMI_STATUS_NO_RESOURCES);
    else if (session->heard > 0)
        session_fail(session, now_ms, STEEL_ERROR_BMC_UNREACHABLE,
                     "%s stopped answering at %s; gave up after %g s", where, step_name(session),
                     seconds);
    else if (session->ignored > 0)
        session_fail(session, now_ms, STEEL_ERROR_BMC_PROTOCOL,
                     "%s sent %u datagrams within %g s and none is IPMI; is it a BMC?", where,
                     session->ignored, seconds);
    else
        session_fail(session, now_ms, STEEL_ERROR_BMC_UNREACHABLE,
                     "no answer from %s within %g s%s%s", where, seconds,
                     session->send_errno != 0 ? "; sending failed: " : "",
                     session->send_errno != 0 ? g_strerror(session->send_errno) : "");
}

/* The number of copies after which the step ends without an answer; 0: until the deadline. */
static unsigned
tries_max(const IpmiSession *session)
{
    static const unsigned limits[] = {
        [SESSION_CAPABILITIES] = 4, /* some BMCs never answer it, but accept a login */
        [SESSION_RELEASE] = 1,      /* once: a late copy would end the console of a later session */
        [SESSION_CLOSE] = 2,
        [SESSION_ENDED] = 1,
    };
    if (session->step == SESSION_OPEN && session_may_turn_suite(session))
        return SUITE_TRIES;
    if (session->step == SESSION_REQUESTS &&
        session->requests[session->response_count].answer_optional)
        return 3;
    return limits[session->step];
}

/* The step got no answer and needs none. */
static void
continue_unanswered(IpmiSession *session, uint64_t now_ms)
{
    if (session->step == SESSION_REQUESTS) {
        session_next_request(session, now_ms); /* its response stays zeroed: completed normally */
    } else if (session->step == SESSION_RELEASE) {
        session_close(session, now_ms);
    } else if (session->step == SESSION_CLOSE) {
        session->memory.closes_unanswered++;
        session->step = SESSION_ENDED;
    } else {
        if (session->step == SESSION_OPEN)
            session->suite_turn++;
        session_login(session, now_ms);
    }
}

void
ipmi_session_expire(IpmiSession *session, uint64_t now_ms)
{
    if (session->step == SESSION_ENDED || now_ms < session->due_ms)
        return;
    if (session->step == SESSION_HELD) {
        keep_alive(session, now_ms);
        return;
    }
    if (session->doubt != SESSION_NO_DOUBT &&
        (session->tries >= DOUBT_TRIES || now_ms >= session->deadline_ms)) {
        session_believe(session, now_ms);
        return;
    }
    if (now_ms >= session->deadline_ms) {
        if (session->step == SESSION_CLOSE || session->step == SESSION_RELEASE)
            session->step = SESSION_ENDED;
        else
            fail_late(session, now_ms);
        return;
    }
    if (session->pausing) {
        if (session->logged_in)
            session_begin(session, session->step, now_ms);
        else
            session_login(session, now_ms);
        return;
    }
    unsigned limit = tries_max(session);
    if (limit > 0 && session->tries >= limit) {
        continue_unanswered(session, now_ms);
        return;
    }
    /* The same rqSeq marks a copy, so that a slow BMC does not cycle the power twice. But a BMC
     * that silently drops copies must get a new number in the end. */
    if (session->tries % SAME_SEQUENCE_TRIES == 0) {
        session->sequence = (session->sequence + 1) & 0x3f;
        session->sequences = MIN(session->sequences + 1, 16);
    }
    send_step(session, now_ms);
}
