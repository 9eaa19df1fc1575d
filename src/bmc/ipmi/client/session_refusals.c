/* A BMC refuses a client's session: which refusal holds at once, which one only without a better
 * answer, what a status means to the caller, and which cipher suite is proposed next.
 *
 * A refusal is not authenticated. What proves that the BMC has sent it is our session id, a random
 * number that only those see who see our datagrams. BMCs that leave it out are believed after the
 * step has been repeated without a valid answer.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bmc/ipmi/client/session.h"
#include "common/error.h"

static const int preference[] = {17, 3};

/* ---- suites ---- */

static bool
is_refused(const IpmiSession *session, int id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(preference); i++)
        if (preference[i] == id)
            return session->suites_refused[i];
    return false;
}

/* True if the suite may be proposed. A suite that has worked is never replaced by a weaker one. */
static bool
is_allowed(const IpmiSession *session, int id)
{
    return !is_refused(session, id) && id >= session->memory.suite;
}

const IpmiSuite *
session_suite(const IpmiSession *session)
{
    int known = session->memory.suite;
    size_t count = G_N_ELEMENTS(preference);
    if (session->suite_wanted != -1)
        return ipmi_suite(session->suite_wanted); /* a refusal has ended the session */
    if (known != 0 && !is_refused(session, known))
        return ipmi_suite(known);
    for (size_t i = 0; i < count; i++) {
        int id = preference[(i + session->suite_turn) % count];
        if (is_allowed(session, id))
            return ipmi_suite(id);
    }
    return NULL;
}

bool
session_may_turn_suite(const IpmiSession *session)
{
    if (session->suite_wanted != -1 || session->memory.suite != 0)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(preference); i++)
        if (preference[i] != session->login.suite->id && is_allowed(session, preference[i]))
            return true;
    return false;
}

void
session_suite_refused(IpmiSession *session, uint64_t now_ms, const char *why)
{
    int refused = session->login.suite->id;
    bool worked_before = session->memory.suite == refused;
    if (worked_before && session_restart(session, now_ms))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(preference); i++)
        session->suites_refused[i] |= preference[i] == refused;
    if (session->suite_wanted == -1 && session_suite(session) != NULL)
        session_login(session, now_ms);
    else if (session->suite_wanted != -1)
        session_fail(session, now_ms, STEEL_ERROR_UNSUPPORTED, "%s refuses cipher suite %d: %s",
                     session->where, refused, why);
    else if (worked_before)
        session_fail(session, now_ms, STEEL_ERROR_UNSUPPORTED,
                     "%s refuses cipher suite %d, which it has accepted before: %s; name the suite "
                     "(ipmi_cipher_suite) if it is to be a weaker one from now on",
                     session->where, refused, why);
    else
        session_fail(session, now_ms, STEEL_ERROR_UNSUPPORTED,
                     "%s accepts no cipher suite that is supported here (17 and 3): %s",
                     session->where, why);
}

/* ---- credentials ---- */

static bool
digest_credentials(const IpmiSession *session, const uint8_t *salt, uint8_t digest[IPMI_DIGEST_MAX])
{
    const uint8_t marks[] = {session->username_size, session->kg_given,
                             (uint8_t)session->privilege};
    const IpmiSpan spans[] = {
        {marks,             sizeof marks},
        {session->username, sizeof session->username},
        {session->password, sizeof session->password},
        {session->kg,       sizeof session->kg},
    };
    return ipmi_hmac(ipmi_suite(17), salt, IPMI_RANDOM_SIZE, spans, G_N_ELEMENTS(spans), digest,
                     NULL);
}

bool
session_is_trusted(const IpmiSession *session)
{
    const IpmiMemory *memory = &session->memory;
    uint8_t digest[IPMI_DIGEST_MAX];
    return memory->proven && digest_credentials(session, memory->salt, digest) &&
           ipmi_equal(digest, memory->digest, sizeof digest);
}

void
session_learn(IpmiSession *session, uint64_t now_ms)
{
    IpmiMemory *memory = &session->memory;
    int suite = session->login.suite->id;
    if (session->suite_wanted == -1 && memory->suite != suite) {
        memory->suite = suite;
        memory->suite_ms = now_ms;
    }
    if (!session->told_capabilities)
        memory->no_capabilities = true;
    if (!session->trusted)
        memory->proven = ipmi_random(memory->salt, sizeof memory->salt, NULL) &&
                         digest_credentials(session, memory->salt, memory->digest);
    session->trusted = memory->proven;
}

void
session_fail_user(IpmiSession *session, uint64_t now_ms, const char *what, const char *check)
{
    session_fail(session, now_ms, STEEL_ERROR_BMC_AUTH, "login at %s failed: %s \"%.*s\"; check %s",
                 session->where, what, session->username_size, (const char *)session->username,
                 check);
}

/* ---- statuses ---- */

/* The subject of a refusing status. */
typedef enum Refusal {
    REFUSES_MESSAGE, /* the message, without a reason */
    REFUSES_FOR_NOW,
    REFUSES_SESSION, /* the BMC and the client disagree about the session */
    REFUSES_SUITE,
    REFUSES_USER,
    REFUSES_ROLE,
    REFUSES_CHECK, /* the proof by the password or K_g */
} Refusal;

