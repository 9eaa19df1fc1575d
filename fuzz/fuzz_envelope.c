/* Envelopes of a database that somebody has changed: none opens but that which was sealed for the
 * place, and no byte beyond the text is read.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/envelope.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const SealPlace place = {"nodes", "1be26c0b-03f2-4d2e-ae87-c02d7f33c123", "driver_info",
                                "ipmi_password"};

static void
open_exactly(const SealKey *key, const char *text, size_t size)
{
    char *exact = malloc(size > 0 ? size : 1);
    char id[SEAL_ID_SIZE];
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    if (size > 0)
        memcpy(exact, text, size);
    if (envelope_open(out, key, &place, exact, size, &error)) {
        g_autoptr(GString) again = g_string_new(NULL);
        envelope_append(again, key, &place, out->str, out->len);
        if (out->len > 4096 || error != NULL || !envelope_key_id(exact, size, id))
            abort();
    } else if (error == NULL || out->len > 0) {
        abort();
    }
    free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char bytes[SEAL_KEY_SIZE] = {1, 2, 3};
    static SealKey *key;
    if (key == NULL)
        key = seal_key_new(bytes);
    open_exactly(key, (const char *)data, size);
    /* What is sealed opens, whatever it is. */
    g_autoptr(GString) envelope = g_string_new(NULL), opened = g_string_new(NULL);
    envelope_append(envelope, key, &place, (const char *)data, size);
    if (!envelope_open(opened, key, &place, envelope->str, envelope->len, NULL) ||
        opened->len != size || memcmp(opened->str, data, size) != 0)
        abort();
    return 0;
}
