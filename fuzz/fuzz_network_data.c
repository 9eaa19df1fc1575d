/* network_data.json of a machine without DHCP: whatever it says, the words of a command stay words.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/network/network_plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const NetworkAction *action)
{
    if ((action->argv == NULL) == (action->path == NULL))
        abort();
    for (char **word = action->argv; word != NULL && *word != NULL; word++)
        if (**word == '\0' || strpbrk(*word, " \n'\"$;") != NULL)
            abort();
    if (action->path != NULL && strstr(action->path, "..") != NULL)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const NetworkCard cards[] = {{"eth0", "52:54:00:00:00:01"},
                                        {"eth1", "52:54:00:00:00:02"}};
    g_autoptr(NetworkPlan) plan =
        network_plan_read((const char *)data, size, cards, G_N_ELEMENTS(cards), NULL);
    for (guint i = 0; plan != NULL && i < plan->actions->len; i++)
        check(plan->actions->pdata[i]);
    return 0;
}
