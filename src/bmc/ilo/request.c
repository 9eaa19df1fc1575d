/* Requests to an iLO, and what their failures mean; the contract is in ilo_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "http_engine/engine.h"

#include <string.h>

enum {
    DEFAULT_TIMEOUT_MS = 60 * 1000,
    DEFAULT_PORT = 443,
    URI_MAX = 1024,
    ANSWER_MAX = 4 * 1024 * 1024,
    VALUES_MAX = 200000,
    REDIRECTS_MAX = 3, /* an iLO 5 answers 308 to a path without its last slash */
    WORDS_MAX = 400,
    MESSAGES_MAX = 8,
};

/* What the last word of a message's name means. */
static const struct {
    const char *key;
    SteelErrorCode code;
    const char *advice; /* NULL: none */
} messages[] = {
    {"NoValidSession", STEEL_ERROR_BMC_AUTH, NULL},
    {"UnauthorizedLoginAttempt", STEEL_ERROR_BMC_AUTH, NULL},
    {"InsufficientPrivilege", STEEL_ERROR_BMC_AUTH, "give the account more privileges"},
    {"LoginAttemptDelayed", STEEL_ERROR_BMC_BUSY, NULL},
    {"ResetInProgress", STEEL_ERROR_BMC_BUSY, NULL},
    {"UnableToModifyDuringSystemPOST", STEEL_ERROR_BMC_BUSY,
     "the machine is in its self-test (POST): try again after it"},
    {"LicenseKeyRequired", STEEL_ERROR_UNSUPPORTED,
     "the iLO needs a licence for it, such as iLO Advanced"},
    {"UnsupportedOperationInLegacyBootMode", STEEL_ERROR_UNSUPPORTED, "set the boot mode to uefi"},
    {"UnsupportedOperation", STEEL_ERROR_UNSUPPORTED, NULL},
    {"ResourceMissingAtURI", STEEL_ERROR_UNSUPPORTED, NULL},
};

static const struct {
    int status;
    SteelErrorCode code;
} statuses[] = {
    {401, STEEL_ERROR_BMC_AUTH},
    {403, STEEL_ERROR_BMC_AUTH},
    {404, STEEL_ERROR_UNSUPPORTED},
    {405, STEEL_ERROR_UNSUPPORTED},
    {501, STEEL_ERROR_UNSUPPORTED},
    {429, STEEL_ERROR_BMC_BUSY},
    {503, STEEL_ERROR_BMC_BUSY},
};

void
ilo_answer_clear(IloAnswer *answer)
{
    if (answer == NULL)
        return;
    json_decref(answer->body);
    g_free(answer->etag);
    g_free(answer->allow);
    *answer = (IloAnswer){0};
}

/* ---- sending ---- */

static char *
url_of(const IloTarget *target, const char *uri)
{
    bool bare = strchr(target->address, ':') != NULL && *target->address != '[';
    return g_strdup_printf("https://%s%s%s:%u%s", bare ? "[" : "", target->address, bare ? "]" : "",
                           target->port != 0 ? target->port : DEFAULT_PORT, uri);
}

/* Milliseconds for one request; 0: the deadline is over. */
static int
time_left(const IloTarget *target)
{
    int64_t most = target->timeout_ms > 0 ? target->timeout_ms : DEFAULT_TIMEOUT_MS;
    if (target->deadline_ms == 0)
        return (int)most;
    return (int)CLAMP(target->deadline_ms - time_monotonic_ms(), 0, most);
}

/* Notes whether the iLO has taken the login. error: what it has answered; NULL: it has. */
static void
note_login(const Ilo *ilo, const GError *error)
{
    const IloTarget *target = ilo->target;
    BmcGuard *guard = ilo_guard(ilo->client);
    g_autofree char *place = url_of(target, ""),
                    *key = bmc_guard_key(guard, place, target->username, target->password);
    if (error == NULL)
        bmc_guard_accepted(guard, key);
    else if (steel_error_is(error, STEEL_ERROR_BMC_AUTH))
        bmc_guard_refused(guard, key, error->message);
}

