/* The ramdisk of a node; the contract is in ramdisk_source.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/ramdisk_source.h"

#include "common/config.h"
#include "common/json_text.h"
#include "drivers/image_copies.h"
#include "model/provision_states.h"

/* What a ramdisk consists of, and where each file is named. */
typedef struct Names {
    const char *key; /* in driver_info */
    ConfigOption option, by_arch;
} Names;

typedef struct UseNames {
    Names kernel, initramfs;
} UseNames;

static const UseNames names_by_use[] = {
    [RAMDISK_FOR_AGENT] = {{"deploy_kernel", OPT_CONDUCTOR_DEPLOY_KERNEL,
                            OPT_CONDUCTOR_DEPLOY_KERNEL_BY_ARCH},
                           {"deploy_ramdisk", OPT_CONDUCTOR_DEPLOY_RAMDISK,
                            OPT_CONDUCTOR_DEPLOY_RAMDISK_BY_ARCH}},
    [RAMDISK_FOR_RESCUE] = {{"rescue_kernel", OPT_CONDUCTOR_RESCUE_KERNEL,
                             OPT_CONDUCTOR_RESCUE_KERNEL_BY_ARCH},
                            {"rescue_ramdisk", OPT_CONDUCTOR_RESCUE_RAMDISK,
                             OPT_CONDUCTOR_RESCUE_RAMDISK_BY_ARCH}},
};

/* Who names a ramdisk; the first one that names a part of it names all of it. */
typedef enum Source { FROM_NODE, FROM_ARCHITECTURE, FROM_CONFIGURATION, SOURCE_COUNT } Source;

static const char *
value_of(const Task *task, const Names *names, Source from)
{
    const char *arch = json_string_member(task->node->properties, "cpu_arch"), *value = NULL;
    if (from == FROM_NODE)
        value = task_driver_info(task, names->key);
    else if (from == FROM_CONFIGURATION)
        value = config_string(config_current(), names->option);
    else if (arch != NULL)
        value = config_lookup(config_current(), names->by_arch, arch);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* One of each would be an operator's mistake. */
static void
find(const Task *task, const UseNames *names, RamdiskSource *source)
{
    for (Source from = FROM_NODE; from < SOURCE_COUNT; from++) {
        source->kernel = value_of(task, &names->kernel, from);
        source->initramfs = value_of(task, &names->initramfs, from);
        if (source->kernel != NULL || source->initramfs != NULL)
            return;
    }
}

static bool
check_urls(const Task *task, const RamdiskSource *source, const UseNames *names, GError **error)
{
    const Openstack *openstack = task->services->openstack;
    return image_copies_check(openstack, names->kernel.key, source->kernel, error) &&
           image_copies_check(openstack, names->initramfs.key, source->initramfs, error);
}

RamdiskUse
ramdisk_use_of(const Node *node)
{
    ProvisionState state = state_from_wire(node->provision_state);
    return state == STATE_RESCUING || state == STATE_RESCUEWAIT ? RAMDISK_FOR_RESCUE
                                                                : RAMDISK_FOR_AGENT;
}

bool
ramdisk_source_find(const Task *task, RamdiskUse use, RamdiskSource *source, GError **error)
{
    const UseNames *names = &names_by_use[use];
    find(task, names, source);
    if (source->kernel != NULL && source->initramfs != NULL)
        return check_urls(task, source, names, error);
    g_autofree char *kernel =
        source->kernel == NULL ? g_strdup_printf("'%s'", names->kernel.key) : g_strdup("");
    g_autofree char *initramfs =
        source->initramfs == NULL ? g_strdup_printf("'%s'", names->initramfs.key) : g_strdup("");
    return steel_fail(error, STEEL_ERROR_MISSING,
                      "Cannot validate PXE bootloader. Some parameters were missing in node's "
                      "driver_info and configuration. Missing are: [%s%s%s]",
                      kernel, *kernel != '\0' && *initramfs != '\0' ? ", " : "", initramfs);
}

char *
ramdisk_api_url(void)
{
    static const ConfigOption named[] = {OPT_DEPLOY_EXTERNAL_CALLBACK_URL, OPT_API_PUBLIC_ENDPOINT};
    const Config *config = config_current();
    for (size_t i = 0; i < G_N_ELEMENTS(named); i++)
        if (config_string(config, named[i]) != NULL)
            return g_strdup(config_string(config, named[i]));
    return g_strdup_printf(
        "%s://%s:%d", config_boolean(config, OPT_API_ENABLE_SSL_API) ? "https" : "http",
        config_string(config, OPT_MY_IP), (int)config_integer(config, OPT_API_PORT));
}
