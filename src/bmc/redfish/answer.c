/* Reads answers of Redfish services; the contract is in answer.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/answer.h"

#include "common/time_text.h"

#include <curl/curl.h>
#include <string.h>

enum { WORDS_MAX = 600, ERROR_BODY_MAX = 256 << 10, RETRY_AFTER_MAX_S = 600 };

void
redfish_answer_clear(RedfishAnswer *answer)
{
    g_free(answer->body);
    g_free(answer->etag);
    g_free(answer->location);
    g_free(answer->allow);
    g_free(answer->token);
    g_free(answer->retry_after);
    *answer = (RedfishAnswer){0};
}

json_t *
redfish_answer_document(const RedfishAnswer *answer, GError **error)
{
    const JsonLimits limits = {.depth = REDFISH_DEPTH_MAX, .values = REDFISH_VALUES_MAX};
    g_autoptr(GError) cause = NULL;
    json_t *document = json_text_parse_limited(answer->body != NULL ? answer->body : "",
                                               answer->body_size, &limits, &cause);
    if (json_is_object(document))
        return document;
    json_decref(document);
    steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "the BMC's answer is not a JSON object%s%s",
               cause != NULL ? ": " : "", cause != NULL ? cause->message : "");
    return NULL;
}

/* ---- errors ---- */

/* Texts of a BMC in one line of bounded length. */
static char *
tame(const char *text)
{
    g_autofree char *cut = g_strndup(text, WORDS_MAX);
    char *words = g_utf8_make_valid(cut, -1);
    for (char *c = words; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return g_strstrip(words);
}

/* The body's "error" object; a new reference, NULL if it has none. */
static json_t *
error_object(const RedfishAnswer *answer)
{
    if (answer->body == NULL || answer->body_size > ERROR_BODY_MAX)
        return NULL;
    json_auto_t *document = redfish_answer_document(answer, NULL);
    return json_incref(json_object_get(document, "error"));
}

/* Most BMCs send a list, some a single object. */
static const json_t *
message_at(const json_t *error, size_t index)
{
    const json_t *list = json_object_get(error, "@Message.ExtendedInfo");
    if (json_is_object(list))
        return index == 0 ? list : NULL;
    return json_array_get(list, index);
}

static const char *
message_with(const json_t *error, const char *severity)
{
    const json_t *message;
    for (size_t i = 0; (message = message_at(error, i)) != NULL; i++) {
        const char *own = json_string_member(message, "Severity");
        if (own == NULL)
            own = json_string_member(message, "MessageSeverity");
        const char *text = json_string_member(message, "Message");
        if (text != NULL && (severity == NULL || g_strcmp0(own, severity) == 0))
            return text;
    }
    return NULL;
}

/* What tells most of an error: its most severe message; some have none but an id. */
static const char *
words_of(const json_t *error)
{
    static const char *const severities[] = {"Critical", "Warning", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(severities); i++) {
        const char *text = message_with(error, severities[i]);
        if (text != NULL)
            return text;
    }
    const char *text = json_string_member(error, "message");
    return text != NULL ? text : json_string_member(message_at(error, 0), "MessageId");
}

/* "Base.1.8.GeneralError" says nothing; the message's own id does. */
static const char *
code_of(const json_t *error)
{
    const char *id = json_string_member(message_at(error, 0), "MessageId");
    return id != NULL ? id : json_string_member(error, "code");
}

/* True for "Base.1.8.NAME", "iLO.2.14.NAME" and NAME. */
static bool
id_is(const char *id, const char *name)
{
    const char *last = id != NULL ? strrchr(id, '.') : NULL;
    return id != NULL && strcmp(last != NULL ? last + 1 : id, name) == 0;
}

static bool
relates_to(const json_t *message, const char *property)
{
    const json_t *related;
    size_t i;
    if (property == NULL)
        return true;
    const size_t length = strlen(property);
    json_array_foreach(json_object_get(message, "RelatedProperties"), i, related)
    {
        const char *text = json_string_value(related);
        const size_t own = text != NULL ? strlen(text) : 0;
        if (own >= length && strcmp(text + own - length, property) == 0)
            return true;
    }
    return false;
}

static bool
error_names(const json_t *error, const char *name, const char *property)
{
    const json_t *message;
    for (size_t i = 0; (message = message_at(error, i)) != NULL; i++)
        if (id_is(json_string_member(message, "MessageId"), name) && relates_to(message, property))
            return true;
    return id_is(json_string_member(error, "code"), name) &&
           relates_to(message_at(error, 0), property);
}

bool
redfish_answer_names(const RedfishAnswer *answer, const char *message, const char *property)
{
    json_auto_t *error = error_object(answer);
    return error_names(error, message, property);
}

static SteelErrorCode
code_for(const RedfishAnswer *answer, const json_t *error)
{
    int status = answer->status;
    if (error_names(error, "SessionLimitExceeded", NULL) ||
        error_names(error, "CreateLimitReachedForResource", NULL))
        return STEEL_ERROR_BMC_BUSY;
    if (status == 401 || status == 403)
        return STEEL_ERROR_BMC_AUTH;
    if (status == 408 || status == 429 || (status >= 500 && status != 501))
        return STEEL_ERROR_BMC_BUSY;
    return STEEL_ERROR_BMC_REFUSED;
}

bool
redfish_answer_check(const RedfishAnswer *answer, const char *method, const char *path,
                     GError **error)
{
    if (answer->status >= 200 && answer->status < 300)
        return true;
    json_auto_t *told = error_object(answer);
    const char *raw_words = words_of(told), *raw_code = code_of(told);
    g_autofree char *words = tame(raw_words != NULL ? raw_words : "it does not say why");
    g_autofree char *code = raw_code != NULL ? tame(raw_code) : NULL;
    return steel_fail(error, code_for(answer, told), "%s %s: the BMC answered %d%s%s%s: %s",
                      method != NULL ? method : "GET", path, answer->status,
                      code != NULL ? " (" : "", code != NULL ? code : "", code != NULL ? ")" : "",
                      words);
}

/* ---- links ---- */

/* The part of a URL after scheme and host; a text without them is returned as it is. */
static const char *
after_host(const char *link)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        size_t length = strlen(schemes[i]);
        if (g_ascii_strncasecmp(link, schemes[i], length) != 0)
            continue;
        const char *path = link + length + strcspn(link + length, "/?#");
        return *path != '\0' ? path : "/";
    }
    return link;
}