static bool
may_log_in(const Ilo *ilo, GError **error)
{
    const IloTarget *target = ilo->target;
    BmcGuard *guard = ilo_guard(ilo->client);
    g_autofree char *place = url_of(target, ""),
                    *key = bmc_guard_key(guard, place, target->username, target->password);
    return bmc_guard_may_log_in(guard, key, error);
}

static bool
send(const Ilo *ilo, HttpRequest *request, const char *uri, HttpResponse *response, GError **error)
{
    const IloTarget *target = ilo->target;
    g_autofree char *url = url_of(target, uri);
    request->url = url;
    request->timeout_ms = time_left(target);
    request->body_limit = ANSWER_MAX;
    request->redirect_limit = REDIRECTS_MAX;
    request->insecure = target->insecure;
    request->ca_file = target->ca_file;
    if (g_strcmp0(request->method, "GET") != 0) {
        request->may_send = target->may_send;
        request->may_send_user = target->may_send_user;
    }
    if (request->timeout_ms == 0)
        return steel_fail(error, STEEL_ERROR_BMC_UNREACHABLE,
                          "the time for the iLO to answer is over");
    if (!may_log_in(ilo, error))
        return false;
    if (http_engine_call(ilo_engine(ilo->client), request, response, error))
        return true;
    ilo_forget(ilo);
    return false;
}

/* ---- RIBCL ---- */

static bool
has_status(const Ilo *ilo, const HttpResponse *response, GError **error)
{
    if (response->status == 200)
        return true;
    ilo_forget(ilo);
    return steel_fail(error,
                      response->status == 503 ? STEEL_ERROR_BMC_BUSY : STEEL_ERROR_BMC_PROTOCOL,
                      "the iLO answers RIBCL with HTTP status %d", response->status);
}

static bool
read_ribcl(const Ilo *ilo, const HttpResponse *response, RibclAnswer *answer, GError **error)
{
    g_autoptr(GError) cause = NULL;
    bool good = ribcl_answer_read(response->body, response->body_size, ilo->target->password,
                                  answer, &cause);
    note_login(ilo, cause);
    if (!good)
        g_propagate_error(error, g_steal_pointer(&cause));
    return good;
}

bool
ilo_ribcl(const Ilo *ilo, const RibclCommand *command, RibclAnswer *answer, GError **error)
{
    const IloTarget *target = ilo->target;
    g_auto(HttpResponse) response = {0};
    g_auto(RibclAnswer) own = {0};
    char *text = ribcl_request(target->username, target->password, command, error);
    if (text == NULL)
        return false;
    HttpRequest request = {.method = "POST",
                           .body = text,
                           .body_size = strlen(text),
                           .content_type = "application/xml"};
    bool sent = send(ilo, &request, "/ribcl", &response, error);
    secret_free(text);
    if (!sent || !has_status(ilo, &response, error) || !read_ribcl(ilo, &response, &own, error)) {
        g_prefix_error(error, "%s: ", command->element.name);
        return false;
    }
    if (answer != NULL) {
        *answer = own;
        own = (RibclAnswer){0};
    }
    return true;
}

/* ---- JSON ---- */

/* A URI comes from the iLO, and goes nowhere but to it. */
static bool
check_uri(const char *uri, GError **error)
{
    bool good = uri[0] == '/' && uri[1] != '/' && strlen(uri) <= URI_MAX;
    for (const char *c = uri; good && *c != '\0'; c++)
        good = g_ascii_isgraph(*c);
    return good || steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                              "the iLO names a resource whose URI is no path of its own");
}

static SteelErrorCode
code_of_status(int status)
{
    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].code;
    return STEEL_ERROR_BMC_REFUSED;
}

/* The messages of an error body: HP's, or Redfish's. */
static const json_t *
messages_of(const json_t *body)
{
    const json_t *extended = ilo_at(body, "error/@Message.ExtendedInfo");
    return json_is_array(extended) ? extended : json_object_get(body, "Messages");
}

static const char *
key_of_message(const json_t *message)
{
    const char *id = json_string_member(message, "MessageId");
    if (id == NULL)
        id = json_string_member(message, "MessageID");
    const char *dot = id != NULL ? strrchr(id, '.') : NULL;
    return dot != NULL ? dot + 1 : id;
}

static void
append_word(GString *words, const char *word)
{
    if (word != NULL && *word != '\0')
        g_string_append_printf(words, "%s%s", words->len > 0 ? "; " : "", word);
}

