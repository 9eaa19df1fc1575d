/* How an iLO takes virtual media; the contract is in ilo_media.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/ilo_media.h"

#include "common/config.h"
#include "drivers/ilo_boot.h"
#include "drivers/ilo_node.h"

static const IloMedium media[VIRTUAL_MEDIA_KINDS] = {
    [VIRTUAL_MEDIA_CD] = ILO_MEDIUM_CDROM,
    [VIRTUAL_MEDIA_FLOPPY] = ILO_MEDIUM_FLOPPY,
};

static bool
ilo_media_insert(Task *task, VirtualMediaKind kind, const char *url, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    return ilo_node_open(task, &node, &ilo, error) &&
           ilo_insert_medium(&ilo, media[kind], url, error);
}

static bool
ilo_media_eject(Task *task, VirtualMediaKind kind, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    return ilo_node_open(task, &node, &ilo, error) && ilo_eject_medium(&ilo, media[kind], error);
}

static bool
ilo_media_is_in(Task *task, VirtualMediaKind kind, bool *in, GError **error)
{
    g_auto(IloNode) node = {0};
    g_auto(IloMediumStatus) status = {0};
    Ilo ilo;
    if (!ilo_node_open(task, &node, &ilo, error) ||
        !ilo_get_medium(&ilo, media[kind], &status, error))
        return false;
    *in = status.inserted;
    return true;
}

/* The parameters hold the agent's token. */
static bool
ilo_media_has_floppy(const Task *task)
{
    (void)task;
    return true;
}

static const char *
ilo_media_kernel_words(void)
{
    return config_string(config_current(), OPT_ILO_KERNEL_APPEND_PARAMS);
}

static bool
ilo_media_clean_up_volume(Task *task, GError **error)
{
    bool had = false;
    return ilo_boot_clean_up_volume(task, &had, error);
}

/* Ironic's default is Swift, which a conductor without a cloud does not have: only an option that
 * is set says so. */
static bool
ilo_media_in_swift(VirtualMediaSwift *place)
{
    const Config *config = config_current();
    int64_t minutes = config_integer(config, OPT_ILO_DEPLOY_HELPER_IMAGES_TTL);
    place->container = config_string(config, OPT_ILO_SWIFT_ILO_CONTAINER);
    place->life_s =
        minutes > 0 ? minutes * 60 : config_integer(config, OPT_ILO_SWIFT_OBJECT_EXPIRY_TIMEOUT);
    return config_is_explicit(config, OPT_ILO_USE_WEB_SERVER_FOR_IMAGES) &&
           !config_boolean(config, OPT_ILO_USE_WEB_SERVER_FOR_IMAGES);
}

const VirtualMedia ilo_media = {
    .in_swift = ilo_media_in_swift,
    .check = ilo_boot_check_media,
    .insert = ilo_media_insert,
    .eject = ilo_media_eject,
    .is_in = ilo_media_is_in,
    .has_floppy = ilo_media_has_floppy,
    .kernel_words = ilo_media_kernel_words,
    .prepare_volume = ilo_boot_prepare_volume,
    .clean_up_volume = ilo_media_clean_up_volume,
};
