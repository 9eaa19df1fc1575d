/* Reads boot scripts; the contract is in boot_script.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/boot_script.h"

#include "common/secret.h"

#include <string.h>

/* Lines that tell how the script ends, by their beginning. The one with the highest kind wins. */
static const struct {
    const char *line;
    BootScriptKind kind;
} signs[] = {
    {"set steel-unknown ", BOOT_SCRIPT_UNKNOWN},
    {"set steel-done ",    BOOT_SCRIPT_LEAVE},
    {"reboot",             BOOT_SCRIPT_RESTART},
    {"kernel ",            BOOT_SCRIPT_KERNEL},
    {"sanboot ",           BOOT_SCRIPT_VOLUME},
};

/* The words of a command up to "||". */
static char **
words_of(const char *line)
{
    const char *end = strstr(line, " ||");
    g_autofree char *command = g_strndup(line, end != NULL ? (size_t)(end - line) : strlen(line));
    return g_strsplit(command, " ", 0);
}

/* The first word after a command's name and options; --name and --timeout have a value. NULL:
 * none. */
static char **
first_argument(char **words)
{
    char **word = words[0] != NULL ? words + 1 : words;
    while (*word != NULL && g_str_has_prefix(*word, "--"))
        word += word[1] != NULL ? 2 : 1;
    return *word != NULL ? word : NULL;
}

static char *
url_of(const char *line)
{
    g_auto(GStrv) words = words_of(line);
    char **url = first_argument(words);
    return url != NULL ? g_strdup(*url) : NULL;
}

/* "kernel --name deploy_kernel ../f WORDS initrd=deploy_ramdisk || goto failed" */
static void
take_kernel(const char *line, BootScript *out)
{
    g_auto(GStrv) words = words_of(line);
    char **url = first_argument(words);
    if (url == NULL || out->kernel != NULL)
        return;
    out->kernel = g_strdup(*url);
    out->arguments = g_strjoinv(" ", url + 1);
    for (char **word = words; *word != NULL; word++)
        secret_wipe(*word, strlen(*word));
}

/* The first attempt: ${steel-try} is 1, other variables are empty. */
static char *
fill_variables(const char *url)
{
    GString *filled = g_string_new(NULL);
    while (*url != '\0') {
        const char *end = g_str_has_prefix(url, "${") ? strchr(url, '}') : NULL;
        if (end == NULL) {
            g_string_append_c(filled, *url++);
            continue;
        }
        if (g_str_has_prefix(url, "${steel-try}"))
            g_string_append_c(filled, '1');
        url = end + 1;
    }
    return g_string_free(filled, FALSE);
}

/* The report that comes right before the system starts. */
static void
take_report(const char *line, BootScript *out)
{
    g_autofree char *url = url_of(line);
    g_free(out->report);
    out->report = url != NULL ? fill_variables(url) : NULL;
}

/* Returns true if the rest of the script is about failures. */
static bool
take_line(const char *line, BootScript *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++)
        if (g_str_has_prefix(line, signs[i].line))
            out->kind = MAX(out->kind, signs[i].kind);
    if (g_str_has_prefix(line, "kernel "))
        take_kernel(line, out);
    if (g_str_has_prefix(line, "initrd ") && out->initramfs == NULL)
        out->initramfs = url_of(line);
    if (g_str_has_prefix(line, "imgfetch "))
        take_report(line, out);
    return g_str_has_prefix(line, "boot ") || g_str_has_prefix(line, "sanboot ");
}

void
boot_script_read(const char *text, size_t size, BootScript *out)
{
    char *copy = g_strndup(text, MIN(size, BOOT_SCRIPT_LIMIT));
    out->kind = BOOT_SCRIPT_RETRY;
    char *rest = copy;
    bool good = g_str_has_prefix(copy, "#!ipxe");
    while (good && rest != NULL) {
        char *line = strsep(&rest, "\n");
        if (take_line(line, out))
            break;
    }
    if (out->kind == BOOT_SCRIPT_KERNEL && (out->kernel == NULL || out->initramfs == NULL))
        out->kind = BOOT_SCRIPT_RETRY;
    secret_wipe(copy, strlen(copy));
    g_free(copy);
}

void
boot_script_clear(BootScript *script)
{
    g_free(script->kernel);
    g_free(script->initramfs);
    secret_free(script->arguments);
    secret_free(script->report);
    *script = (BootScript){0};
}

char *
boot_url_resolve(const char *base, const char *relative)
{
    if (strstr(relative, "://") != NULL)
        return g_strdup(relative);
    const char *host = strstr(base, "://");
    const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
    if (path == NULL)
        return g_strconcat(base, "/", relative, NULL);
    const char *end = strrchr(path, '/');
    for (; g_str_has_prefix(relative, "../"); relative += 3)
        while (end > path && *--end != '/')
            ;
    return g_strdup_printf("%.*s/%s", (int)(end - base), base, relative);
}
