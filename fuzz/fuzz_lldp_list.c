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
