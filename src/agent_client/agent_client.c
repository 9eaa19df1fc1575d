/* Commands to an agent; the contract is in agent_client.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_client/agent_client.h"

#include "common/http_client.h"
#include "common/json_text.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* A list of results has all commands that the agent has run, and a result may contain its log. */
#define ANSWER_LIMIT ((size_t)16 << 20)
/* Limit of an agent's text about a failure, in bytes. */
#define WORDS_LIMIT 1000
#define CONNECT_TIMEOUT_MS 10000

void
agent_result_clear(AgentResult *result)
{
    g_free(result->id);
    g_free(result->command);
    g_free(result->words);
    json_decref(result->result);
    *result = (AgentResult){0};
}

/* ---- certificates ---- */

static char *
digest_of_key(X509 *certificate)
{
    unsigned char *key = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
    bool good =
        length > 0 && EVP_Digest(key, (size_t)length, digest, &size, EVP_sha256(), NULL) == 1;
    OPENSSL_free(key);
    if (!good)
        return NULL;
    g_autofree char *text = g_base64_encode(digest, size);
    return g_strconcat("sha256//", text, NULL);
}

char *
agent_pin(const char *certificate, GError **error)
{
    BIO *memory = BIO_new_mem_buf(certificate, -1);
    X509 *parsed = memory != NULL ? PEM_read_bio_X509(memory, NULL, NULL, NULL) : NULL;
    char *pin = parsed != NULL ? digest_of_key(parsed) : NULL;
    X509_free(parsed);
    BIO_free(memory);
    if (pin == NULL)
        steel_fail(error, STEEL_ERROR_INVALID,
                   "what the agent says of its certificate is no certificate");
    return pin;
}

/* ---- results ---- */

static AgentStatus
status_of(const char *word)
{
    static const struct {
        const char *word;
        AgentStatus status;
    } rows[] = {
        {"RUNNING",                AGENT_STATUS_IS_RUNNING},
        {"SUCCEEDED",              AGENT_STATUS_IS_SUCCEEDED},
        {"FAILED",                 AGENT_STATUS_IS_FAILED},
        {"CLEAN_VERSION_MISMATCH", AGENT_STATUS_IS_MISMATCH},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_strcmp0(rows[i].word, word) == 0)
            return rows[i].status;
    return AGENT_STATUS_IS_UNKNOWN;
}

/* At most WORDS_LIMIT bytes, on one line. */
static char *
bounded(const char *words)
{
    char *copy = g_utf8_substring(words, 0, MIN(g_utf8_strlen(words, -1), WORDS_LIMIT));
    return g_strdelimit(g_strstrip(copy), "\r\n\t", ' ');
}

/* A fault is {"type", "code", "message", "details"}, or a text. */
static char *
words_of(const json_t *error)
{
    const char *message = json_string_member(error, "message");
    const char *details = json_string_member(error, "details");
    if (json_is_string(error))
        return bounded(json_string_value(error));
    if (message == NULL || details == NULL || strstr(details, message) != NULL)
        return bounded(details != NULL ? details : message != NULL ? message : "no reason given");
    g_autofree char *both = g_strdup_printf("%s: %s", message, details);
    return bounded(both);
}

/* What a person can do about it; NULL: nothing is known. */
static const char *
advice_of(const json_t *error)
{
    static const struct {
        const char *type, *advice;
    } rows[] = {
#define ADVICE(type, advice) {type, advice},
#include "agent_client/advice.def"
#undef ADVICE
    };
    const char *type = json_string_member(error, "type");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_strcmp0(rows[i].type, type) == 0)
            return rows[i].advice;
    return NULL;
}

static char *
words_with_advice(const json_t *error)
{
    g_autofree char *words = words_of(error);
    const char *advice = advice_of(error);
    return advice != NULL ? g_strdup_printf("%s; %s", words, advice) : g_steal_pointer(&words);
}

void
agent_result_read(const json_t *object, AgentResult *out)
{
    out->id = g_strdup(json_string_member(object, "id"));
    out->command = g_strdup(json_string_member(object, "command_name"));
    out->status = status_of(json_string_member(object, "command_status"));
    if (out->status == AGENT_STATUS_IS_FAILED)
        out->words = words_with_advice(json_object_get(object, "command_error"));
    json_t *result = json_object_get(object, "command_result");
    if (!json_is_null(result))
        out->result = json_incref(result);
}

/* ---- requests ---- */

static char *
address_of(const AgentPeer *peer, const char *path, const char *argument)
{
    g_autofree char *token = peer->token != NULL ? http_escape(peer->token) : NULL;
    size_t length = strlen(peer->url);
    while (length > 0 && peer->url[length - 1] == '/')
        length--;
    return g_strdup_printf("%.*s/v1/%s?%s%s%s", (int)length, peer->url, path, argument,
                           token != NULL ? "agent_token=" : "", token != NULL ? token : "");
}

