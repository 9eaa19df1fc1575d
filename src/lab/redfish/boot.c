/* Power, POST and boot devices of a simulated Redfish BMC; the contracts are in bmc.h and inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"
#include "common/time_text.h"

#include <string.h>

static const char *const device_names[] = {
#define BOOT_DEVICE(code, name) name,
#include "lab/redfish/boot_devices.def"
#undef BOOT_DEVICE
};

const char *
redfish_boot_device_name(RedfishBootDevice device)
{
    return device_names[device];
}

static RedfishBootDevice
device_of(const char *name)
{
    for (int i = 0; i < REDFISH_BOOT_COUNT; i++)
        if (strcmp(device_names[i], name) == 0)
            return (RedfishBootDevice)i;
    return REDFISH_BOOT_NONE;
}

/* Redfish has the URL with the boot device, an iLO among its BIOS settings. */
static void fill_url(const RedfishBmc *bmc, RedfishBoot *boot) REQUIRES(bmc->lock);

static void
fill_url(const RedfishBmc *bmc, RedfishBoot *boot)
{
    const char *url = redfish_state_text(bmc, "boot.http_boot");
    if (url == NULL || url[0] == '\0')
        url = redfish_state_text(bmc, "bios.current.UrlBootFile");
    if (boot->uefi && url != NULL && strlen(url) <= REDFISH_URL_MAX)
        g_strlcpy(boot->url, url, sizeof boot->url);
}

static void evaluate(const RedfishBmc *bmc, RedfishBoot *boot) REQUIRES(bmc->lock);

static void
evaluate(const RedfishBmc *bmc, RedfishBoot *boot)
{
    const char *enabled = redfish_state_text(bmc, "boot.enabled");
    bool overridden = strcmp(enabled, "Disabled") != 0;
    const char *mode = redfish_state_text(bmc, "bios.current.BootMode");
    *boot = (RedfishBoot){
        .device =
            overridden ? device_of(redfish_state_text(bmc, "boot.target")) : REDFISH_BOOT_NONE,
        .once = strcmp(enabled, "Once") == 0,
        .uefi = strcmp(overridden ? redfish_state_text(bmc, "boot.mode") : mode, "UEFI") == 0 ||
                (!overridden && strcmp(mode, "Uefi") == 0)};
    redfish_media_fill(bmc, boot);
    if (boot->device == REDFISH_BOOT_UEFI_TARGET)
        redfish_iscsi_fill(bmc, boot);
    if (boot->device == REDFISH_BOOT_UEFI_HTTP)
        fill_url(bmc, boot);
}

void
redfish_boot_begin(RedfishBmc *bmc, RedfishBoot *boot)
{
    redfish_settings_apply(bmc);
    evaluate(bmc, boot);
    redfish_media_once(bmc);
    bmc->power = true;
    bmc->paused = false;
    bmc->post_begun_ms = time_monotonic_ms();
    bmc->stats.posts++;
    bmc->stats.booted = boot->device;
    bmc->stats.once = boot->once;
    if (!boot->once)
        return;
    redfish_state_set(bmc->state, "boot.enabled", json_string("Disabled"));
    redfish_state_set(bmc->state, "boot.target", json_string("None"));
}

int64_t
redfish_post_left_ms(const RedfishBmc *bmc)
{
    int64_t end = bmc->post_begun_ms + bmc->knobs[REDFISH_KNOB_POST_MS];
    return bmc->power ? MAX(end - time_monotonic_ms(), 0) : 0;
}

void
redfish_bmc_begin_post(RedfishBmc *bmc, RedfishBoot *boot)
{
    lock_acquire(&bmc->lock);
    redfish_boot_begin(bmc, boot);
    lock_release(&bmc->lock);
}

void
redfish_bmc_peek_boot(RedfishBmc *bmc, RedfishBoot *boot)
{
    lock_acquire(&bmc->lock);
    evaluate(bmc, boot);
    lock_release(&bmc->lock);
}

void
redfish_bmc_set_power(RedfishBmc *bmc, bool on)
{
    lock_acquire(&bmc->lock);
    bmc->power = on;
    bmc->paused = false;
    lock_release(&bmc->lock);
}

void
redfish_bmc_set_paused(RedfishBmc *bmc, bool paused)
{
    lock_acquire(&bmc->lock);
    bmc->paused = paused;
    lock_release(&bmc->lock);
}

/* ---- resets ---- */

/* When a reset does something: a machine that is on already stays as it is, one that is off cannot
 * be restarted. */
typedef enum ResetNeeds { NEEDS_NOTHING, ONLY_WHEN_OFF, ONLY_WHEN_ON, REFUSED_WHEN_OFF } ResetNeeds;

