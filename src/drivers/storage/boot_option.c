/* Ways to boot from a volume; the contract is in boot_option.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/storage/boot_option.h"

#include "common/json_text.h"
#include "drivers/deploy/deploy.h"
#include "drivers/storage/storage.h"
#include "model/capabilities.h"
#include "model/internal_info.h"

#define KEY "boot_option"

static const BootOptionInfo options[BOOT_OPTION_COUNT] = {
#define BOOT_OPTION(code, word, capability, volume_type, tag, mode, files)                         \
    [BOOT_OPTION_##code] = {word, capability, volume_type, tag, mode, files},
#include "drivers/storage/boot_options.def"
#undef BOOT_OPTION
};

const BootOptionInfo *
boot_option_info(BootOption option)
{
    return &options[option];
}

static BootOption
option_of_word(const char *word)
{
    BootOption option = 0;
    while (option < BOOT_OPTION_COUNT && g_strcmp0(options[option].word, word) != 0)
        option++;
    return option;
}

static BootOption
option_of_type(const char *volume_type)
{
    BootOption option = 0;
    while (option < BOOT_OPTION_COUNT && (options[option].volume_type == NULL ||
                                          g_strcmp0(options[option].volume_type, volume_type) != 0))
        option++;
    return option;
}

/* The others are not said by a word, but by the thing itself. */
static bool
is_of_volume(BootOption option)
{
    return option != BOOT_OPTION_COUNT && option != BOOT_OPTION_NFS &&
           option != BOOT_OPTION_RAMDISK;
}

BootOption
boot_option_of(Task *task)
{
    if (task->driver.deploy->boots_ramdisk)
        return BOOT_OPTION_RAMDISK;
    if (storage_has_nfs_root(task->node))
        return BOOT_OPTION_NFS;
    const VolumeTarget *target = storage_boot_target(task);
    if (target == NULL)
        return BOOT_OPTION_COUNT;
    BootOption named = option_of_word(json_string_member(task->node->instance_info, KEY));
    if (is_of_volume(named))
        return named;
    BootOption of_type = option_of_type(target->volume_type);
    bool capable =
        of_type != BOOT_OPTION_COUNT && capability_is_true(task->node, options[of_type].capability);
    if (!capable && capability_is_true(task->node, options[BOOT_OPTION_HBA].capability))
        return BOOT_OPTION_HBA;
    return of_type;
}

bool
boot_option_is_remote(Task *task)
{
    return task->driver.deploy->boots_ramdisk || storage_boots_from_volume(task);
}

void
boot_option_remember(Task *task, BootOption option)
{
    Node *node = task->node;
    if (option == BOOT_OPTION_RAMDISK || json_object_get(node->instance_info, KEY) != NULL)
        return;
    json_object_set_new(node->instance_info, KEY, json_string(options[option].word));
    info_set_boolean(node, INFO_BOOT_OPTION_SET, true);
}

void
boot_option_forget(Task *task)
{
    Node *node = task->node;
    if (info_true(node, INFO_BOOT_OPTION_SET))
        json_object_del(node->instance_info, KEY);
    info_remove(node, INFO_BOOT_OPTION_SET);
}
