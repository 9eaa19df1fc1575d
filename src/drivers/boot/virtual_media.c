/* Boot by virtual media; the contract is in virtual_media.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/virtual_media.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/secret.h"
#include "drivers/boot/ramdisk_source.h"
#include "drivers/boot/virtual_media_images.h"
#include "drivers/image_copies.h"
#include "drivers/management/management.h"
#include "drivers/storage/boot_option.h"
#include "drivers/storage/storage.h"
#include "images/publisher.h"
#include "model/capabilities.h"
#include "model/internal_info.h"
#include "model/provision_states.h"
#include "netboot/instance_boot.h"
#include "netboot/ramdisk_boot.h"

#include <string.h>

#define AREA "drivers.boot"

const char *
virtual_media_word(VirtualMediaKind kind)
{
    static const char *const words[VIRTUAL_MEDIA_KINDS] = {"cd", "floppy"};
    return words[kind];
}

static bool
has_floppy(const Task *task, const VirtualMedia *how)
{
    return how->has_floppy != NULL && how->has_floppy(task);
}

static bool
is_uefi(const Task *task)
{
    const char *standard = config_string(config_current(), OPT_DEPLOY_DEFAULT_BOOT_MODE);
    return strcmp(capability_boot_mode(task->node, standard), "uefi") == 0;
}

/* ---- validation ---- */

static const char *
use_word(RamdiskUse use)
{
    return use == RAMDISK_FOR_RESCUE ? "rescue" : "deploy";
}

/* Ironic's sentence for what is missing. */
static bool
with_own_words(const Task *task, RamdiskUse use, GError **error)
{
    const char *list = strstr((*error)->message, "Missing are: ");
    bool ilo = g_str_has_prefix(task->driver.boot->interface.name, "ilo");
    if (!steel_error_is(*error, STEEL_ERROR_MISSING) || list == NULL)
        return false;
    g_autofree char *missing = g_strdup(list);
    g_clear_error(error);
    return steel_fail(error, STEEL_ERROR_MISSING,
                      "Error validating %s%s. Some parameters were missing in node's driver_info. "
                      "%s; or set %s_iso, the URL of a bootable ISO",
                      ilo ? "iLO boot for " : "Redfish virtual media", ilo ? use_word(use) : "",
                      missing, use_word(use));
}

bool
virtual_media_validate_ramdisk(Task *task, RamdiskUse use, GError **error)
{
    RamdiskSource source;
    g_autoptr(GError) cause = NULL;
    const char *iso = virtual_media_ready_iso(task, use);
    if (iso != NULL)
        return image_copies_check(task->services->openstack, "the ISO of the ramdisk", iso, error);
    if (ramdisk_source_find(task, use, &source, &cause))
        return true;
    (void)with_own_words(task, use, &cause);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

/* A node with an image needs an agent to write it. */
static bool
check_ramdisk(Task *task, GError **error)
{
    bool image = !json_is_nothing(json_object_get(task->node->instance_info, "image_source"));
    return !image || virtual_media_validate_ramdisk(task, RAMDISK_FOR_AGENT, error);
}

static bool
check_volume(Task *task, const VirtualMedia *how, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return false;
    if (boot_option_of(task) != BOOT_OPTION_ISCSI || !boot_option_is_remote(task))
        return storage_validate_boot_from_volume(task, error);
    if (!is_uefi(task))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Virtual media can not boot volume in BIOS boot mode.");
    return storage_validate_boot_from_volume(task, error) &&
           (how->prepare_volume != NULL ||
            steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                       "boot interface %s cannot boot a volume; set another one with: steel node "
                       "set %s --boot-interface ipxe",
                       task->driver.boot->interface.name, task->node->uuid));
}

bool
virtual_media_validate(Task *task, const VirtualMedia *how, GError **error)
{
    return capabilities_validate(task->node, error) &&
           virtual_media_check_place(task, how, error) && check_ramdisk(task, error) &&
           check_volume(task, how, error);
}

/* ---- set-up and clean-up ---- */

