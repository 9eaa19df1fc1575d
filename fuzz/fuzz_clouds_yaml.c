/* clouds.yaml, step files and create files: parsed, one cloud selected, and written again as YAML,
 * which must read back as the same value.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cloud_config.h"
#include "common/yaml_text.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *value = yaml_text_parse((const char *)data, size, NULL);
    if (value == NULL)
        return 0;
    json_auto_t *cloud = cloud_config_select(value, value, "lab", NULL);
    if (cloud != NULL)
        g_free(cloud_value(cloud, "auth.username"));
    g_autoptr(GString) text = g_string_new(NULL);
    yaml_text_append(text, value);
    json_auto_t *again = yaml_text_parse(text->str, text->len, NULL);
    if (again == NULL || !json_equal(value, again))
        abort();
    return 0;
}
