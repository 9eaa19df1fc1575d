/* Feeds text to the reader of times: what is taken must read the same after it was written.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/time_text.h"
#include "common/uuid.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    int64_t milliseconds = 0, again = 0;
    char buffer[TIME_TEXT_SIZE];
    uuid_valid(text);
    if (!time_parse_ms(text, &milliseconds))
        return 0;
    time_text_ms(milliseconds, buffer);
    if (!time_parse_ms(buffer, &again) || again != milliseconds)
        abort();
    return 0;
}
