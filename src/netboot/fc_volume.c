/* Fibre Channel volumes; the contract is in fc_volume.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/fc_volume.h"

#include <stdint.h>
#include <string.h>

#define WWN_DIGITS 16
#define LUN_FLAT_SPACE 0x4000u /* SAM-5, 4.7.7.3 */

/* The names as text, one per path; the caller frees. NULL if an item is no string. */
static char **
names_of(const json_t *value)
{
    if (json_is_string(value))
        return g_strsplit(json_string_value(value), ",", FC_PATH_LIMIT + 1);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)(uintptr_t)value, i, item)
    {
        if (!json_is_string(item))
            return NULL;
        g_ptr_array_add(names, g_strdup(json_string_value(item)));
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* "50:06:01:60:3b:a0:1c:2d" for any spelling of a name; NULL if the text is no name. */
static char *
normal_wwn(const char *text)
{
    g_autoptr(GString) wwn = g_string_new(NULL);
    unsigned digits = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if ((*c == ':' || *c == '-') && digits % 2 == 0 && digits > 0)
            continue;
        if (!g_ascii_isxdigit(*c) || ++digits > WWN_DIGITS)
            return NULL;
        if (digits % 2 == 1 && digits > 1)
            g_string_append_c(wwn, ':');
        g_string_append_c(wwn, g_ascii_tolower(*c));
    }
    return digits == WWN_DIGITS ? g_string_free(g_steal_pointer(&wwn), FALSE) : NULL;
}

static bool
read_lun(const json_t *value, unsigned *lun, GError **error)
{
    json_int_t number = value == NULL ? 0 : -1;
    const char *text = json_string_value(value);
    if (json_is_integer(value))
        number = json_integer_value(value);
    else if (text != NULL && text[0] != '\0' && strlen(text) <= 5 &&
             strspn(text, "0123456789") == strlen(text))
        number = g_ascii_strtoll(text, NULL, 10);
    if (number < 0 || number > FC_LUN_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "target_lun must be a logical unit number from 0 to %d", FC_LUN_LIMIT);
    *lun = (unsigned)(number <= 0xff ? number : LUN_FLAT_SPACE | number);
    return true;
}

static bool
add_uri(GPtrArray *uris, const char *name, unsigned lun, GError **error)
{
    g_autofree char *trimmed = g_strstrip(g_strdup(name));
    g_autofree char *wwn = normal_wwn(trimmed);
    if (wwn == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "target_wwn must be world wide names of 16 hexadecimal digits such as "
                          "50:06:01:60:3b:a0:1c:2d, not \"%.40s\"",
                          trimmed);
    g_ptr_array_add(uris, g_strdup_printf("fcp:%s:%x", wwn, lun));
    return true;
}

static char **
read_names(const json_t *properties, GError **error)
{
    const json_t *value = json_object_get(properties, "target_wwn");
    if (value == NULL) {
        steel_fail(error, STEEL_ERROR_MISSING, "target_wwn is missing");
        return NULL;
    }
    g_auto(GStrv) names = names_of(value);
    unsigned count = names != NULL ? g_strv_length(names) : 0;
    if (count > 0 && count <= FC_PATH_LIMIT)
        return g_steal_pointer(&names);
    steel_fail(error, STEEL_ERROR_INVALID,
               "target_wwn must be a string or a list of 1 to %d strings", FC_PATH_LIMIT);
    return NULL;
}

char **
fc_volume_uris(const json_t *properties, GError **error)
{
    g_autoptr(GPtrArray) uris = g_ptr_array_new_with_free_func(g_free);
    unsigned lun = 0;
    g_auto(GStrv) names = read_names(properties, error);
    if (names == NULL || !read_lun(json_object_get(properties, "target_lun"), &lun, error))
        return NULL;
    for (char **name = names; *name != NULL; name++)
        if (!add_uri(uris, *name, lun, error))
            return NULL;
    g_ptr_array_add(uris, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&uris), FALSE);
}