/* The agent's reason for refusing a command. */
static bool
refused(const AgentPeer *peer, const HttpResponse *answer, GError **error)
{
    json_auto_t *body = json_text_parse(answer->body, answer->body_size, 0, NULL);
    const char *fault = json_string_member(body, "faultstring");
    g_autofree char *words = bounded(fault != NULL ? fault : "no reason given");
    g_autofree char *url = http_url_for_display(peer->url);
    if (answer->status == 409)
        return steel_fail(error, STEEL_ERROR_AGENT_BUSY, "the agent at %s is busy: %s", url, words);
    if (answer->status == 401)
        return steel_fail(error, STEEL_ERROR_AGENT_REFUSED,
                          "the agent at %s does not know the token of this boot: %s", url, words);
    return steel_fail(error, STEEL_ERROR_AGENT_REFUSED,
                      "the agent at %s does not take the command (status %d): %s", url,
                      answer->status, words);
}

static json_t *
read_answer(const AgentPeer *peer, const HttpResponse *answer, GError **error)
{
    g_autofree char *url = http_url_for_display(peer->url);
    if (answer->status != 200) {
        refused(peer, answer, error);
        return NULL;
    }
    json_t *body = json_text_parse(answer->body, answer->body_size, 0, NULL);
    if (json_is_object(body))
        return body;
    json_decref(body);
    steel_fail(error, STEEL_ERROR_AGENT_REFUSED, "the agent at %s answers something else than JSON",
               url);
    return NULL;
}

/* Sends a request as the agent wants it. */
static bool
send_request(const AgentPeer *peer, HttpRequest *request, HttpResponse *answer, GError **error)
{
    g_autofree char *pin = NULL;
    if (peer->certificate != NULL && *peer->certificate != '\0') {
        pin = agent_pin(peer->certificate, error);
        if (pin == NULL)
            return false;
    }
    request->pinned_key = pin;
    request->ca_file = peer->ca_file;
    request->insecure = peer->insecure;
    request->timeout_ms = peer->timeout_ms;
    request->connect_timeout_ms = MIN(CONNECT_TIMEOUT_MS, peer->timeout_ms);
    request->body_limit = ANSWER_LIMIT;
    return http_request(request, answer, error);
}

/* Returns the body of the answer, or NULL with an error. */
static json_t *
ask(const AgentPeer *peer, HttpRequest *request, GError **error)
{
    g_auto(HttpResponse) answer = {0};
    return send_request(peer, request, &answer, error) ? read_answer(peer, &answer, error) : NULL;
}

bool
agent_command(const AgentPeer *peer, const char *name, const json_t *params, bool wait,
              AgentResult *out, GError **error)
{
    json_auto_t *given = params != NULL ? json_deep_copy(params) : json_object();
    json_auto_t *command = json_pack("{s:s,s:O}", "name", name, "params", given);
    g_autofree char *body = json_text_dump(command);
    g_autofree char *url = address_of(peer, "commands/", wait ? "wait=true&" : "wait=false&");
    HttpRequest request = {.method = "POST", .url = url, .body = body, .body_size = strlen(body)};
    json_auto_t *answer = ask(peer, &request, error);
    if (answer == NULL) {
        g_prefix_error(error, "%s: ", name);
        return false;
    }
    agent_result_read(answer, out);
    return true;
}

bool
agent_last_command(const AgentPeer *peer, AgentResult *out, GError **error)
{
    g_autofree char *url = address_of(peer, "commands/", "");
    HttpRequest request = {.url = url};
    json_auto_t *answer = ask(peer, &request, error);
    if (answer == NULL)
        return false;
    const json_t *commands = json_object_get(answer, "commands");
    size_t count = json_array_size(commands);
    if (count > 0)
        agent_result_read(json_array_get(commands, count - 1), out);
    return true;
}

/* ---- its log ---- */

/* What an agent says of itself is shown to people: it is text. */
static char *
text_of(const HttpResponse *answer)
{
    return g_utf8_make_valid(answer->body, (gssize)answer->body_size);
}

bool
agent_log(const AgentPeer *peer, char **text, int64_t *offset, GError **error)
{
    g_auto(HttpResponse) answer = {0};
    g_autofree char *argument = g_strdup_printf("offset=%" G_GINT64_FORMAT "&", *offset);
    g_autofree char *url = address_of(peer, "log", argument);
    HttpRequest request = {.url = url};
    if (!send_request(peer, &request, &answer, error))
        return false;
    const char *next = http_response_header(&answer, "X-Log-Offset");
    if (answer.status == 404 || (answer.status == 200 && next == NULL))
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "the agent has no log that can be read while it runs: it is not Steel's");
    if (answer.status != 200)
        return refused(peer, &answer, error);
    *offset = MAX(g_ascii_strtoll(next, NULL, 10), 0);
    *text = text_of(&answer);
    return true;
}
