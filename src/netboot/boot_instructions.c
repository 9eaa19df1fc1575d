/* Boot instructions as plain data; the contract is in boot_instructions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_instructions.h"

static void
volume_free(void *data)
{
    iscsi_volume_free(data);
}

void
boot_instructions_init(BootInstructions *instructions, const char *mac)
{
    *instructions = (BootInstructions){
        .mode = BOOT_MODE_UNKNOWN_MAC,
        .mac = g_strdup(mac),
        .volumes = g_ptr_array_new_with_free_func(volume_free),
    };
}

void
boot_instructions_clear(BootInstructions *instructions)
{
    g_free(instructions->mac);
    g_free(instructions->node_uuid);
    g_free(instructions->node_name);
    g_clear_pointer(&instructions->volumes, g_ptr_array_unref);
    g_free(instructions->initiator_iqn);
    g_free(instructions->token);
    g_free(instructions->problem);
    *instructions = (BootInstructions){.mode = BOOT_MODE_UNKNOWN_MAC};
}

const char *
boot_mode_name(BootMode mode)
{
    switch (mode) {
    case BOOT_MODE_UNKNOWN_MAC:
        return "unknown-mac";
    case BOOT_MODE_NONE:
        return "none";
    case BOOT_MODE_ISCSI:
        return "iscsi";
    case BOOT_MODE_UNUSABLE:
        return "unusable";
    }
    return "?";
}
