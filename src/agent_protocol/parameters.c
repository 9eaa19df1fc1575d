/* Words of the kernel's command line; the contract is in parameters.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/parameters.h"

#include "common/json_text.h"
#include "common/secret.h"

#include <string.h>

struct Parameters {
    char *values[AGENT_PARAMETER_COUNT]; /* owned; NULL: the default */
};

Parameters *
parameters_new(void)
{
    return g_new0(Parameters, 1);
}

void
parameters_free(Parameters *parameters)
{
    if (parameters == NULL)
        return;
    for (size_t i = 0; i < AGENT_PARAMETER_COUNT; i++)
        secret_free(parameters->values[i]);
    g_free(parameters);
}

static bool
is_integer(const char *text)
{
    int64_t number;
    return g_ascii_string_to_signed(text, 10, 0, INT32_MAX, &number, NULL);
}

static bool
fits(const AgentParameterInfo *info, const char *value, GError **error)
{
    bool truth;
    if (info->type == AGENT_PARAMETER_TYPE_INTEGER && !is_integer(value))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s: '%.40s' is no number of 0 or more",
                          info->name, value);
    if (info->type == AGENT_PARAMETER_TYPE_BOOLEAN && !json_boolean_word(value, &truth))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s: '%.40s' is neither true nor false",
                          info->name, value);
    return true;
}

static bool
find(const char *name, size_t length, AgentParameter *parameter)
{
    for (size_t i = 0; i < AGENT_PARAMETER_COUNT; i++) {
        const char *known = agent_parameter_info((AgentParameter)i)->name;
        if (strlen(known) == length && strncmp(known, name, length) == 0) {
            *parameter = (AgentParameter)i;
            return true;
        }
    }
    return false;
}

/* The value without quotes around it. */
static char *
unquote(const char *value)
{
    size_t length = strlen(value);
    bool quoted = length >= 2 && value[0] == '"' && value[length - 1] == '"';
    return quoted ? g_strndup(value + 1, length - 2) : g_strdup(value);
}

static bool
take_word(Parameters *parameters, const char *word, GError **error)
{
    AgentParameter parameter;
    const char *equals = strchr(word, '=');
    if (equals == NULL || !find(word, (size_t)(equals - word), &parameter))
        return true;
    char *value = unquote(equals + 1);
    if (!fits(agent_parameter_info(parameter), value, error)) {
        secret_free(value);
        return false;
    }
    secret_free(parameters->values[parameter]);
    parameters->values[parameter] = value;
    return true;
}

/* The end of the word that begins here; a word may have blanks inside quotes. */
static const char *
word_end(const char *at, const char *end)
{
    bool quoted = false;
    for (; at < end && (quoted || !g_ascii_isspace(*at)); at++)
        if (*at == '"')
            quoted = !quoted;
    return at;
}

bool
parameters_read(Parameters *parameters, const char *text, size_t size, GError **error)
{
    const char *at = text, *end = text + MIN(size, PARAMETERS_TEXT_LIMIT);
    bool good = true;
    while (at < end) {
        const char *stop = word_end(at, end);
        char *word = g_strndup(at, (size_t)(stop - at));
        good = take_word(parameters, word, good ? error : NULL) && good;
        secret_free(word);
        at = stop + (stop < end);
    }
    return good;
}

const char *
parameters_string(const Parameters *parameters, AgentParameter parameter)
{
    const char *value = parameters->values[parameter];
    return value != NULL ? value : agent_parameter_info(parameter)->preset;
}

int64_t
parameters_integer(const Parameters *parameters, AgentParameter parameter)
{
    const char *value = parameters_string(parameters, parameter);
    return value != NULL ? g_ascii_strtoll(value, NULL, 10) : 0;
}

bool
parameters_boolean(const Parameters *parameters, AgentParameter parameter)
{
    bool truth = false;
    const char *value = parameters_string(parameters, parameter);
    if (value != NULL)
        json_boolean_word(value, &truth);
    return truth;
}
