/* Boot instructions as plain data; the contract is in boot_instructions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_instructions.h"

#include "common/secret.h"

static void
volume_free(void *data)
{
    iscsi_volume_free(data);
}

static void
uris_free(void *data)
{
    g_strfreev(data);
}

void
boot_instructions_init(BootInstructions *instructions, const char *mac)
{
    *instructions = (BootInstructions){.answer = BOOT_ANSWER_UNKNOWN_MAC, .mac = g_strdup(mac)};
}

/* Frees the values of the mode. */
static void
clear_mode(BootInstructions *instructions)
{
    if (instructions->answer != BOOT_ANSWER_BOOT)
        return;
    switch (instructions->mode) {
    case BOOT_MODE_ISCSI:
        g_clear_pointer(&instructions->boot.iscsi.volumes, g_ptr_array_unref);
        g_clear_pointer(&instructions->boot.iscsi.initiator_iqn, g_free);
        break;
    case BOOT_MODE_NFS:
    case BOOT_MODE_INSTANCE:
    case BOOT_MODE_RAMDISK:
        g_clear_pointer(&instructions->boot.ramdisk.kernel, g_free);
        g_clear_pointer(&instructions->boot.ramdisk.initramfs, g_free);
        g_clear_pointer(&instructions->boot.ramdisk.arguments, secret_free);
        break;
    case BOOT_MODE_FCOE:
        g_clear_pointer(&instructions->boot.fcoe.volumes, g_ptr_array_unref);
        break;
    case BOOT_MODE_ISO:
        g_clear_pointer(&instructions->boot.iso.name, g_free);
        break;
    case BOOT_MODE_COUNT:
        break;
    }
}

void
boot_instructions_set_mode(BootInstructions *instructions, BootMode mode)
{
    clear_mode(instructions);
    instructions->answer = BOOT_ANSWER_BOOT;
    instructions->mode = mode;
    switch (mode) {
    case BOOT_MODE_ISCSI:
        instructions->boot.iscsi = (BootIscsi){g_ptr_array_new_with_free_func(volume_free), NULL};
        break;
    case BOOT_MODE_NFS:
    case BOOT_MODE_INSTANCE:
    case BOOT_MODE_RAMDISK:
        instructions->boot.ramdisk = (BootRamdisk){0};
        break;
    case BOOT_MODE_FCOE:
        instructions->boot.fcoe = (BootFcoe){g_ptr_array_new_with_free_func(uris_free)};
        break;
    case BOOT_MODE_ISO:
        instructions->boot.iso = (BootDisc){0};
        break;
    case BOOT_MODE_COUNT:
        break;
    }
}

void
boot_instructions_set_problem(BootInstructions *instructions, BootAnswer answer,
                              const char *problem)
{
    clear_mode(instructions);
    instructions->answer = answer;
    g_free(instructions->problem);
    instructions->problem = g_strdup(problem);
}

void
boot_instructions_clear(BootInstructions *instructions)
{
    clear_mode(instructions);
    g_free(instructions->mac);
    g_free(instructions->node_uuid);
    g_free(instructions->node_name);
    secret_free(instructions->token);
    g_free(instructions->problem);
    *instructions = (BootInstructions){.answer = BOOT_ANSWER_UNKNOWN_MAC};
}

const char *
boot_answer_word(const BootInstructions *instructions)
{
    switch (instructions->answer) {
    case BOOT_ANSWER_UNKNOWN_MAC:
        return "unknown-mac";
    case BOOT_ANSWER_NONE:
        return "none";
    case BOOT_ANSWER_BOOT:
        return boot_mode_info(instructions->mode)->word;
    case BOOT_ANSWER_UNUSABLE:
        return "unusable";
    case BOOT_ANSWER_REFUSED:
        return "refused";
    }
    return "?";
}
