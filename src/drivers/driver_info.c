/* The contract is in driver_info.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/driver_info.h"

#include "common/json_text.h"
#include "model/resources.h"

bool
driver_info_invalid(const char *key, const char *expected, GError **error)
{
    return steel_fail(error, STEEL_ERROR_INVALID, "driver_info %s must be %s", key, expected);
}

bool
driver_info_text(const Node *node, const char *key, char **text, GError **error)
{
    const json_t *value = json_object_get(node->driver_info, key);
    if (json_is_number(value))
        *text = json_text_dump(value);
    else if (json_is_string(value) && *json_string_value(value) != '\0')
        *text = g_strdup(json_string_value(value));
    else if (value != NULL && !json_is_null(value) && !json_is_string(value))
        return driver_info_invalid(key, "a string", error);
    return true;
}

bool
driver_info_port(const Node *node, const char *key, uint16_t *port, GError **error)
{
    const json_t *value = json_object_get(node->driver_info, key);
    int64_t number = 0;
    if (value == NULL || json_is_null(value))
        return true;
    if (!json_integer_member(node->driver_info, key, &number) || number < 1 || number > UINT16_MAX)
        return driver_info_invalid(key, "a port number, 1 to 65535", error);
    *port = (uint16_t)number;
    return true;
}
