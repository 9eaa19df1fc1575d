/* Who may speak to a simulated Redfish BMC; the contract is in inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"
#include "common/time_text.h"

#include <stdio.h>
#include <string.h>

#define SESSIONS_PATH "/redfish/v1/SessionService/Sessions/"
#define REST_PATH "/rest/v1/Sessions/"

static void drop(RedfishBmc *bmc, unsigned index) REQUIRES(bmc->lock);

static void
drop(RedfishBmc *bmc, unsigned index)
{
    bmc->stats.sessions_closed++;
    bmc->sessions[index] = bmc->sessions[--bmc->session_count];
}

void
redfish_sessions_expire(RedfishBmc *bmc)
{
    int64_t limit = time_monotonic_ms() - (int64_t)bmc->knobs[REDFISH_KNOB_SESSION_S] * 1000;
    for (unsigned i = bmc->session_count; i-- > 0;)
        if (bmc->sessions[i].last_used_ms < limit)
            drop(bmc, i);
}

void
redfish_sessions_drop(RedfishBmc *bmc)
{
    while (bmc->session_count > 0)
        drop(bmc, bmc->session_count - 1);
}

static bool is_account(const RedfishBmc *bmc, const char *username, const char *password)
    REQUIRES(bmc->lock);

static bool
is_account(const RedfishBmc *bmc, const char *username, const char *password)
{
    bool named = secret_equal(redfish_state_text(bmc, "identity.username"), username);
    return secret_equal(bmc->password, password) && named;
}

static bool basic_is_good(const RedfishBmc *bmc, const char *authorization) REQUIRES(bmc->lock);

static bool
basic_is_good(const RedfishBmc *bmc, const char *authorization)
{
    if (g_ascii_strncasecmp(authorization, "Basic ", 6) != 0 || strlen(authorization) > 1024)
        return false;
    gsize size;
    g_autofree guchar *bytes = g_base64_decode(authorization + 6, &size);
    g_autofree char *text = g_strndup((const char *)bytes, size);
    char *colon = strchr(text, ':');
    if (colon == NULL)
        return false;
    *colon = '\0';
    return is_account(bmc, text, colon + 1);
}

static bool token_is_good(RedfishBmc *bmc, const char *token) REQUIRES(bmc->lock);

static bool
token_is_good(RedfishBmc *bmc, const char *token)
{
    int most = bmc->knobs[REDFISH_KNOB_SESSION_USES];
    for (unsigned i = 0; i < bmc->session_count; i++) {
        if (!secret_equal(bmc->sessions[i].token, token))
            continue;
        bmc->sessions[i].last_used_ms = time_monotonic_ms();
        if (most == 0 || ++bmc->sessions[i].uses <= most)
            return true;
        drop(bmc, i);
        return false;
    }
    return false;
}

bool
redfish_authenticate(RedfishCall *call)
{
    const RedfishRequest *request = call->request;
    const char *token = request->header(request->carrier, "X-Auth-Token");
    if (token != NULL)
        return token_is_good(call->bmc, token);
    const char *authorization = request->header(request->carrier, "Authorization");
    return authorization != NULL && basic_is_good(call->bmc, authorization);
}

static RedfishSession *add_session(RedfishBmc *bmc) REQUIRES(bmc->lock);

static RedfishSession *
add_session(RedfishBmc *bmc)
{
    RedfishSession *session = &bmc->sessions[bmc->session_count++];
    bmc->stats.sessions_opened++;
    snprintf(session->id, sizeof session->id, "%" G_GUINT64_FORMAT, bmc->stats.sessions_opened);
    secret_text(session->token);
    session->uses = 0;
    session->last_used_ms = time_monotonic_ms();
    return session;
}

void
redfish_session_open(RedfishCall *call)
{
    const char *username = json_string_member(call->body, "UserName");
    const char *password = json_string_member(call->body, "Password");
    if (call->bmc->knobs[REDFISH_KNOB_NO_SESSIONS] != 0) {
        redfish_refuse(call, REDFISH_MESSAGE_RESOURCE_MISSING, NULL, call->path, NULL);
        return;
    }
    if (username == NULL || password == NULL) {
        redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_MISSING, NULL,
                       username == NULL ? "UserName" : "Password", NULL);
        return;
    }
    if (!is_account(call->bmc, username, password)) {
        redfish_refuse(call, REDFISH_MESSAGE_NOT_AUTHORIZED, NULL, call->path,
                       "the user name or the password is wrong");
        return;
    }
    if (call->bmc->session_count >= (unsigned)call->bmc->knobs[REDFISH_KNOB_SESSION_LIMIT]) {
        redfish_refuse(call, REDFISH_MESSAGE_SESSION_LIMIT, NULL, NULL, NULL);
        return;
    }
    const RedfishSession *session = add_session(call->bmc);
    g_autofree char *path = g_strconcat(call->rest ? REST_PATH : SESSIONS_PATH, session->id, NULL);
    redfish_add_header(call, "X-Auth-Token", session->token);
    redfish_add_header(call, "Location", path);
    redfish_say(call, 201,
                json_pack("{s:s, s:s, s:s, s:s, s:s}", "@odata.type", "#Session.v1_3_0.Session",
                          "@odata.id", path, "Id", session->id, "Name", "User Session", "UserName",
                          username));
}

void
redfish_session_close(RedfishCall *call)
{
    for (unsigned i = 0; i < call->bmc->session_count; i++)
        if (strcmp(call->bmc->sessions[i].id, call->id) == 0) {
            drop(call->bmc, i);
            redfish_say(call, 204, NULL);
            return;
        }
    redfish_refuse(call, REDFISH_MESSAGE_RESOURCE_MISSING, NULL, call->path, NULL);
}

/* The machine does not notice. */
void
redfish_manager_silence(RedfishBmc *bmc)
{
    redfish_sessions_drop(bmc);
    bmc->silent_until_ms = time_monotonic_ms() + (int64_t)bmc->knobs[REDFISH_KNOB_RESET_S] * 1000;
}
