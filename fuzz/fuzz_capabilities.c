/* Feeds properties to the reader of capabilities, in each of the forms clients write them; and
 * names to their rules.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/capabilities.h"
#include "model/names.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(json_t *capabilities)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = node_new();
    json_object_set_new(node->properties, "capabilities", capabilities);
    g_autofree char *value = capability_get(node, "iscsi_boot");
    if (capability_is_true(node, "iscsi_boot") && value == NULL)
        abort();
    capability_is_true(node, "fibre_channel_boot");
    const char *mode = capability_boot_mode(node, "bios");
    if (strcmp(mode, "bios") != 0 && strcmp(mode, "uefi") != 0)
        abort();
    if (capabilities_validate(node, &error) != (error == NULL))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    json_t *value = json_text_parse((const char *)data, size, 0, NULL);
    if (value != NULL)
        ask(value);
    json_t *string = json_string(text);
    if (string != NULL)
        ask(string);
    node_name_valid(text, NULL);
    trait_name_valid(text, NULL);
    g_free(mac_address_normalize(text, NULL));
    return 0;
}