/* "InvalidOperationForSystemState", or the message if the iLO has one. */
static void
append_message(GString *words, const json_t *message)
{
    const char *text = json_string_member(message, "Message");
    append_word(words, text != NULL ? text : key_of_message(message));
    const json_t *arguments = json_object_get(message, "MessageArgs"), *argument;
    size_t i;
    if (text != NULL)
        return;
    json_array_foreach((json_t *)(uintptr_t)arguments, i, argument)
    {
        if (i < MESSAGES_MAX && json_is_string(argument))
            g_string_append_printf(words, "%s%s", i == 0 ? " " : ", ", json_string_value(argument));
    }
}

static char *
shown_words(const Ilo *ilo, GString *words)
{
    if (*ilo->target->password != '\0')
        g_string_replace(words, ilo->target->password, "******", 0);
    for (char *c = words->str; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    if (words->len > WORDS_MAX)
        g_string_truncate(words, WORDS_MAX);
    return g_utf8_make_valid(words->str, -1);
}

static bool
refuse(const Ilo *ilo, int status, const json_t *body, GError **error)
{
    g_autoptr(GString) words = g_string_new(NULL);
    SteelErrorCode code = code_of_status(status);
    const char *advice = NULL;
    const json_t *list = messages_of(body), *message;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)list, i, message)
    {
        if (i == MESSAGES_MAX)
            break;
        append_message(words, message);
        for (size_t row = 0; row < G_N_ELEMENTS(messages); row++)
            if (g_strcmp0(key_of_message(message), messages[row].key) == 0) {
                code = messages[row].code;
                advice = messages[row].advice;
            }
    }
    if (words->len == 0)
        append_word(words, ilo_text_at(body, "error/message"));
    g_autofree char *shown = shown_words(ilo, words);
    if (code == STEEL_ERROR_BMC_AUTH || code == STEEL_ERROR_BMC_BUSY)
        ilo_forget(ilo);
    GError *own = NULL;
    steel_fail(&own, code, "the iLO answers \"%s\" (HTTP status %d)", shown, status);
    if (status == 401)
        note_login(ilo, own);
    if (advice != NULL)
        steel_advise(&own, advice);
    g_propagate_error(error, own);
    return false;
}

/* An object; an empty one if there is no body. */
static json_t *
read_body(const RedfishAnswer *response, GError **error)
{
    static const JsonLimits limits = {32, VALUES_MAX};
    g_autoptr(GError) cause = NULL;
    if (response->body_size == 0)
        return json_object();
    json_t *body = json_text_parse_limited(response->body, response->body_size, &limits, &cause);
    if (json_is_object(body))
        return body;
    json_decref(body);
    /* an error may come as a page of HTML, and its status says enough */
    if (response->status >= 300)
        return json_object();
    steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "the iLO's answer is no JSON object%s%s",
               cause != NULL ? ": " : "", cause != NULL ? cause->message : "");
    return NULL;
}

static bool
take_answer(const Ilo *ilo, RedfishAnswer *response, IloAnswer *answer, GError **error)
{
    json_t *body = read_body(response, error);
    if (body == NULL)
        return false;
    if (response->status >= 300) {
        refuse(ilo, response->status, body, error);
        json_decref(body);
        return false;
    }
    note_login(ilo, NULL);
    *answer = (IloAnswer){response->status, body, g_steal_pointer(&response->etag),
                          g_steal_pointer(&response->allow)};
    return true;
}

/* With the login in the request. */
static bool
send_with_login(const Ilo *ilo, const RedfishRequest *wanted, RedfishAnswer *answer, GError **error)
{
    g_auto(HttpResponse) response = {0};
    g_autofree char *match =
        wanted->if_match != NULL ? g_strdup_printf("If-Match: %s", wanted->if_match) : NULL;
    const char *headers[] = {"OData-Version: 4.0", match, NULL};
    HttpRequest request = {.method = wanted->method,
                           .headers = headers,
                           .body = wanted->body,
                           .body_size = wanted->body != NULL ? strlen(wanted->body) : 0,
                           .username = ilo->target->username,
                           .password = ilo->target->password};
    if (!send(ilo, &request, wanted->path, &response, error))
        return false;
    answer->status = response.status;
    answer->body = g_steal_pointer(&response.body);
    answer->body_size = response.body_size;
    answer->etag = g_strdup(http_response_header(&response, "ETag"));
    answer->allow = g_strdup(http_response_header(&response, "Allow"));
    return true;
}

