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
/* LLDP as agents list it: JSON with values in hexadecimal digits.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/lldp.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *tlvs = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    if (tlvs == NULL)
        return 0;
    json_t *link = json_object(), *all = lldp_read(tlvs);
    lldp_link(tlvs, link);
    char *text = json_dumps(all, 0);
    if (text == NULL) /* what was read is valid JSON, whatever a switch has sent */
        abort();
    free(text);
    json_decref(all);
    json_decref(link);
    json_decref(tlvs);
    return 0;
}
