/* Words for kernels; the contract is in kernel_words.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/kernel_words.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/secret.h"

#include <string.h>

#define KEY "kernel_append_params"
#define DEFAULT_WORD "%default%"

static const char *
own_words(const Node *node)
{
    const char *of_instance = json_string_member(node->instance_info, KEY);
    const char *own =
        of_instance != NULL ? of_instance : json_string_member(node->driver_info, KEY);
    return own != NULL && *own != '\0' ? own : NULL;
}

char *
kernel_words_of(const Node *node)
{
    return kernel_words_with(node, config_string(config_current(), OPT_PXE_KERNEL_APPEND_PARAMS));
}

char *
kernel_words_with(const Node *node, const char *standard)
{
    const char *own = own_words(node);
    if (standard == NULL)
        standard = "";
    if (own == NULL)
        return g_strdup(standard);
    g_auto(GStrv) parts = g_strsplit(own, DEFAULT_WORD, -1);
    return g_strjoinv(standard, parts);
}

/* A word that would mean something to iPXE, or end the line. */
static bool
is_harmful(const char *word)
{
    if (strstr(word, "${") != NULL || word[0] == '#')
        return true;
    for (const char *c = word; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            return true;
    return strcmp(word, "||") == 0 || strcmp(word, "&&") == 0 || strcmp(word, ";") == 0 ||
           g_str_has_suffix(word, "\\");
}

bool
kernel_words_add(GString *line, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word != NULL; word++) {
        if (is_harmful(*word))
            return false;
        if (**word != '\0')
            g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", *word);
    }
    return true;
}

json_t *
kernel_words_parameters(const char *text)
{
    json_t *parameters = json_object();
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word != NULL; word++) {
        char *value = strchr(*word, '=');
        if (value != NULL)
            *value++ = '\0';
        if (**word != '\0')
            json_object_set_new(parameters, *word, json_string(value != NULL ? value : ""));
    }
    return parameters;
}

bool
kernel_words_add_parameters(GString *line, const json_t *parameters)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)parameters, name, value)
    {
        const char *text = json_string_value(value);
        g_autofree char *word = g_strdup_printf("%s=%s", name, text != NULL ? text : "");
        bool good = strpbrk(word, " \t") == NULL && kernel_words_add(line, word);
        secret_wipe(word, strlen(word));
        if (!good)
            return false;
    }
    return true;
}

char *
kernel_words_card(const char *mac)
{
    g_autofree char *dashed = g_strdelimit(g_strdup(mac), ":", '-');
    return g_strconcat("BOOTIF=01-", dashed, NULL);
}

bool
kernel_words_have(const char *text, const char *beginning)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word != NULL; word++)
        if (g_str_has_prefix(*word, beginning))
            return true;
    return false;
}
