/* Rules for names and addresses; the contract is in names.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/names.h"

#include "common/uuid.h"

#include <ctype.h>
#include <string.h>

static bool
only_of(const char *text, const char *punctuation)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && strchr(punctuation, *p) == NULL)
            return false;
    return true;
}

bool
runbook_name_valid(const char *name, GError **error)
{
    size_t length = strlen(name);
    if (length == 0 || length > 255 || !only_of(name, "._~-"))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "'%.80s' is not a name: 1 to 255 letters, digits and . _ ~ - are allowed",
                          name);
    return !uuid_valid(name) || steel_fail(error, STEEL_ERROR_INVALID,
                                           "a name may not have the form of a UUID: '%s'", name);
}

bool
node_name_valid(const char *name, GError **error)
{
    static const char *const reserved[] = {"maintenance",     "management", "states",
                                           "vendor_passthru", "detail",     "validate"};
    if (!runbook_name_valid(name, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(reserved); i++)
        if (strcmp(name, reserved[i]) == 0)
            return steel_fail(error, STEEL_ERROR_INVALID, "the name '%s' is reserved", name);
    return true;
}

bool
trait_name_valid(const char *name, GError **error)
{
    size_t length = strlen(name);
    bool alphabet = true;
    for (const char *p = name; *p != '\0' && alphabet; p++)
        alphabet = g_ascii_isupper(*p) || g_ascii_isdigit(*p) || *p == '_';
    static const char *const standard[] = {"CUSTOM_",  "HW_",   "COMPUTE_",
                                           "STORAGE_", "MISC_", "OWNER_"};
    bool known = false;
    for (size_t i = 0; i < G_N_ELEMENTS(standard) && !known; i++)
        known = g_str_has_prefix(name, standard[i]) && length > strlen(standard[i]);
    if (!alphabet || !known || length > 255)
        return steel_fail(
            error, STEEL_ERROR_INVALID,
            "'%.80s' is not a trait: a standard trait, or CUSTOM_ followed by A-Z, 0-9 and _",
            name);
    return true;
}

bool
trait_list_valid(const json_t *traits, GError **error)
{
    if (!json_is_array(traits))
        return steel_fail(error, STEEL_ERROR_INVALID, "traits must be an array of trait names");
    if (json_array_size(traits) > TRAITS_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID, "there may be at most %d traits",
                          TRAITS_LIMIT);
    size_t index;
    json_t *trait;
    json_array_foreach(traits, index, trait)
    {
        if (!json_is_string(trait))
            return steel_fail(error, STEEL_ERROR_INVALID, "trait %zu is not a string", index);
        if (!trait_name_valid(json_string_value(trait), error))
            return false;
    }
    return true;
}

char *
mac_address_normalize(const char *text, GError **error)
{
    bool good = strlen(text) == 17;
    for (int i = 0; good && i < 17; i++)
        good = i % 3 == 2 ? text[i] == ':' || text[i] == '-' : g_ascii_isxdigit(text[i]);
    if (!good) {
        steel_fail(error, STEEL_ERROR_INVALID, "'%.80s' is not a MAC address (aa:bb:cc:dd:ee:ff)",
                   text);
        return NULL;
    }
    char *address = g_ascii_strdown(text, -1);
    g_strdelimit(address, "-", ':');
    return address;
}
