/* Feeds text to the JSON parser: what is taken must read the same after it was written, and any
 * text must survive as a JSON string.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition)
        abort();
}

static void
read_and_write(const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, size, 0, &error);
    require((value == NULL) == (error != NULL));
    if (value == NULL)
        return;
    g_autofree char *written = json_text_dump(value);
    json_t *again = json_text_parse(written, strlen(written), 0, &error);
    require(again != NULL && json_equal(value, again));
    int64_t number;
    json_is_truthy(value);
    json_integer_member(value, "a", &number);
    json_string_member(value, "a");
    json_decref(value);
    json_decref(again);
}

static void
write_and_read(const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    json_text_append_string_size(out, text, size);
    json_t *value = json_text_parse(out->str, out->len, 0, &error);
    if (g_utf8_validate(text, (gssize)size, NULL)) /* which takes no NUL either */
        require(value != NULL && json_string_length(value) == size &&
                memcmp(json_string_value(value), text, size) == 0);
    json_decref(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_and_write((const char *)data, size);
    write_and_read((const char *)data, size);
    return 0;
}
