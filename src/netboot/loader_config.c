/* Configurations of PXELINUX and GRUB; the contract is in loader_config.h.
 *
 * PXELINUX takes the rest of the line after `append` as it is. GRUB takes words in single quotes as
 * they are, but puts a backslash before each quote and backslash in what it hands to the kernel, so
 * words with them are refused. A machine whose files cannot be loaded restarts, as with iPXE: a
 * prompt would wait without an end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/loader_config.h"

#include <string.h>

/* True if the instructions can be rendered. */
static bool
check(const BootInstructions *instructions, GError **error)
{
    BootAnswer answer = instructions->answer;
    if (answer == BOOT_ANSWER_NONE ||
        (answer == BOOT_ANSWER_BOOT && boot_mode_info(instructions->mode)->kernel))
        return true;
    if (answer == BOOT_ANSWER_BOOT)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "a machine without iPXE cannot be told %s",
                          boot_mode_info(instructions->mode)->purpose);
    return steel_fail(error, STEEL_ERROR_INVALID, "%s",
                      instructions->problem != NULL ? instructions->problem
                                                    : "there is nothing to boot");
}

static GString *
begin(const BootInstructions *instructions)
{
    GString *text = g_string_new(NULL);
    bool boots = instructions->answer == BOOT_ANSWER_BOOT;
    g_string_append_printf(text, LOADER_CONFIG_FIRST_WORDS "%s, %s\n",
                           instructions->node_uuid != NULL ? instructions->node_uuid : "?",
                           boots ? boot_mode_info(instructions->mode)->purpose
                                 : "to boot from its disk");
    return text;
}

/* ---- PXELINUX ---- */

/* totaltimeout ends a prompt that somebody has come to by a key. */
char *
pxelinux_config(const BootInstructions *instructions, GError **error)
{
    if (!check(instructions, error))
        return NULL;
    GString *text = begin(instructions);
    g_string_append(text, "default steel\n"
                          "prompt 0\n"
                          "totaltimeout 600\n"
                          "label steel\n");
    if (instructions->answer == BOOT_ANSWER_NONE) {
        g_string_append(text, "  localboot 0\n");
        return g_string_free(text, FALSE);
    }
    const BootRamdisk *boot = &instructions->boot.ramdisk;
    g_string_append_printf(text, "  linux %s\n  initrd %s\n  append %s\n", boot->kernel,
                           boot->initramfs, boot->arguments);
    return g_string_free(text, FALSE);
}

/* ---- GRUB ---- */

static bool
append_quoted(GString *text, const char *arguments, GError **error)
{
    g_auto(GStrv) words = g_strsplit(arguments, " ", -1);
    for (char **word = words; *word != NULL; word++) {
        if (strpbrk(*word, "'\"\\") != NULL)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "the kernel's parameter %.80s has a quote or a backslash, which GRUB "
                              "does not hand on as it is",
                              *word);
        if (**word != '\0')
            g_string_append_printf(text, " '%s'", *word);
    }
    return true;
}

char *
grub_config(const BootInstructions *instructions, GError **error)
{
    if (!check(instructions, error))
        return NULL;
    g_autoptr(GString) text = begin(instructions);
    if (instructions->answer == BOOT_ANSWER_NONE) {
        g_string_append(text, "exit 1\n");
        return g_string_free(g_steal_pointer(&text), FALSE);
    }
    const BootRamdisk *boot = &instructions->boot.ramdisk;
    g_string_append_printf(text, "if linux '/%s'", boot->kernel);
    if (!append_quoted(text, boot->arguments, error))
        return NULL;
    g_string_append_printf(text,
                           "; then\n"
                           "  if initrd '/%s'; then\n"
                           "    boot\n"
                           "  fi\n"
                           "fi\n"
                           "echo 'Steel: kernel or initramfs cannot be loaded, restarting'\n"
                           "sleep 10\n"
                           "reboot\n",
                           boot->initramfs);
    return g_string_free(g_steal_pointer(&text), FALSE);
}
