/* Values at paths of a resource; the contract is in ilo_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

const json_t *
ilo_at(const json_t *resource, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", 0);
    for (char **name = names; resource != NULL && *name != NULL; name++)
        resource = json_object_get(resource, *name);
    return resource;
}

const char *
ilo_text_at(const json_t *resource, const char *path)
{
    return json_string_value(ilo_at(resource, path));
}
