/* Config drives from the API: an object becomes a drive that the check accepts, a text is refused
 * or accepted in bounded memory.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "config_drive/config_drive.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_value(const json_t *drive)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = config_drive_text(drive, "u", "name", &error);
    if ((text == NULL) != (error != NULL) || (json_is_object(drive) && text == NULL))
        abort();
    if (text != NULL && !config_drive_check(text, &error))
        abort();
}

/* Whatever the bytes are: as the content of a text, so that the unpacking is reached. */
static void
check_packed(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_base64_encode(data, size);
    bool good = config_drive_check(text, &error);
    if (good == (error != NULL))
        abort();
    g_autoptr(GByteArray) image = config_drive_image(text, NULL);
    if ((good && !config_drive_is_url(text)) != (image != NULL) ||
        (image != NULL && image->len % 512 != 0))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *drive = json_text_parse((const char *)data, size, 16, NULL);
    if (drive != NULL)
        check_value(drive);
    check_packed(data, size);
    return 0;
}
