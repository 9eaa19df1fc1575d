/* Making config drives.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/config_drive.h"
#include "common/process.h"
#include <glib.h>
#include <string.h>

enum { IMAGE_LIMIT = 64 << 20 };

/* The first of the programs that make ISO images and understand the same options. */
static char *
find_iso_program(GError **error)
{
    static const char *const names[] = {"genisoimage", "mkisofs", "xorrisofs"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        char *path = process_find(names[i]);
        if (path != NULL)
            return path;
    }
    steel_fail(
        error, STEEL_ERROR_PROCESS,
        "a folder as config drive needs genisoimage, mkisofs or xorrisofs (package xorriso)");
    return NULL;
}

/* The folder as a gzipped ISO image in base64. Both programs write to stdout: nothing is left on
 * disk. */
static json_t *
from_folder(const char *path, GError **error)
{
    g_autofree char *program = find_iso_program(error);
    if (program == NULL)
        return NULL;
    const char *const iso[] = {program,
                               "-ldots",
                               "-allow-lowercase",
                               "-allow-multidot",
                               "-l",
                               "-publisher",
                               "steel",
                               "-quiet",
                               "-J",
                               "-r",
                               "-V",
                               "config-2",
                               path,
                               NULL};
    g_auto(ProcessResult) image = {0};
    if (!process_run(&(ProcessSpec){.argv = iso, .output_limit = IMAGE_LIMIT}, &image, error))
        return NULL;
    static const char *const gzip[] = {"gzip", "-c", "-n", NULL};
    const ProcessSpec spec = {.argv = gzip,
                              .input = image.output,
                              .input_size = image.output_size,
                              .output_limit = IMAGE_LIMIT};
    g_auto(ProcessResult) packed = {0};
    if (!process_run(&spec, &packed, error))
        return NULL;
    if (image.truncated || packed.truncated) {
        steel_fail(error, STEEL_ERROR_INVALID, "larger than %d bytes", IMAGE_LIMIT);
        return NULL;
    }
    g_autofree char *text =
        g_base64_encode((const unsigned char *)packed.output, packed.output_size);
    return json_string(text);
}

static json_t *
from_file(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize size = 0;
    g_autoptr(GError) cause = NULL;
    if (!g_file_get_contents(path, &text, &size, &cause)) {
        steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
        return NULL;
    }
    json_t *value = json_stringn(text, size);
    if (value == NULL)
        steel_fail(error, STEEL_ERROR_INVALID, "%s: not text; it must be a gzipped image in base64",
                   path);
    return value;
}

json_t *
config_drive_value(const char *text, GError **error)
{
    json_t *object = json_loads(text, 0, NULL);
    json_t *value = NULL;
    if (json_is_object(object))
        return object;
    json_decref(object);
    if (g_file_test(text, G_FILE_TEST_IS_DIR))
        value = from_folder(text, error);
    else if (g_file_test(text, G_FILE_TEST_IS_REGULAR))
        value = from_file(text, error);
    else
        steel_fail(error, STEEL_ERROR_INVALID,
                   "neither a JSON object, nor a file, nor a folder: %s", text);
    if (value == NULL)
        g_prefix_error(error, "config drive: ");
    return value;
}
