/* What goes into boot ISOs, floppy images and temporary URLs: whatever comes in, what is written
 * has the lines that it should have and no others.
 *
 * The input is lines: the kernel's words, a parameter's name, its value, endpoint, container,
 * object, key.
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/boot_iso.h"
#include "images/floppy.h"
#include "openstack/swift_url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
lines_of(const char *text)
{
    size_t lines = 1;
    for (const char *c = text; *c != '\0'; c++)
        lines += *c == '\n';
    return lines;
}

static void
check_configuration(const char *words)
{
    g_autoptr(GError) error = NULL;
    const BootIso iso = {.arguments = words};
    g_autofree char *text = boot_iso_configuration(&iso, &error);
    if ((text == NULL) != (error != NULL) || (text != NULL && lines_of(text) != 6))
        abort();
}

static void
check_parameters(const char *name, const char *value)
{
    g_autoptr(GError) error = NULL;
    json_t *one = json_object(), *said = json_string(value);
    if (said == NULL || json_object_set_new(one, name, said) != 0) { /* no UTF-8 */
        json_decref(one);
        return;
    }
    g_autofree char *text = floppy_parameters_text(one, &error);
    json_decref(one);
    if ((text == NULL) != (error != NULL) || (text != NULL && lines_of(text) != 1))
        abort();
}

static void
check_url(char *const *words)
{
    g_autoptr(GError) error = NULL;
    const SwiftUrl wanted = {.endpoint = words[0],
                             .container = words[1],
                             .object = words[2],
                             .key = words[3],
                             .digest = "sha512",
                             .until_s = 1};
    g_autofree char *url = swift_temp_url(&wanted, &error);
    if ((url == NULL) != (error != NULL))
        abort();
    if (url != NULL && (!g_str_has_prefix(url, "http") || strstr(url, "?temp_url_sig=") == NULL ||
                        strpbrk(url, " \r\n") != NULL))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 7);
    guint count = g_strv_length(lines);
    if (count > 0)
        check_configuration(lines[0]);
    check_configuration(text);
    if (count > 2)
        check_parameters(lines[1], lines[2]);
    check_parameters("key", text);
    if (count > 6)
        check_url(lines + 3);
    return 0;
}
