/* Names of the kinds of interfaces, and what all interfaces have in common; the contract is in
 * interface.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/interface.h"

#include <string.h>

static const char *const type_names[INTERFACE_COUNT] = {
    [INTERFACE_BIOS] = "bios",
    [INTERFACE_BOOT] = "boot",
    [INTERFACE_CONSOLE] = "console",
    [INTERFACE_DEPLOY] = "deploy",
    [INTERFACE_FIRMWARE] = "firmware",
    [INTERFACE_INSPECT] = "inspect",
    [INTERFACE_MANAGEMENT] = "management",
    [INTERFACE_NETWORK] = "network",
    [INTERFACE_POWER] = "power",
    [INTERFACE_RAID] = "raid",
    [INTERFACE_RESCUE] = "rescue",
    [INTERFACE_STORAGE] = "storage",
    [INTERFACE_VENDOR] = "vendor",
};

const char *
interface_type_name(InterfaceType type)
{
    return type_names[type];
}

bool
interface_type_from_name(const char *name, InterfaceType *type)
{
    for (int i = 0; name != NULL && i < INTERFACE_COUNT; i++) {
        if (strcmp(type_names[i], name) == 0) {
            *type = (InterfaceType)i;
            return true;
        }
    }
    return false;
}

static const char *const capability_words[] = {
#define CAPABILITY(code, word, number, purpose) [number] = word,
#include "drivers/capabilities.def"
#undef CAPABILITY
};

const char *
interface_capability_word(unsigned capability)
{
    for (size_t i = 0; i < G_N_ELEMENTS(capability_words); i++)
        if (capability == 1U << i)
            return capability_words[i];
    return "";
}