static RedfishTarget
login_of(const IloTarget *target, const char *address)
{
    return (RedfishTarget){.address = address,
                           .username = target->username,
                           .password = target->password,
                           .insecure = target->insecure,
                           .ca_path = target->ca_file,
                           .may_send = target->may_send,
                           .may_send_user = target->may_send_user,
                           .timeout_ms = (unsigned)time_left(target)};
}

RedfishTarget
ilo_redfish_target(const Ilo *ilo, char **address)
{
    *address = url_of(ilo->target, "");
    return login_of(ilo->target, *address);
}

void
ilo_leave(const IloClient *client, const IloTarget *target)
{
    g_autofree char *address = url_of(target, "");
    const RedfishTarget login = login_of(target, address);
    if (ilo_redfish_client(client) != NULL)
        redfish_client_forget(ilo_redfish_client(client), &login);
}

void
ilo_absolve(const IloClient *client, const IloTarget *target)
{
    BmcGuard *guard = ilo_guard(client);
    g_autofree char *place = url_of(target, "");
    g_autofree char *key = bmc_guard_key(guard, place, target->username, target->password);
    bmc_guard_reached(guard, place);
    bmc_guard_accepted(guard, key);
}

/* In the session that the Redfish client has with the iLO; it minds the guard itself. True also for
 * a refusal, but not that of the login. */
static bool
send_in_session(const Ilo *ilo, const RedfishRequest *wanted, RedfishAnswer *answer, GError **error)
{
    const IloTarget *target = ilo->target;
    g_autoptr(GError) cause = NULL;
    g_autofree char *address = url_of(target, "");
    const RedfishTarget login = login_of(target, address);
    if (login.timeout_ms == 0)
        return steel_fail(error, STEEL_ERROR_BMC_UNREACHABLE,
                          "the time for the iLO to answer is over");
    if (redfish_call(ilo_redfish_client(ilo->client), &login, wanted, answer, &cause) ||
        (answer->status != 0 && answer->status != 401))
        return true;
    ilo_forget(ilo);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
send_json(const Ilo *ilo, const RedfishRequest *wanted, RedfishAnswer *answer, GError **error)
{
    bool sessions = ilo->dialect->actions && ilo_redfish_client(ilo->client) != NULL;
    return sessions ? send_in_session(ilo, wanted, answer, error)
                    : send_with_login(ilo, wanted, answer, error);
}

bool
ilo_request(const Ilo *ilo, const char *method, const char *uri, const json_t *body,
            const char *etag, IloAnswer *answer, GError **error)
{
    g_auto(RedfishAnswer) response = {0};
    g_auto(IloAnswer) own = {0};
    if (!check_uri(uri, error))
        return false;
    char *text = body != NULL ? json_text_dump(body) : NULL;
    const RedfishRequest request = {.method = method, .path = uri, .body = text, .if_match = etag};
    bool sent = send_json(ilo, &request, &response, error);
    secret_free(text);
    if (!sent || !take_answer(ilo, &response, &own, error)) {
        g_prefix_error(error, "%s %s: ", method, uri);
        return false;
    }
    if (answer != NULL) {
        *answer = own;
        own = (IloAnswer){0};
    }
    return true;
}

json_t *
ilo_fetch(const Ilo *ilo, const char *uri, GError **error)
{
    g_auto(IloAnswer) answer = {0};
    return ilo_request(ilo, "GET", uri, NULL, NULL, &answer, error) ? g_steal_pointer(&answer.body)
                                                                    : NULL;
}

bool
ilo_patch(const Ilo *ilo, const char *uri, json_t *body, GError **error)
{
    bool good = ilo_request(ilo, "PATCH", uri, body, NULL, NULL, error);
    json_decref(body);
    return good;
}

bool
ilo_post(const Ilo *ilo, const char *uri, json_t *body, GError **error)
{
    bool good = ilo_request(ilo, "POST", uri, body, NULL, NULL, error);
    json_decref(body);
    return good;
}