static const Refusal refusals[] = {
    [IPMI_STATUS_NO_RESOURCES] = REFUSES_FOR_NOW,
    [IPMI_STATUS_INVALID_SESSION] = REFUSES_SESSION,
    [IPMI_STATUS_INVALID_AUTHENTICATION] = REFUSES_SUITE,
    [IPMI_STATUS_INVALID_INTEGRITY] = REFUSES_SUITE,
    [IPMI_STATUS_NO_MATCHING_AUTHENTICATION] = REFUSES_SUITE,
    [IPMI_STATUS_NO_MATCHING_INTEGRITY] = REFUSES_SUITE,
    [IPMI_STATUS_INACTIVE_SESSION] = REFUSES_SESSION,
    [IPMI_STATUS_INVALID_ROLE] = REFUSES_ROLE,
    [IPMI_STATUS_UNAUTHORIZED_ROLE] = REFUSES_ROLE,
    [IPMI_STATUS_NO_RESOURCES_FOR_ROLE] = REFUSES_FOR_NOW,
    [IPMI_STATUS_INVALID_NAME_LENGTH] = REFUSES_USER,
    [IPMI_STATUS_UNAUTHORIZED_NAME] = REFUSES_USER,
    [IPMI_STATUS_INVALID_CHECK] = REFUSES_CHECK,
    [IPMI_STATUS_INVALID_CONFIDENTIALITY] = REFUSES_SUITE,
    [IPMI_STATUS_NO_CIPHER_SUITE_MATCH] = REFUSES_SUITE,
    [IPMI_STATUS_ILLEGAL_PARAMETER] = REFUSES_SUITE,
};

static Refusal
refusal_of(const IpmiSession *session, uint8_t status)
{
    Refusal refusal = status < G_N_ELEMENTS(refusals) ? refusals[status] : REFUSES_MESSAGE;
    if (refusal == REFUSES_SUITE && session->step != SESSION_OPEN)
        return REFUSES_MESSAGE; /* both sides agreed on the suite before */
    return refusal;
}

static void
fail_message(IpmiSession *session, uint64_t now_ms, uint8_t status)
{
    const char *message = session->step == SESSION_OPEN     ? "Open Session"
                          : session->step == SESSION_RAKP_1 ? "RAKP message 1"
                                                            : "RAKP message 3";
    session_fail(session, now_ms, STEEL_ERROR_BMC_PROTOCOL, "%s refused %s: %s (%02xh)",
                 session->where, message, ipmi_status_text(status), status);
}

static void
fail_role(IpmiSession *session, uint64_t now_ms)
{
    session_fail(session, now_ms, STEEL_ERROR_BMC_AUTH,
                 "login at %s failed: user \"%.*s\" may not have privilege level %s; check the "
                 "privilege level",
                 session->where, session->username_size, (const char *)session->username,
                 ipmi_privilege_name(session->privilege));
}

/* True if the login deserves another try before the caller gets the refusal. */
static bool
deserves_restart(const IpmiSession *session, Refusal refusal)
{
    switch (refusal) {
    case REFUSES_SESSION:
        return true;
    /* a BMC that made a new random number for a repeated RAKP 1 cannot agree with us */
    case REFUSES_CHECK:
        return session->trusted || session->repeats > 0;
    case REFUSES_USER:
    case REFUSES_ROLE: /* a starting BMC knows no users for a while */
        return session->trusted;
    case REFUSES_MESSAGE:
    case REFUSES_FOR_NOW:
    case REFUSES_SUITE:
        return false;
    }
    return false;
}

static void
act_on(IpmiSession *session, uint64_t now_ms, uint8_t status)
{
    Refusal refusal = refusal_of(session, status);
    g_autofree char *why = g_strdup_printf("%s (%02xh)", ipmi_status_text(status), status);
    if (deserves_restart(session, refusal) && session_restart(session, now_ms))
        return;
    switch (refusal) {
    case REFUSES_FOR_NOW:
        session_pause(session, now_ms, IPMI_CC_OK);
        return;
    case REFUSES_SUITE:
        session_suite_refused(session, now_ms, why);
        return;
    case REFUSES_USER:
        session_fail_user(session, now_ms, "the BMC does not know user", "the user name");
        return;
    case REFUSES_ROLE:
        fail_role(session, now_ms);
        return;
    case REFUSES_CHECK:
        session_fail_user(session, now_ms, "the BMC refuses the password of user", "the password");
        return;
    case REFUSES_MESSAGE:
    case REFUSES_SESSION:
        fail_message(session, now_ms, status);
        return;
    }
}

void
session_refused(IpmiSession *session, uint64_t now_ms, uint32_t named_id, uint8_t status)
{
    if (named_id == session->login.console_id)
        act_on(session, now_ms, status);
    else if (session->doubt == SESSION_NO_DOUBT ||
             refusal_of(session, status) != REFUSES_SESSION) /* it forgot the session it refused */
        session->doubt = status;
}

void
session_believe(IpmiSession *session, uint64_t now_ms)
{
    unsigned doubt = session->doubt;
    session->doubt = SESSION_NO_DOUBT;
    if (doubt == SESSION_DOUBT_IPMI_15)
        session_fail(session, now_ms, STEEL_ERROR_UNSUPPORTED,
                     "%s speaks IPMI 1.5 only; IPMI 2.0 (RMCP+) is needed", session->where);
    else
        act_on(session, now_ms, (uint8_t)doubt);
}
