/* The ramdisk of a node; the contract is in ramdisk_source.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/ramdisk_source.h"

#include "common/config.h"
#include "images/fetch.h"
#include "model/provision_states.h"

/* One of the two names, from driver_info or from the configuration. */
static const char *
value_of(const Task *task, const char *key, ConfigOption option, bool from_node)
{
    const char *value =
        from_node ? task_driver_info(task, key) : config_string(config_current(), option);
    return value != NULL && *value != '\0' ? value : NULL;
}

typedef struct Names {
    const char *kernel, *initramfs;
    ConfigOption kernel_option, initramfs_option;
} Names;

static const Names names_by_use[] = {
    [RAMDISK_FOR_AGENT] = {"deploy_kernel", "deploy_ramdisk", OPT_CONDUCTOR_DEPLOY_KERNEL,
                           OPT_CONDUCTOR_DEPLOY_RAMDISK},
    [RAMDISK_FOR_RESCUE] = {"rescue_kernel", "rescue_ramdisk", OPT_CONDUCTOR_RESCUE_KERNEL,
                            OPT_CONDUCTOR_RESCUE_RAMDISK},
};

/* Both from the node or both from the configuration: one of each would be an operator's mistake. */
static void
find(const Task *task, const Names *names, RamdiskSource *source)
{
    for (int from_node = 1; from_node >= 0; from_node--) {
        source->kernel = value_of(task, names->kernel, names->kernel_option, from_node);
        source->initramfs = value_of(task, names->initramfs, names->initramfs_option, from_node);
        if (source->kernel != NULL || source->initramfs != NULL)
            return;
    }
}

static bool
check_urls(const RamdiskSource *source, const Names *names, GError **error)
{
    const char *const urls[] = {source->kernel, source->initramfs};
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++)
        if (!image_url_known(urls[i]))
            return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                              "%s and %s are file://, http:// or https:// URLs; images of Glance "
                              "cannot be booted yet",
                              names->kernel, names->initramfs);
    return true;
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
    const Names *names = &names_by_use[use];
    find(task, names, source);
    if (source->kernel != NULL && source->initramfs != NULL)
        return check_urls(source, names, error);
    g_autofree char *kernel =
        source->kernel == NULL ? g_strdup_printf("'%s'", names->kernel) : g_strdup("");
    g_autofree char *initramfs =
        source->initramfs == NULL ? g_strdup_printf("'%s'", names->initramfs) : g_strdup("");
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
