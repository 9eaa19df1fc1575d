/* Faults of the service; the contract is in api_error.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/api_error.h"

#include "common/json_text.h"

#include <string.h>

#define SHOWN_LENGTH 300

static const char *
words_of(const json_t *fault)
{
    const char *words = json_string_member(fault, "faultstring");
    return words != NULL ? words : json_string_member(fault, "title");
}

/* The fault is {"error_message": {...}}, the same with the object as a text, or the object
 * alone. */
static char *
read_words(const json_t *body)
{
    const json_t *inner = json_object_get(body, "error_message");
    json_t *parsed = json_is_string(inner) ? json_text_parse(json_string_value(inner),
                                                             json_string_length(inner), 0, NULL)
                                           : NULL;
    const json_t *fault = parsed != NULL ? parsed : inner != NULL ? inner : body;
    char *words = g_strdup(words_of(fault));
    json_decref(parsed);
    return words;
}

bool
api_error(const HttpResponse *response, AgentErrorCode code, GError **error)
{
    json_t *body = json_text_parse(response->body, response->body_size, 0, NULL);
    g_autofree char *words = read_words(body);
    json_decref(body);
    g_autofree char *start = g_strndup(response->body, SHOWN_LENGTH);
    g_autofree char *shown = g_utf8_make_valid(words != NULL ? words : start, -1);
    return agent_fail(error, code, "Error %d: %.300s", response->status, shown);
}
