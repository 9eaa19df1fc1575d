/* Masking while copying must say what masking the parsed value says, and never read beyond the
 * text.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/mask.h"
#include "common/json_text.h"
#include "model/secrets.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GString) raw = g_string_new(NULL);
    mask_append(raw, (const char *)data, size);
    json_t *value = json_text_parse((const char *)data, size, 0, NULL);
    if (value == NULL)
        return 0;
    g_autofree char *stored = json_text_dump(value);
    g_autoptr(GString) out = g_string_new(NULL);
    mask_append(out, stored, strlen(stored));
    secret_mask(value);
    g_autofree char *expected = json_text_dump(value);
    json_decref(value);
    if (strcmp(out->str, expected) != 0)
        abort();
    return 0;
}
