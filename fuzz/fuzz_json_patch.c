/* JSON patches from clients: what is checked and applied leaves a record whole, what is refused
 * leaves it as it was.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/json_patch.h"
#include "model/resources.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every member of the type its field says: dumping, copying and comparing must work. */
static void
exercise(const Node *node)
{
    Node *copy = node_copy(node);
    for (size_t i = 0; i < node_resource.field_count; i++) {
        const Field *field = &node_resource.fields[i];
        json_t *value = record_get(node, field);
        g_autofree char *text = json_text_dump(value);
        json_decref(value);
        if (!record_same(field, node, copy))
            abort();
    }
    node_free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *patch = json_text_parse((const char *)data, size, 25, NULL);
    if (patch == NULL)
        return 0;
    g_autoptr(Node) node = node_new();
    record_set_text(&node->driver, "ipmi");
    json_object_set_new(node->extra, "a", json_pack("{s:[i, i]}", "b", 1, 2));
    g_autoptr(Node) before = node_copy(node);
    g_autoptr(GError) error = NULL;
    bool legal = json_patch_check(&node_resource, patch, 82, &error);
    if (legal != (error == NULL))
        abort();
    g_clear_error(&error);
    if (legal) {
        bool applied = json_patch_apply(&node_resource, node, patch, &error);
        if (applied != (error == NULL))
            abort();
        for (size_t i = 0; i < node_resource.field_count && !applied; i++)
            if (!record_same(&node_resource.fields[i], node, before))
                abort();
        if (node->driver == NULL)
            abort();
        exercise(node);
        json_patch_touches(patch, "driver");
        json_patch_clears(patch, "name");
        json_patch_value(patch, "extra");
    }
    json_decref(patch);
    return 0;
}
