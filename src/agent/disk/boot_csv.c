/* Reads how a system wants to be started; the contract is in boot_csv.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/boot_csv.h"

#include <string.h>

#define LABEL_LIMIT 64

/* UTF-16 with or without a mark, else UTF-8. The caller frees; NULL: it is neither. */
static char *
text_of(const uint8_t *bytes, size_t size)
{
    bool marked = size >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe;
    bool wide = marked || (size >= 2 && bytes[1] == 0);
    if (marked)
        bytes += 2, size -= 2;
    char *text = wide ? g_convert((const char *)bytes, (gssize)(size & ~(size_t)1), "UTF-8",
                                  "UTF-16LE", NULL, NULL, NULL)
                      : g_strndup((const char *)bytes, size);
    if (text != NULL && g_utf8_validate(text, -1, NULL))
        return text;
    g_free(text);
    return NULL;
}

/* The name of a file of EFI in this folder. */
static bool
is_loader(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && length < 64 && strpbrk(name, "/\\:*?\"<>|") == NULL &&
           g_ascii_strcasecmp(name + length - 4, ".efi") == 0;
}

bool
boot_csv_parse(const uint8_t *bytes, size_t size, char **loader, char **label)
{
    g_autofree char *text = text_of(bytes, MIN(size, BOOT_CSV_LIMIT));
    if (text == NULL)
        return false;
    text[strcspn(text, "\r\n")] = '\0';
    g_auto(GStrv) fields = g_strsplit(text, ",", 4);
    if (g_strv_length(fields) < 2)
        return false;
    g_strstrip(fields[0]);
    g_strstrip(fields[1]);
    if (!is_loader(fields[0]) || *fields[1] == '\0' || strlen(fields[1]) > LABEL_LIMIT)
        return false;
    *loader = g_strdup(fields[0]);
    *label = g_strdup(fields[1]);
    return true;
}
