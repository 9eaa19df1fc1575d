/* Boot scripts as a simulated machine reads them, and the URLs in them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/boot_script.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE "http://192.0.2.1:8089/boot/52-54-01-00-00-00.ipxe"

static void
resolve(const char *relative)
{
    g_autofree char *url = relative != NULL ? boot_url_resolve(BASE, relative) : NULL;
    if (url != NULL && strstr(url, "://") == NULL)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_auto(BootScript) script = {0};
    boot_script_read((const char *)data, size, &script);
    if (script.kind == BOOT_SCRIPT_KERNEL && (script.kernel == NULL || script.initramfs == NULL))
        abort();
    resolve(script.kernel);
    resolve(script.initramfs);
    resolve(script.report);
    return 0;
}
