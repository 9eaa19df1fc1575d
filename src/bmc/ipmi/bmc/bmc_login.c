/* The login side of a simulated BMC: Open Session, RAKP 1 and RAKP 3. A repeated message gets the
 * same answer, because a client repeats a lost one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/bmc/bmc.h"
#include "common/lock.h"

#include <string.h>

/* ---- open session ---- */

static BmcSession *
repeated_open(IpmiBmc *bmc, const IpmiOpenRequest *request)
{
    for (guint i = 0; i < bmc->sessions->len; i++) {
        BmcSession *session = g_ptr_array_index(bmc->sessions, i);
        if (session->state == BMC_SESSION_OPENED && session->tag == request->tag &&
            session->login.console_id == request->console_id)
            return session;
    }
    return NULL;
}

/* The suite that the BMC chooses from a proposal; NULL if it refuses. */
static const IpmiSuite *
suite_for(const IpmiBmcFaults *faults, const IpmiOpenRequest *request)
{
    const IpmiSuite *suite = ipmi_suite_from_algorithms(request->authentication, request->integrity,
                                                        request->confidentiality);
    if (faults->only_suite == 0 || (suite != NULL && suite->id == faults->only_suite))
        return suite;
    return faults->suite_insisted ? ipmi_suite(faults->only_suite) : NULL;
}

static uint8_t
open_status(IpmiBmc *bmc, uint64_t now_ms, const IpmiOpenRequest *request, const IpmiSuite *suite,
            BmcSession **session)
{
    if (suite == NULL)
        return IPMI_STATUS_NO_CIPHER_SUITE_MATCH;
    if (request->console_id == 0)
        return IPMI_STATUS_INVALID_SESSION;
    if (request->privilege > IPMI_PRIVILEGE_ADMINISTRATOR)
        return IPMI_STATUS_INVALID_ROLE;
    *session = repeated_open(bmc, request);
    if (*session == NULL)
        *session = bmc_session_add(bmc, now_ms);
    if (*session == NULL)
        return IPMI_STATUS_NO_RESOURCES;
    (*session)->login.suite = suite;
    (*session)->login.console_id = request->console_id;
    (*session)->tag = request->tag;
    (*session)->last_seen_ms = now_ms;
    return IPMI_STATUS_OK;
}

/* The console's id for an answer. */
static uint32_t
named_id(IpmiBmc *bmc, uint8_t status, uint32_t console_id)
{
    return status != IPMI_STATUS_OK && bmc_faults(bmc).refusal_without_id ? 0 : console_id;
}

size_t
bmc_open_session(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size, uint8_t *out,
                 size_t capacity)
{
    IpmiOpenRequest request;
    IpmiBmcFaults faults = bmc_faults(bmc);
    if (!ipmi_open_request_parse(data, size, &request, NULL))
        return 0;
    BmcSession *session = NULL;
    const IpmiSuite *suite = suite_for(&faults, &request);
    if (suite == NULL && faults.suite_silent)
        return 0;
    IpmiOpenResponse response = {
        .tag = request.tag,
        .privilege =
            request.privilege == 0 ? (uint8_t)IPMI_PRIVILEGE_ADMINISTRATOR : request.privilege,
        .status = open_status(bmc, now_ms, &request, suite, &session),
    };
    response.console_id = named_id(bmc, response.status, request.console_id);
    if (session != NULL) {
        response.bmc_id = session->login.bmc_id;
        response.authentication = suite->authentication;
        response.integrity = suite->integrity;
        response.confidentiality = suite->confidentiality;
    }
    size_t out_size = 0;
    return ipmi_open_response_build(&response, out, capacity, &out_size, NULL) ? out_size : 0;
}

/* ---- RAKP 1 and 2 ---- */

/* The id (from 1) of a user; 0 if there is none of that name. */
static unsigned
find_user(const IpmiBmc *bmc, const IpmiRakp1 *message)
{
    for (size_t i = 0; i < bmc->user_count; i++)
        if (bmc->users[i].name_size == message->username_size &&
            memcmp(bmc->users[i].name, message->username, message->username_size) == 0)
            return (unsigned)i + 1;
    return 0;
}

static void
fill_login(IpmiBmc *bmc, BmcSession *session, const IpmiRakp1 *message)
{
    const BmcUser *user = &bmc->users[session->user_id - 1];
    IpmiLogin *login = &session->login;
    memcpy(login->console_random, message->console_random, IPMI_RANDOM_SIZE);
    login->role = message->role;
    login->username_size = message->username_size;
    memcpy(login->username, message->username, sizeof login->username);
    memcpy(login->password, user->password, sizeof login->password);
    lock_acquire(&bmc->lock);
    memcpy(login->guid, bmc->guid, sizeof login->guid);
    memcpy(login->kg, bmc->kg_set ? bmc->kg : user->password, sizeof login->kg);
    lock_release(&bmc->lock);
}

static bool
is_repeated(const BmcSession *session, const IpmiRakp1 *message)
{
    return session->state == BMC_SESSION_CHALLENGED && session->tag == message->tag &&
           memcmp(session->login.console_random, message->console_random, IPMI_RANDOM_SIZE) == 0 &&
           session->login.role == message->role &&
           session->login.username_size == message->username_size &&
           memcmp(session->login.username, message->username, message->username_size) == 0;
}

