/* Shared libraries of a program; the contract is in libraries.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/libraries.h"

#include "common/error.h"
#include "common/process.h"
#include "ramdisk/program_limit.h"

#include <string.h>

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "libc.so.6 => /lib/libc.so.6 (0x7f...)", "/lib64/ld.so (0x7f...)", "linux-vdso.so.1 (0x7f...)",
 * "libx => not found". */
static bool
read_line(GPtrArray *paths, char *line, GError **error)
{
    const char *arrow = strstr(line, "=> ");
    const char *path = arrow != NULL ? arrow + strlen("=> ") : line;
    if (g_str_has_prefix(path, "not found"))
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "a library is missing: %s", line);
    if (*path == '/')
        g_ptr_array_add(paths, g_strndup(path, strcspn(path, " ")));
    return true;
}

GPtrArray *
libraries_parse(const char *output, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (!read_line(paths, g_strstrip(*line), error))
            return NULL;
    g_ptr_array_sort(paths, by_text);
    return g_steal_pointer(&paths);
}

/* False for a static program, which has no loader. */
static bool
is_dynamic(const char *program, bool *dynamic, GError **error)
{
    const char *argv[] = {LOADER, "--verify", program, NULL};
    ProcessSpec spec = {
        .argv = argv, .accepts_failure = true, .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
    g_auto(ProcessResult) result = {0};
    if (!process_run(&spec, &result, error))
        return false;
    *dynamic = result.exit_status == 0;
    return true;
}

GPtrArray *
libraries_of(const char *program, GError **error)
{
    const char *argv[] = {LOADER, "--list", program, NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
    g_auto(ProcessResult) result = {0};
    bool dynamic = false;
    if (!is_dynamic(program, &dynamic, error))
        return NULL;
    if (!dynamic)
        return g_ptr_array_new_with_free_func(g_free);
    return process_run(&spec, &result, error) ? libraries_parse(result.output, error) : NULL;
}
