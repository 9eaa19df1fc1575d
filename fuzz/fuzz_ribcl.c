/* What an iLO answers over RIBCL. SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ribcl.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD "Pa55&word"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
count(const RibclNode *node, unsigned depth)
{
    size_t sum = 1;
    if (node->name == NULL || node->attributes == NULL || depth > RIBCL_DEPTH_MAX)
        abort();
    for (guint i = 0; node->children != NULL && i < node->children->len; i++)
        sum += count(node->children->pdata[i], depth + 1);
    return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_auto(RibclAnswer) answer = {0};
    g_autoptr(GError) error = NULL;
    bool good = ribcl_answer_read((const char *)data, size, PASSWORD, &answer, &error);
    if (good != (error == NULL))
        abort();
    if (!good && (strstr(error->message, PASSWORD) != NULL || answer.data != NULL))
        abort();
    if (good && answer.data != NULL && count(answer.data, 1) > RIBCL_ELEMENTS_MAX)
        abort();
    return 0;
}