static bool
is_clean(const char *path)
{
    for (; *path != '\0'; path++)
        if ((unsigned char)*path <= ' ' || *path == 0x7f)
            return false;
    return true;
}

char *
redfish_path(const char *link)
{
    if (link == NULL)
        return NULL;
    const char *path = after_host(link);
    size_t length = strcspn(path, "#");
    if (length == 0 || length > REDFISH_PATH_MAX || strncmp(path, "//", 2) == 0)
        return NULL;
    char *whole = g_strdup_printf("%s%.*s", path[0] == '/' ? "" : "/", (int)length, path);
    if (is_clean(whole))
        return whole;
    g_free(whole);
    return NULL;
}

char *
redfish_link(const json_t *object, const char *name)
{
    return redfish_path(json_string_member(json_object_get(object, name), "@odata.id"));
}

GPtrArray *
redfish_links(const json_t *array)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    const json_t *member;
    size_t i;
    json_array_foreach(array, i, member)
    {
        char *path = redfish_path(json_string_member(member, "@odata.id"));
        if (path != NULL && paths->len < REDFISH_MEMBERS_MAX)
            g_ptr_array_add(paths, path);
        else
            g_free(path);
    }
    return paths;
}

unsigned
redfish_retry_after_s(const RedfishAnswer *answer, unsigned fallback)
{
    guint64 seconds = 0;
    if (answer->retry_after == NULL)
        return fallback;
    if (g_ascii_string_to_unsigned(answer->retry_after, 10, 0, G_MAXUINT32, &seconds, NULL))
        return (unsigned)MIN(seconds, RETRY_AFTER_MAX_S);
    time_t date = curl_getdate(answer->retry_after, NULL);
    int64_t left_s = date < 0 ? (int64_t)fallback : (int64_t)date - time_now_ms() / 1000;
    return (unsigned)CLAMP(left_s, 0, RETRY_AFTER_MAX_S);
}