static bool
eject_all(Task *task, const VirtualMedia *how, GError **error)
{
    for (VirtualMediaKind kind = 0; kind < VIRTUAL_MEDIA_KINDS; kind++)
        if (!how->eject(task, kind, error)) {
            g_prefix_error(error,
                           "the virtual %s could not be ejected: ", virtual_media_word(kind));
            return false;
        }
    return true;
}

/* The message of an error without a text; BMCs repeat the URL. */
static void
hide(GError *error, const char *secret, const char *shown)
{
    GString *text = g_string_new(error->message);
    if (*secret != '\0')
        g_string_replace(text, secret, shown, 0);
    g_free(error->message);
    error->message = g_string_free(text, FALSE);
}

void
virtual_media_hide_secrets(GError *error, const char *url)
{
    static const char folder[] = "/" PUBLISHER_FOLDER "/";
    const char *id = strstr(url, folder), *query = strchr(url, '?');
    if (id != NULL) {
        id += strlen(folder);
        g_autofree char *secret = g_strndup(id, strcspn(id, "/?"));
        hide(error, secret, "...");
    }
    if (query != NULL)
        hide(error, query, "");
}

static bool
insert(Task *task, const VirtualMedia *how, VirtualMediaKind kind, const char *url, GError **error)
{
    g_autoptr(GError) cause = NULL;
    task_phase_begin(task, kind == VIRTUAL_MEDIA_CD ? "insert_cd" : "insert_floppy", NULL);
    if (how->insert(task, kind, url, &cause))
        return true;
    virtual_media_hide_secrets(cause, url);
    g_propagate_prefixed_error(error, g_steal_pointer(&cause),
                               "the virtual %s could not be inserted: ", virtual_media_word(kind));
    return false;
}