typedef struct ResetRow {
    const char *type;
    ResetNeeds needs;
    RedfishPower order, order_when_off;
    bool graceful;
} ResetRow;

static const ResetRow resets[] = {
    {"On",               ONLY_WHEN_OFF,    REDFISH_POWER_ON,      REDFISH_POWER_ON,      false},
    {"ForceOn",          ONLY_WHEN_OFF,    REDFISH_POWER_ON,      REDFISH_POWER_ON,      false},
    {"ForceOff",         ONLY_WHEN_ON,     REDFISH_POWER_OFF,     REDFISH_POWER_OFF,     false},
    {"GracefulShutdown", ONLY_WHEN_ON,     REDFISH_POWER_PRESS,   REDFISH_POWER_PRESS,   true},
    {"GracefulRestart",  REFUSED_WHEN_OFF, REDFISH_POWER_RESTART, REDFISH_POWER_RESTART, true},
    {"ForceRestart",     REFUSED_WHEN_OFF, REDFISH_POWER_RESTART, REDFISH_POWER_RESTART, false},
    {"Nmi",              REFUSED_WHEN_OFF, REDFISH_POWER_NMI,     REDFISH_POWER_NMI,     false},
    {"PushPowerButton",  NEEDS_NOTHING,    REDFISH_POWER_PRESS,   REDFISH_POWER_ON,      false},
    {"PowerCycle",       NEEDS_NOTHING,    REDFISH_POWER_CYCLE,   REDFISH_POWER_ON,      false},
};

/* The machine that is simulated as well. */
static void obey(RedfishBmc *bmc, RedfishPower power) REQUIRES(bmc->lock);

static void
obey(RedfishBmc *bmc, RedfishPower power)
{
    RedfishBoot boot;
    if (power == REDFISH_POWER_ON || power == REDFISH_POWER_RESTART || power == REDFISH_POWER_CYCLE)
        redfish_boot_begin(bmc, &boot);
    else if (power != REDFISH_POWER_NMI)
        bmc->power = false;
}

static const ResetRow *
find_reset(const char *type, bool graceful)
{
    for (size_t i = 0; i < G_N_ELEMENTS(resets); i++)
        if (strcmp(resets[i].type, type) == 0 && (graceful || !resets[i].graceful))
            return &resets[i];
    return NULL;
}

static void carry_out(RedfishCall *call, const ResetRow *row) REQUIRES(call->bmc->lock);

static void
carry_out(RedfishCall *call, const ResetRow *row)
{
    g_autoptr(GError) error = NULL;
    RedfishPower order = call->bmc->power ? row->order : row->order_when_off;
    bool idle = row->needs == (call->bmc->power ? ONLY_WHEN_OFF : ONLY_WHEN_ON);
    if (!call->bmc->power && row->needs == REFUSED_WHEN_OFF) {
        redfish_refuse(call, REDFISH_MESSAGE_POWER_CONFLICT, NULL, row->type, "off");
        return;
    }
    if (!idle && call->bmc->ops == NULL)
        obey(call->bmc, order);
    else if (!idle && !call->bmc->ops->power(call->bmc->user, order, &error)) {
        redfish_refuse(call, REDFISH_MESSAGE_BUSY, NULL, NULL, NULL);
        return;
    }
    redfish_say(call, 204, NULL);
}

/* As BMCs do that answer with a task at once. */
static void reset(RedfishCall *call, const ResetRow *row) REQUIRES(call->bmc->lock);

static void
reset(RedfishCall *call, const ResetRow *row)
{
    int tasks = call->bmc->knobs[REDFISH_KNOB_RESET_TASKS];
    if (tasks < 2)
        carry_out(call, row);
    if (tasks > 0 && (tasks == 2 || call->answer->status == 204))
        redfish_task_begin(call, 0);
}

void
redfish_power_order(RedfishCall *call, const char *type)
{
    carry_out(call, find_reset(type, true));
}

void
redfish_system_reset(RedfishCall *call)
{
    const json_t *wish = json_object_get(call->body, "ResetType");
    bool graceful = call->bmc->knobs[REDFISH_KNOB_NO_GRACEFUL] == 0;
    if (!json_is_string(wish)) {
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_MISSING, "#/ResetType",
                       "ComputerSystem.Reset", "ResetType");
        return;
    }
    const ResetRow *row = find_reset(json_string_value(wish), graceful);
    if (row == NULL)
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_NOT_IN_LIST, "#/ResetType",
                       json_string_value(wish), "ResetType");
    else
        reset(call, row);
}

void
redfish_manager_reset(RedfishCall *call)
{
    redfish_manager_silence(call->bmc);
    redfish_say(call, 204, NULL);
}
