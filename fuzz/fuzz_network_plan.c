/* Network data on a disc, in any shape: the plan has no word that means anything to a shell.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/network_plan.h"

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char harmless[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/ \n";
    g_autoptr(GError) error = NULL;
    g_autofree char *plan = network_plan((const char *)data, size, &error);
    if ((plan == NULL) != (error != NULL))
        abort();
    if (plan != NULL && (plan[strspn(plan, harmless)] != '\0' || strstr(plan, "\n\n") != NULL))
        abort();
    return 0;
}
