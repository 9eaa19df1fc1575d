/* What the boot interfaces of an iLO share; the contract is in ilo_boot.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_boot.h"

#include "common/backoff.h"
#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/time_text.h"
#include "drivers/ilo_node.h"
#include "drivers/management/management.h"
#include "drivers/power_action.h"
#include "drivers/storage/boot_option.h"
#include "drivers/storage/storage.h"
#include "model/capabilities.h"
#include "model/internal_info.h"
#include "model/provision_states.h"

#include <string.h>

enum { FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 10 * 1000 };

bool
ilo_boot_machine_runs(const Task *task)
{
    ProvisionState state = state_from_wire(task->node->provision_state);
    return state == STATE_ACTIVE || state == STATE_ADOPTING;
}

static bool
power_off(Task *task, GError **error)
{
    return power_action(task, (PowerAction){.target = POWER_TARGET_OFF}, error);
}

/* ---- virtual media ---- */

/* "iLO Standard", "iLO 4 Standard Blade Edition" */
static bool
has_media(const char *licence)
{
    g_autofree char *lower = g_ascii_strdown(licence, -1);
    return strstr(lower, "standard") == NULL && strstr(lower, "unlicensed") == NULL;
}

/* An iLO that does not tell its licence may have it. */
static bool
check_licence(const Ilo *ilo, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *licence = ilo_get_licence(ilo, &cause);
    if (licence == NULL && !steel_error_is(cause, STEEL_ERROR_UNSUPPORTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    return licence == NULL || has_media(licence) ||
           steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                      "the iLO has the licence \"%.60s\", which has no virtual media by URL; "
                      "activate another one such as iLO Advanced, by hand or with the step "
                      "management.activate_license",
                      licence);
}

bool
ilo_boot_check_media(Task *task, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    return ilo_node_open(task, &node, &ilo, error) && check_licence(&ilo, error);
}

/* ---- the boot mode ---- */

/* What the node asks for; NULL: nothing. *owned frees it. */
static const char *
wanted_mode(const Node *node, char **owned)
{
    const char *old = json_string_member(node->instance_info, "deploy_boot_mode");
    *owned = NULL;
    if (capability_wants_secure_boot(node))
        return "uefi";
    *owned = capability_get(node, "boot_mode");
    if (*owned != NULL)
        return *owned;
    return old != NULL ? old : info_text(node, INFO_DEPLOY_BOOT_MODE);
}

static const char *
known_mode(const char *mode)
{
    return g_strcmp0(mode, "bios") == 0 ? "bios" : "uefi";
}

const char *
ilo_boot_mode(Task *task)
{
    g_autofree char *owned = NULL;
    const char *wanted = wanted_mode(task->node, &owned);
    const char *standard = config_string(config_current(), OPT_DEPLOY_DEFAULT_BOOT_MODE);
    return known_mode(wanted != NULL ? wanted : capability_boot_mode(task->node, standard));
}

static bool
remember_mode(Task *task, const char *mode, GError **error)
{
    info_set_text(task->node, INFO_DEPLOY_BOOT_MODE, mode);
    return task_save(task, error);
}

/* A machine from before UEFI has no command for it. */
static bool
read_pending(const Ilo *ilo, IloBootMode *mode, GError **error)
{
    g_autoptr(GError) cause = NULL;
    *mode = ILO_MODE_LEGACY;
    if (ilo_get_pending_boot_mode(ilo, mode, &cause) ||
        steel_error_is(cause, STEEL_ERROR_UNSUPPORTED))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
set_mode(const Ilo *ilo, const char *mode, GError **error)
{
    IloBootMode now = ILO_MODE_UNKNOWN,
                wanted = strcmp(mode, "uefi") == 0 ? ILO_MODE_UEFI : ILO_MODE_LEGACY;
    if (!read_pending(ilo, &now, error))
        return false;
    if (now == wanted || ilo_set_pending_boot_mode(ilo, wanted, error))
        return true;
    g_prefix_error(error, "Setting %s as boot mode failed, error: ", mode);
    return false;
}

/* An iLO that does not know its mode has a machine that can do UEFI. */
static bool
adopt_mode(Task *task, const Ilo *ilo, GError **error)
{
    IloBootMode now = ILO_MODE_UNKNOWN;
    if (!read_pending(ilo, &now, error) ||
        (now == ILO_MODE_UNKNOWN && !set_mode(ilo, "uefi", error)))
        return false;
    return remember_mode(task, now == ILO_MODE_LEGACY ? "bios" : "uefi", error);
}

static bool
update_mode(Task *task, const Ilo *ilo, GError **error)
{
    g_autofree char *owned = NULL;
    const char *wanted = wanted_mode(task->node, &owned),
               *standard = config_string(config_current(), OPT_ILO_DEFAULT_BOOT_MODE);
    if (wanted != NULL)
        return set_mode(ilo, known_mode(wanted), error);
    if (strcmp(standard, "auto") == 0)
        return adopt_mode(task, ilo, error);
    return remember_mode(task, standard, error) && set_mode(ilo, standard, error);
}

bool
ilo_boot_update_mode(Task *task, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    return ilo_node_open(task, &node, &ilo, error) && update_mode(task, &ilo, error);
}

/* ---- secure boot ---- */

static bool
read_secure_boot(const Ilo *ilo, bool *on, GError **error)
{
    g_autoptr(GError) cause = NULL;
    *on = false;
    if (ilo_get_secure_boot(ilo, on, &cause) || steel_error_is(cause, STEEL_ERROR_UNSUPPORTED))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool
ilo_boot_set_secure_boot(Task *task, bool on, GError **error)
{
    return !capability_wants_secure_boot(task->node) || management_set_secure_boot(task, on, error);
}

/* Secure boot was on, so that the mode is uefi. */
static bool
leave_secure_boot(Task *task, const Ilo *ilo, GError **error)
{
    g_autofree char *owned = NULL;
    return ilo_set_secure_boot(ilo, false, error) &&
           (wanted_mode(task->node, &owned) != NULL || remember_mode(task, "uefi", error));
}

bool
ilo_boot_prepare_machine(Task *task, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    bool secure = false;
    if (!power_off(task, error) || !ilo_node_open(task, &node, &ilo, error) ||
        !read_secure_boot(&ilo, &secure, error))
        return false;
    return secure ? leave_secure_boot(task, &ilo, error) : update_mode(task, &ilo, error);
}

/* ---- volumes ---- */

bool
ilo_boot_has_iscsi_volume(Task *task)
{
    return storage_boots_from_volume(task) && boot_option_of(task) == BOOT_OPTION_ISCSI;
}

/* What a machine makes in its self-test. *there: it is there. */
typedef bool (*Made)(const Ilo *ilo, bool *there, GError **error);

static bool
is_uefi(const Ilo *ilo, bool *there, GError **error)
{
    IloBootMode mode = ILO_MODE_UNKNOWN;
    if (!ilo_get_boot_mode(ilo, &mode, error))
        return false;
    *there = mode == ILO_MODE_UEFI;
    return true;
}

/* An iLO that is busy, or whose machine is in its self-test, is asked again. */
static bool
ask(Task *task, Made made, bool *there, GError **error)
{
    g_auto(IloNode) node = {0};
    g_autoptr(GError) cause = NULL;
    Ilo ilo;
    *there = false;
    if (ilo_node_open(task, &node, &ilo, &cause) && made(&ilo, there, &cause))
        return true;
    if (steel_error_is(cause, STEEL_ERROR_BMC_BUSY))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
wait_for(Task *task, Made made, const char *what, GError **error)
{
    int64_t limit_s = config_integer(config_current(), OPT_CONDUCTOR_SOFT_POWER_OFF_TIMEOUT);
    Backoff backoff = {.pause_ms = FIRST_PAUSE_MS,
                       .longest_ms = LONGEST_PAUSE_MS,
                       .limit_ms = time_monotonic_ms() + limit_s * 1000};
    for (bool there = false;;) {
        if (!ask(task, made, &there, error))
            return false;
        if (there)
            return true;
        if (!backoff_pause(&backoff))
            return steel_fail(error, STEEL_ERROR_TIMEOUT,
                              "the machine has no %s %lld s after its self-test (POST) began; "
                              "[conductor]soft_power_off_timeout limits this time",
                              what, (long long)limit_s);
    }
}

/* Lets the machine run its self-test until the thing is there; nothing if it is there already. */
static bool
let_machine_make(Task *task, Made made, const char *what, GError **error)
{
    bool there = false;
    if (!ask(task, made, &there, error) || there)
        return there;
    task_phase_begin(task, "firmware_post", what);
    bool good = power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error) &&
                wait_for(task, made, what, error);
    return good && power_off(task, error);
}

bool
ilo_boot_prepare_volume(Task *task, GError **error)
{
    if (ilo_boot_machine_runs(task))
        return true;
    task_phase_begin(task, "set_iscsi_boot_target", NULL);
    boot_option_remember(task, BOOT_OPTION_ISCSI);
    info_set_boolean(task->node, INFO_ILO_UEFI_ISCSI_BOOT, true);
    return task_save(task, error) && let_machine_make(task, is_uefi, "UEFI boot mode", error) &&
           management_set_iscsi_boot_target(task, error) &&
           let_machine_make(task, ilo_has_iscsi_entry, "boot entry for its iSCSI volume", error) &&
           management_set_boot_device(task, "iscsiboot", true, error);
}

bool
ilo_boot_clean_up_volume(Task *task, bool *had, GError **error)
{
    *had = info_true(task->node, INFO_ILO_UEFI_ISCSI_BOOT);
    if (!*had)
        return true;
    /* an iLO takes no settings during a self-test */
    if (!power_off(task, error) || !management_clear_iscsi_boot_target(task, error))
        return false;
    boot_option_forget(task);
    info_remove(task->node, INFO_ILO_UEFI_ISCSI_BOOT);
    return task_save(task, error);
}
