/* transport_url.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/url.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(BusUrl) url = bus_url_parse(text, &error);
    if ((url == NULL) != (error != NULL))
        abort();
    for (guint i = 0; url != NULL && i < url->hosts->len; i++) {
        const BusHost *host = url->hosts->pdata[i];
        if (host->name == NULL || *host->name == '\0' || host->port < 1 || host->port > 65535 ||
            host->user == NULL || host->password == NULL)
            abort();
    }
    if (url != NULL && (url->hosts->len == 0 || url->virtual_host == NULL))
        abort();
    return 0;
}
