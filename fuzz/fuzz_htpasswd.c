/* Feeds password files to their parser: nothing but bcrypt of a bearable cost may come through, and
 * no hash into a message.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/htpasswd.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *warnings = NULL;
    g_autoptr(Htpasswd) htpasswd = htpasswd_parse("f", (const char *)data, size, &warnings, &error);
    if ((htpasswd == NULL) == (error == NULL))
        abort();
    if (htpasswd == NULL)
        return 0;
    if (htpasswd_count(htpasswd) > HTPASSWD_USER_LIMIT)
        abort();
    if (warnings != NULL && strchr(warnings, '$') != NULL)
        abort();
    return 0;
}