static uint8_t
challenge(IpmiBmc *bmc, BmcSession *session, const IpmiRakp1 *message)
{
    unsigned level = message->role & 0x0f;
    session->user_id = find_user(bmc, message);
    if (session->user_id == 0)
        return IPMI_STATUS_UNAUTHORIZED_NAME;
    if (level > IPMI_PRIVILEGE_ADMINISTRATOR)
        return IPMI_STATUS_INVALID_ROLE;
    IpmiPrivilege limit = bmc->users[session->user_id - 1].privilege;
    IpmiPrivilege all_limit = bmc_faults(bmc).privilege_limit;
    if (all_limit != IPMI_PRIVILEGE_DEFAULT)
        limit = MIN(limit, all_limit);
    if (level > limit)
        return IPMI_STATUS_UNAUTHORIZED_ROLE;
    if (is_repeated(session, message))
        return IPMI_STATUS_OK;
    session->privilege_limit = level == 0 ? limit : (IpmiPrivilege)level;
    session->privilege = MIN(session->privilege_limit, IPMI_PRIVILEGE_USER);
    fill_login(bmc, session, message);
    if (!ipmi_random(session->login.bmc_random, IPMI_RANDOM_SIZE, NULL))
        return IPMI_STATUS_NO_RESOURCES;
    session->tag = message->tag;
    session->state = BMC_SESSION_CHALLENGED;
    return IPMI_STATUS_OK;
}

size_t
bmc_rakp1(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size, uint8_t *out,
          size_t capacity)
{
    IpmiRakp1 message;
    if (!ipmi_rakp1_parse(data, size, &message, NULL))
        return 0;
    BmcSession *session = bmc_session_find(bmc, message.bmc_id);
    IpmiRakp2 answer = {.tag = message.tag, .status = IPMI_STATUS_INVALID_SESSION};
    if (session != NULL && session->state != BMC_SESSION_ACTIVE) {
        session->last_seen_ms = now_ms;
        answer.status = challenge(bmc, session, &message);
        answer.console_id = named_id(bmc, answer.status, session->login.console_id);
    }
    if (answer.status == IPMI_STATUS_OK) {
        memcpy(answer.bmc_random, session->login.bmc_random, IPMI_RANDOM_SIZE);
        memcpy(answer.guid, session->login.guid, IPMI_GUID_SIZE);
        answer.code_size = session->login.suite->digest_size;
        if (!ipmi_login_code_2(&session->login, answer.code, NULL))
            return 0;
    } else if (session != NULL && session->state != BMC_SESSION_ACTIVE) {
        bmc_session_drop(bmc, session);
    }
    size_t out_size = 0;
    return ipmi_rakp2_build(&answer, out, capacity, &out_size, NULL) ? out_size : 0;
}

/* ---- RAKP 3 and 4 ---- */

static uint8_t
verify(IpmiBmc *bmc, BmcSession *session, const IpmiRakp34 *message)
{
    uint8_t expected[IPMI_DIGEST_MAX];
    if (!ipmi_login_code_3(&session->login, expected, NULL))
        return IPMI_STATUS_NO_RESOURCES;
    if (message->code_size != session->login.suite->digest_size ||
        !ipmi_equal(message->code, expected, message->code_size))
        return IPMI_STATUS_INVALID_CHECK;
    if (session->state == BMC_SESSION_ACTIVE)
        return IPMI_STATUS_OK;
    if (!ipmi_login_keys(&session->login, &session->keys, NULL))
        return IPMI_STATUS_NO_RESOURCES;
    session->state = BMC_SESSION_ACTIVE;
    lock_acquire(&bmc->lock);
    bmc->stats.sessions_opened++;
    lock_release(&bmc->lock);
    return IPMI_STATUS_OK;
}

size_t
bmc_rakp3(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size, uint8_t *out,
          size_t capacity)
{
    IpmiRakp34 message;
    if (!ipmi_rakp34_parse(data, size, &message, NULL))
        return 0;
    BmcSession *session = bmc_session_find(bmc, message.session_id);
    IpmiRakp34 answer = {.tag = message.tag, .status = IPMI_STATUS_INVALID_SESSION};
    bool pending = session != NULL && session->state == BMC_SESSION_CHALLENGED;
    if (pending && message.status != IPMI_STATUS_OK) {
        bmc_session_drop(bmc, session); /* the client gives up; 13.22 wants no answer */
        return 0;
    }
    if (session != NULL && session->state != BMC_SESSION_OPENED) {
        answer.status = verify(bmc, session, &message);
        answer.session_id = named_id(bmc, answer.status, session->login.console_id);
    }
    if (answer.status == IPMI_STATUS_OK) {
        session->last_seen_ms = now_ms;
        answer.code_size = session->login.suite->check_size;
        if (!ipmi_login_check_4(&session->login, &session->keys, answer.code, NULL))
            return 0;
    } else if (pending) {
        bmc_session_drop(bmc, session);
    }
    size_t out_size = 0;
    return ipmi_rakp34_build(&answer, out, capacity, &out_size, NULL) ? out_size : 0;
}
