/* What switches send, taken apart. SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/lldp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *list = lldp_parse(data, size), *pair;
    size_t i, told = 0;
    json_array_foreach(list, i, pair)
    {
        json_int_t type = json_integer_value(json_array_get(pair, 0));
        if (type < 1 || type > 127 || !json_is_string(json_array_get(pair, 1)))
            abort();
        told += strlen(json_string_value(json_array_get(pair, 1))) / 2;
    }
    if (told > size)
        abort();
    json_decref(list);
    return 0;
}
