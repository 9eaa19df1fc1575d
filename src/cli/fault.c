/* Decoding error answers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/fault.h"
#include "common/json_text.h"
#include <jansson.h>
#include <string.h>

static const struct {
    int status;
    SteelErrorCode code;
    const char *words;
} rows[] = {
    {400, STEEL_ERROR_BAD_REQUEST,        "Bad Request"},
    {401, STEEL_ERROR_UNAUTHORIZED,       "Unauthorized"},
    {403, STEEL_ERROR_FORBIDDEN,          "Forbidden"},
    {404, STEEL_ERROR_NOT_FOUND,          "Not Found"},
    {405, STEEL_ERROR_METHOD_NOT_ALLOWED, "Method Not Allowed"},
    {406, STEEL_ERROR_NOT_ACCEPTABLE,     "Not Acceptable"},
    {409, STEEL_ERROR_CONFLICT,           "Conflict"},
    {413, STEEL_ERROR_TOO_LARGE,          "Request Too Large"},
    {500, STEEL_ERROR_INTERNAL,           "Internal Server Error"},
    {502, STEEL_ERROR_HTTP,               "Bad Gateway"},
    {503, STEEL_ERROR_NO_CONDUCTOR,       "Service Unavailable"},
    {504, STEEL_ERROR_HTTP,               "Gateway Timeout"},
};

/* The first member of an object that is a text with something in it. */
static const char *
first_text(const json_t *object, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const char *text = json_string_member(object, *keys);
        if (text != NULL && text[0] != '\0')
            return text;
    }
    return NULL;
}

/* The message inside error_message, which is an object, JSON text or plain text. */
static char *
inner_text(const json_t *message)
{
    static const char *const keys[] = {"faultstring", "description", "message", "title", NULL};
    if (json_is_object(message))
        return g_strdup(first_text(message, keys));
    const char *text = json_string_value(message);
    if (text == NULL || text[0] == '\0')
        return NULL;
    json_auto_t *inner = json_text_parse(text, strlen(text), 0, NULL);
    const char *found = json_is_object(inner) ? first_text(inner, keys) : NULL;
    return g_strdup(found != NULL ? found : text);
}

char *
fault_text(const char *body, size_t size, int status)
{
    static const char *const keys[] = {"faultstring", "message", "detail", NULL};
    json_auto_t *document = json_text_parse(body, size, 0, NULL);
    char *text = inner_text(json_object_get(document, "error_message"));
    if (text == NULL)
        text = inner_text(json_object_get(document, "error"));
    if (text == NULL && json_is_object(document))
        text = g_strdup(first_text(document, keys));
    if (text != NULL)
        return g_strstrip(text);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].status == status)
            return g_strdup(rows[i].words);
    }
    return g_strdup("The service refused");
}

bool
fault_set(const char *body, size_t size, int status, GError **error)
{
    g_autofree char *text = fault_text(body, size, status);
    SteelErrorCode code = STEEL_ERROR_HTTP;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].status == status)
            code = rows[i].code;
    }
    return steel_fail(error, code, "%s (HTTP %d)", text, status);
}
