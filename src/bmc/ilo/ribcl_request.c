/* Writes RIBCL requests; the contract is in ribcl.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ribcl.h"

#include "common/secret.h"

#include <string.h>

/* XML 1.0 has no way to write them, and a value of RIBCL has no use for a tab or a line. */
static bool
is_writable(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return false;
    for (; *text != '\0'; text = g_utf8_find_next_char(text, NULL))
        if (g_unichar_iscntrl(g_utf8_get_char(text)))
            return false;
    return true;
}

static bool
append_value(GString *xml, const char *name, const char *value, GError **error)
{
    if (!is_writable(value))
        return steel_fail(
            error, STEEL_ERROR_INVALID,
            "%s has a character that cannot be sent to an iLO: it must be valid UTF-8 "
            "without control characters",
            name);
    char *escaped = g_markup_escape_text(value, -1);
    g_string_append_printf(xml, " %s=\"%s\"", name, escaped);
    secret_free(escaped);
    return true;
}

static bool
append_element(GString *xml, const RibclElement *element, GError **error)
{
    g_string_append_printf(xml, "<%s", element->name);
    for (const char *const *pair = element->attributes; pair != NULL && *pair != NULL; pair += 2)
        if (!append_value(xml, pair[0], pair[1], error))
            return false;
    if (element->children == NULL) {
        g_string_append(xml, "/>");
        return true;
    }
    g_string_append(xml, ">");
    for (const RibclElement *child = element->children; child->name != NULL; child++)
        if (!append_element(xml, child, error))
            return false;
    g_string_append_printf(xml, "</%s>", element->name);
    return true;
}

/* The login has a line of its own: the iLO repeats the line in which it finds a mistake. */
static bool
append_request(GString *xml, const char *username, const char *password,
               const RibclCommand *command, GError **error)
{
    g_string_append(xml, "<RIBCL VERSION=\"2.0\">\r\n<LOGIN");
    if (!append_value(xml, "USER_LOGIN", username, error) ||
        !append_value(xml, "PASSWORD", password, error))
        return false;
    g_string_append_printf(xml, ">\r\n<%s MODE=\"%s\">", command->block,
                           command->write ? "write" : "read");
    if (!append_element(xml, &command->element, error))
        return false;
    g_string_append_printf(xml, "</%s>\r\n</LOGIN>\r\n</RIBCL>\r\n", command->block);
    return true;
}

char *
ribcl_request(const char *username, const char *password, const RibclCommand *command,
              GError **error)
{
    /* Large enough that no copy of the password stays behind in memory that was moved. */
    GString *xml = g_string_sized_new(2048 + 6 * (strlen(username) + strlen(password)));
    bool good = append_request(xml, username, password, command, error);
    char *text = g_string_free(xml, FALSE);
    if (good)
        return text;
    secret_free(text);
    return NULL;
}
