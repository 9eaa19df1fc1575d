/* Traits of instances; the contract is in traits.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/traits.h"

#include "common/json_text.h"

static bool
has_trait(const Node *node, const json_t *trait)
{
    size_t index;
    json_t *have;
    json_array_foreach(node->traits, index, have)
    {
        if (json_equal(trait, have))
            return true;
    }
    return false;
}

static bool
malformed(const Node *node, GError **error)
{
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "Error parsing traits from Node %s instance_info field. A list of strings is "
                      "expected.",
                      node->uuid);
}

bool
instance_traits_valid(const Node *node, GError **error)
{
    const json_t *wanted = json_object_get(node->instance_info, "traits");
    g_autoptr(GString) missing = g_string_new(NULL);
    if (json_is_nothing(wanted))
        return true;
    if (!json_is_array(wanted))
        return malformed(node, error);
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        const json_t *trait = json_array_get(wanted, i);
        if (!json_is_string(trait))
            return malformed(node, error);
        if (!has_trait(node, trait))
            g_string_append_printf(missing, "%s%.255s", missing->len > 0 ? ", " : "",
                                   json_string_value(trait));
    }
    return missing->len == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Cannot specify instance traits that are not also set on the node. Node %s "
                      "is missing traits %s",
                      node->uuid, missing->str);
}