/* Where the BMC cannot set it, the machine keeps the mode that it has. */
static bool
set_boot_mode(Task *task, GError **error)
{
    g_autoptr(GError) cause = NULL;
    const char *mode = capability_boot_mode(task->node, NULL);
    if (mode == NULL || task->driver.management->set_boot_mode == NULL ||
        management_set_boot_mode(task, mode, &cause))
        return true;
    if (!steel_error_is(cause, STEEL_ERROR_UNSUPPORTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    log_warning(AREA, "the boot mode of node %s is not set: %s", task->node->uuid, cause->message);
    return true;
}

static const char *
cd_device(const VirtualMedia *how)
{
    return how->cd_device != NULL ? how->cd_device : "cdrom";
}

static bool
set_boot_once(Task *task, const VirtualMedia *how, GError **error)
{
    task_phase_begin(task, "set_boot_device", cd_device(how));
    if (!set_boot_mode(task, error))
        return false;
    return how->set_boot_once_cd != NULL
               ? how->set_boot_once_cd(task, error)
               : management_set_boot_device(task, cd_device(how), false, error);
}

/* What is published first, since it may have secrets. Nothing of it is needed: errors of the BMC
 * say that its media stay. */
static bool
withdraw(Task *task, const VirtualMedia *how, const char *purpose, GError **error)
{
    g_auto(MediaOwner) owner = {0};
    virtual_media_owner(task->services, task->node, &owner);
    return media_release(&owner, purpose, error) && eject_all(task, how, error);
}

/* ---- the ramdisk ---- */

/* A new one for each start: an agent of an earlier start, which may still run, is no longer
 * believed. */
static bool
renew_token(Task *task, GError **error)
{
    char token[SECRET_TEXT_SIZE];
    info_forget(task->node, LIFETIME_AGENT);
    info_set_text(task->node, INFO_AGENT_SECRET_TOKEN, secret_text(token));
    info_set_boolean(task->node, INFO_AGENT_TOKEN_PREGENERATED, true);
    secret_wipe(token, sizeof token);
    return task_save(task, error);
}

static void
add_parameter(json_t *all, const char *name, const char *value, const char *token)
{
    GString *text = g_string_new(value);
    g_string_replace(text, RAMDISK_BOOT_TOKEN_WORD, token != NULL ? token : "", 0);
    json_object_set_new(all, name, json_string(text->str));
    secret_wipe(text->str, text->len);
    g_string_free(text, TRUE);
}

/* The agent's: URL, token, and those of the caller. */
static json_t *
agent_parameters(const Task *task, const json_t *parameters)
{
    const char *token = info_text(task->node, INFO_AGENT_SECRET_TOKEN), *name;
    g_autofree char *url = ramdisk_api_url();
    json_t *all = json_pack("{s:s, s:s*}", "ipa-api-url", url, "ipa-agent-token", token), *value;
    json_object_foreach((json_t *)(uintptr_t)parameters, name, value)
    {
        if (json_is_string(value))
            add_parameter(all, name, json_string_value(value), token);
    }
    return all;
}

static bool
insert_floppy(Task *task, const VirtualMedia *how, json_t *parameters, GError **error)
{
    json_object_set_new(parameters, "boot_method", json_string("vmedia"));
    char *url = virtual_media_floppy(task, how, parameters, error);
    bool good = url != NULL && insert(task, how, VIRTUAL_MEDIA_FLOPPY, url, error);
    secret_free(url);
    return good;
}

static bool
insert_ramdisk(Task *task, const VirtualMedia *how, json_t *parameters, GError **error)
{
    bool floppy = has_floppy(task, how);
    task_phase_begin(task, "make_media", NULL);
    char *url = virtual_media_ramdisk_iso(task, how, floppy ? NULL : parameters, error);
    bool good = url != NULL && (!floppy || insert_floppy(task, how, parameters, error)) &&
                insert(task, how, VIRTUAL_MEDIA_CD, url, error);
    secret_free(url);
    return good;
}

/* An agent that no medium tells the token gets one by its lookup. */
static bool
prepare_token(Task *task, const VirtualMedia *how, GError **error)
{
    bool told =
        has_floppy(task, how) || virtual_media_ready_iso(task, ramdisk_use_of(task->node)) == NULL;
    return !told || renew_token(task, error);
}

bool
virtual_media_prepare_ramdisk(Task *task, const VirtualMedia *how, const json_t *parameters,
                              GError **error)
{
    if ((how->check != NULL && !how->check(task, error)) ||
        !withdraw(task, how, VIRTUAL_MEDIA_RAMDISK, error) || !prepare_token(task, how, error))
        return false;
    json_t *all = agent_parameters(task, parameters);
    bool good = insert_ramdisk(task, how, all, error) && set_boot_once(task, how, error);
    json_decref(all);
    return good;
}

/* The token goes with the medium; that of an agent which still runs at its machine's next stop. */
static bool
forget_token(Task *task, GError **error)
{
    if (!info_remove(task->node, INFO_AGENT_TOKEN_PREGENERATED))
        return true;
    if (g_strcmp0(task->node->power_state, "power off") == 0)
        info_forget(task->node, LIFETIME_AGENT);
    return task_save(task, error);
}

bool
virtual_media_clean_up_ramdisk(Task *task, const VirtualMedia *how, GError **error)
{
    return forget_token(task, error) && withdraw(task, how, VIRTUAL_MEDIA_RAMDISK, error);
}

/* The ramdisk is to come from a medium; a cleaning may do without one. */
static bool
waits_for_ramdisk(const Task *task)
{
    return !info_true(task->node, INFO_CLEANING_DISABLE_RAMDISK) &&
           (info_true(task->node, INFO_AGENT_TOKEN_PREGENERATED) ||
            virtual_media_ready_iso(task, ramdisk_use_of(task->node)) != NULL);
}

char *
virtual_media_why_silent(Task *task, const VirtualMedia *how)
{
    g_autoptr(GError) error = NULL;
    bool in = true;
    if (!waits_for_ramdisk(task))
        return NULL;
    if (!how->is_in(task, VIRTUAL_MEDIA_CD, &in, &error))
        log_warning(AREA,
                    "whether node %s has its ramdisk in the virtual CD drive is not known: %s",
                    task->node->uuid, error->message);
    return in ? NULL
              : g_strdup("the BMC's virtual CD drive is empty, though the ramdisk was inserted: it "
                         "was ejected meanwhile; look at the BMC's log, and whether it reaches the "
                         "image's server");
}

/* ---- the instance ---- */

static bool
is_running(const Task *task)
{
    ProvisionState state = state_from_wire(task->node->provision_state);
    return state == STATE_ACTIVE || state == STATE_ADOPTING;
}

static bool
set_persistent(Task *task, const char *device, GError **error)
{
    g_autoptr(GError) cause = NULL;
    task_phase_begin(task, "set_boot_device", device);
    if (management_set_boot_device(task, device, true, &cause))
        return true;
    if (!steel_error_is(cause, STEEL_ERROR_UNSUPPORTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    log_warning(AREA, "the boot device of node %s is not set to %s, its own boot order decides: %s",
                task->node->uuid, device, cause->message);
    return true;
}

static bool
prepare_iso(Task *task, const VirtualMedia *how, GError **error)
{
    task_phase_begin(task, "make_media", NULL);
    char *url = virtual_media_instance_iso(task, how, error);
    bool good = url != NULL && insert(task, how, VIRTUAL_MEDIA_CD, url, error) &&
                set_boot_mode(task, error) && set_persistent(task, cd_device(how), error);
    secret_free(url);
    return good;
}

static bool
prepare_disk(Task *task, GError **error)
{
    return set_boot_mode(task, error) && set_persistent(task, "disk", error);
}

/* By the firmware itself, or as a disk that its adapter presents. */
static bool
prepare_volume(Task *task, const VirtualMedia *how, GError **error)
{
    BootOption option = boot_option_of(task);
    boot_option_remember(task, option);
    if (!check_volume(task, how, error) || !task_save(task, error))
        return false;
    if (option != BOOT_OPTION_ISCSI)
        return prepare_disk(task, error);
    return set_boot_mode(task, error) && how->prepare_volume(task, error);
}

/* A machine that runs keeps what is inserted: it may live on it. */
bool
virtual_media_prepare_instance(Task *task, const VirtualMedia *how, GError **error)
{
    if (is_running(task))
        return true;
    if (task_volume_targets(task, error) == NULL ||
        !virtual_media_clean_up_ramdisk(task, how, error))
        return false;
    if (boot_option_of(task) == BOOT_OPTION_RAMDISK)
        return prepare_iso(task, how, error);
    return boot_option_is_remote(task) ? prepare_volume(task, how, error)
                                       : prepare_disk(task, error);
}

bool
virtual_media_clean_up_instance(Task *task, const VirtualMedia *how, GError **error)
{
    boot_option_forget(task);
    if (how->clean_up_volume != NULL && !how->clean_up_volume(task, error))
        return false;
    return task_save(task, error) && withdraw(task, how, VIRTUAL_MEDIA_INSTANCE, error);
}

/* ---- starts of an instance on its ISO ---- */

/* An active one, or one that is serviced without the ramdisk. */
static bool
starts_instance(const Task *task)
{
    ProvisionState state = state_from_wire(task->node->provision_state);
    return state == STATE_ACTIVE ||
           (state == STATE_SERVICING && !info_true(task->node, INFO_SERVICE_RAMDISK));
}

bool
virtual_media_before_power_on(Task *task, const VirtualMedia *how, GError **error)
{
    if (!starts_instance(task))
        return true;
    if (task_volume_targets(task, error) == NULL)
        return false;
    if (boot_option_of(task) != BOOT_OPTION_RAMDISK)
        return true;
    char *url = virtual_media_instance_iso(task, how, error);
    bool good = url != NULL && insert(task, how, VIRTUAL_MEDIA_CD, url, error) &&
                (how->cd_for_all_starts ? set_persistent(task, cd_device(how), error)
                                        : set_boot_once(task, how, error));
    secret_free(url);
    return good;
}
