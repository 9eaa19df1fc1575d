/* The chassis of a simulated BMC: power verbs and boot options. The owner's hooks are the machine;
 * without them it is a power bit and a firmware that takes its boot flags at once.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bmc/ipmi/bmc/bmc.h"
#include "common/due_heap.h"
#include "common/error.h"
#include "common/lock.h"

enum {
    LAST_EVENT_BY_IPMI = 0x10, /* last power on was by an IPMI command */
    IDENTIFY_SUPPORTED = 0x40, /* and its state is "off" */
    RESTORE_POLICIES = 0x07,   /* off, previous, on */
    RESTART_BY_COMMAND = 0x01, /* cause of 28.11 */
    IDENTIFY_DEFAULT_S = 15,
    KEEP_WITHOUT_CONTROL = 0x08, /* parameter 3, bit 3 */
    PARAMETER_LOCKED = 0x80,
    PARAMETER_VERSION = 0x01,
    FLAG_VALID = 0x80,
    FLAG_PERSISTENT = 0x40,
};

/* ---- power ---- */

static void
bmc_get_capabilities(BmcCall *call)
{
    const uint8_t capabilities[] = {0x00, 0x20, 0x20, 0x20, 0x20}; /* all devices at the BMC */
    bmc_respond(call, capabilities, sizeof capabilities);
}

static void
bmc_get_status(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    bool on = bmc_power_is_on(bmc);
    lock_acquire(&bmc->lock);
    const uint8_t status[] = {(uint8_t)(bmc->restore_policy << 5 | (on ? 1 : 0)),
                              on ? LAST_EVENT_BY_IPMI : 0, IDENTIFY_SUPPORTED, 0x00};
    lock_release(&bmc->lock);
    bmc_respond(call, status, sizeof status);
}

/* The machine of a BMC without chassis_control: it is on or off, and its firmware takes flags for
 * one boot at once. */
static void
control_own_machine(IpmiBmc *bmc, IpmiChassisControl control)
{
    bool was_on = bmc_power_is_on(bmc);
    bool goes_off = control == IPMI_CHASSIS_OFF || control == IPMI_CHASSIS_SOFT;
    bool boots = control == IPMI_CHASSIS_CYCLE || control == IPMI_CHASSIS_RESET ||
                 (control == IPMI_CHASSIS_ON && !was_on);
    if (control != IPMI_CHASSIS_DIAG)
        ipmi_bmc_set_power(bmc, !goes_off);
    IpmiBootDevice device;
    bool persistent, efi;
    if (boots)
        (void)ipmi_bmc_take_boot_device(bmc, &device, &persistent, &efi);
}

static uint8_t
completion_of(const GError *error)
{
    if (steel_error_is(error, STEEL_ERROR_BMC_BUSY))
        return IPMI_CC_BUSY;
    if (steel_error_is(error, STEEL_ERROR_INVALID_STATE) ||
        steel_error_is(error, STEEL_ERROR_CONFLICT))
        return IPMI_CC_NOT_IN_THIS_STATE;
    if (steel_error_is(error, STEEL_ERROR_UNSUPPORTED))
        return IPMI_CC_INVALID_FIELD;
    return IPMI_CC_UNSPECIFIED;
}

/* 28.12: the countdown of the boot flags restarts when a chassis control is received. */
static void
restart_countdown(IpmiBmc *bmc, uint64_t now_ms)
{
    lock_acquire(&bmc->lock);
    if ((bmc->boot.flags[0] & FLAG_VALID) != 0)
        bmc->boot.expiry_ms = now_ms + bmc->boot_flag_timeout_ms;
    bmc->restart_cause = RESTART_BY_COMMAND;
    lock_release(&bmc->lock);
}

static void
bmc_control(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    IpmiChassisControl verb = (IpmiChassisControl)(call->request->data[0] & 0x0f);
    g_autoptr(GError) error = NULL;
    if (verb > IPMI_CHASSIS_SOFT) {
        bmc_refuse(call, IPMI_CC_INVALID_FIELD);
        return;
    }
    bool needs_power = verb != IPMI_CHASSIS_ON &&
                       (verb != IPMI_CHASSIS_OFF || bmc_faults(bmc).off_while_off_refused);
    if (needs_power && !bmc_power_is_on(bmc)) {
        bmc_refuse(call, IPMI_CC_NOT_IN_THIS_STATE); /* nothing to cycle or reset, 28.3 */
        return;
    }
    restart_countdown(bmc, call->now_ms);
    if (bmc->ops->chassis_control == NULL)
        control_own_machine(bmc, verb);
    else if (!bmc->ops->chassis_control(bmc->user_data, verb, &error)) {
        bmc_refuse(call, completion_of(error));
        return;
    }
    bmc_log_power_event(bmc, verb);
}

static void
bmc_identify(BmcCall *call)
{
    const IpmiRequest *request = call->request;
    unsigned seconds = request->size > 0 ? request->data[0] : IDENTIFY_DEFAULT_S;
    bool forever = request->size > 1 && (request->data[1] & 1) != 0;
    if (call->bmc->ops->identify != NULL)
        call->bmc->ops->identify(call->bmc->user_data, forever ? 255 : seconds, forever);
}

static void
bmc_set_restore_policy(BmcCall *call)
{
    uint8_t policy = call->request->data[0] & 0x07;
    const uint8_t supported = RESTORE_POLICIES;
    if (policy > 3) {
        bmc_refuse(call, IPMI_CC_INVALID_FIELD);
        return;
    }
    if (policy != 3) { /* 3 only reads what is supported */
        lock_acquire(&call->bmc->lock);
        call->bmc->restore_policy = policy;
        lock_release(&call->bmc->lock);
    }
    bmc_respond(call, &supported, 1);
}

static void
bmc_get_restart_cause(BmcCall *call)
{
    lock_acquire(&call->bmc->lock);
    const uint8_t cause[] = {call->bmc->restart_cause, 1};
    lock_release(&call->bmc->lock);
    bmc_respond(call, cause, sizeof cause);
}

static void
bmc_get_power_on_hours(BmcCall *call)
{
    const uint8_t hours[] = {60, 0, 0, 0, 0};
    bmc_respond(call, hours, sizeof hours);
}

/* ---- boot options ---- */

/* A parameter kept as bytes; `offset` is in BmcBootOptions. */
static const struct {
    uint8_t parameter;
    uint8_t size;
    size_t offset;
} stored[] = {
    {IPMI_BOOT_OPTION_SET_IN_PROGRESS, 1, offsetof(BmcBootOptions, set_in_progress)},
    {IPMI_BOOT_OPTION_VALID_CLEARING, 1, offsetof(BmcBootOptions, valid_clearing)},
    {IPMI_BOOT_OPTION_INFO_ACKNOWLEDGE, BMC_ACKNOWLEDGE_SIZE,
     offsetof(BmcBootOptions, acknowledge)},
    {IPMI_BOOT_OPTION_FLAGS, IPMI_BOOT_FLAGS_SIZE, offsetof(BmcBootOptions, flags)},
};

void
bmc_boot_flags_expire(IpmiBmc *bmc, uint64_t now_ms)
{
    BmcBootOptions *boot = &bmc->boot;
    if (boot->expiry_ms == 0 || now_ms < boot->expiry_ms)
        return;
    boot->expiry_ms = 0;
    if ((boot->valid_clearing & KEEP_WITHOUT_CONTROL) == 0)
        boot->flags[0] &= (uint8_t)~FLAG_VALID;
}

static bool parameter_refused(const IpmiBmc *bmc, uint8_t parameter) REQUIRES(bmc->lock);

static bool
parameter_refused(const IpmiBmc *bmc, uint8_t parameter)
{
    return (parameter == IPMI_BOOT_OPTION_SET_IN_PROGRESS && bmc->faults.boot_option_0_refused) ||
           (parameter == IPMI_BOOT_OPTION_VALID_CLEARING && bmc->faults.boot_option_3_refused);
}

static uint8_t check_flags(const IpmiBmc *bmc, const uint8_t *data) REQUIRES(bmc->lock);

/* Returns whether these bytes of flags may be written. */
static uint8_t
check_flags(const IpmiBmc *bmc, const uint8_t *data)
{
    if (bmc->boot.flags_locked)
        return IPMI_CC_READ_ONLY;
    if (bmc->boot.held)
        return IPMI_CC_SET_IN_PROGRESS;
    if (bmc->faults.boot_flags_once && (data[0] & FLAG_PERSISTENT) != 0)
        return IPMI_CC_INVALID_FIELD;
    return IPMI_CC_OK;
}

/* A change under way refuses others until "set complete" (28.12, parameter 0). */
static uint8_t
check_progress(BmcBootOptions *boot, uint8_t progress)
{
    if (boot->held && progress == BMC_CHANGE_BEGUN)
        return IPMI_CC_SET_IN_PROGRESS;
    boot->held = false;
    return IPMI_CC_OK;
}

static uint8_t check_option(IpmiBmc *bmc, const BmcCall *call, uint8_t parameter)
    REQUIRES(bmc->lock);

static uint8_t
check_option(IpmiBmc *bmc, const BmcCall *call, uint8_t parameter)
{
    const uint8_t *data = call->request->data + 1;
    if (parameter == IPMI_BOOT_OPTION_FLAGS)
        return check_flags(bmc, data);
    if (parameter == IPMI_BOOT_OPTION_SET_IN_PROGRESS)
        return check_progress(&bmc->boot, data[0]);
    return IPMI_CC_OK;
}

static uint8_t store_option(IpmiBmc *bmc, const BmcCall *call, uint8_t parameter)
    REQUIRES(bmc->lock);

/* Stores one parameter and returns the completion code. */
static uint8_t
store_option(IpmiBmc *bmc, const BmcCall *call, uint8_t parameter)
{
    BmcBootOptions *boot = &bmc->boot;
    const uint8_t *data = call->request->data + 1;
    bool locks = (call->request->data[0] & PARAMETER_LOCKED) != 0;
    if (parameter_refused(bmc, parameter))
        return IPMI_CC_PARAMETER_UNSUPPORTED;
    if (parameter == IPMI_BOOT_OPTION_FLAGS && call->request->size == 1)
        boot->flags_locked = locks;
    for (size_t i = 0; i < G_N_ELEMENTS(stored); i++) {
        if (stored[i].parameter != parameter)
            continue;
        if (call->request->size == 1)
            return IPMI_CC_OK; /* only the lock bit of the parameter */
        if (call->request->size != 1u + stored[i].size)
            return IPMI_CC_LENGTH_INVALID;
        uint8_t refusal = check_option(bmc, call, parameter);
        if (refusal != IPMI_CC_OK)
            return refusal;
        memcpy((uint8_t *)boot + stored[i].offset, data, stored[i].size);
        if (parameter == IPMI_BOOT_OPTION_FLAGS)
            boot->expiry_ms =
                (data[0] & FLAG_VALID) != 0 ? call->now_ms + bmc->boot_flag_timeout_ms : 0;
        return IPMI_CC_OK;
    }
    return IPMI_CC_PARAMETER_UNSUPPORTED;
}

static void
bmc_set_boot_options(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    uint8_t parameter = call->request->data[0] & (uint8_t)~PARAMETER_LOCKED;
    IpmiBootFlags flags;
    lock_acquire(&bmc->lock);
    bmc_boot_flags_expire(bmc, call->now_ms);
    uint8_t completion_code = store_option(bmc, call, parameter);
    ipmi_boot_flags_unpack(bmc->boot.flags, &flags);
    lock_release(&bmc->lock);
    if (completion_code != IPMI_CC_OK)
        bmc_refuse(call, completion_code);
    else if (parameter == IPMI_BOOT_OPTION_FLAGS && bmc->ops->boot_flags_set != NULL)
        bmc->ops->boot_flags_set(bmc->user_data, &flags);
}

static void
bmc_get_boot_options(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    uint8_t parameter = call->request->data[0] & (uint8_t)~PARAMETER_LOCKED;
    lock_acquire(&bmc->lock);
    bmc_boot_flags_expire(bmc, call->now_ms);
    bool refused = parameter_refused(bmc, parameter);
    BmcBootOptions boot = bmc->boot;
    lock_release(&bmc->lock);
    for (size_t i = 0; i < G_N_ELEMENTS(stored) && !refused; i++) {
        if (stored[i].parameter != parameter)
            continue;
        uint8_t *data = call->response->data;
        data[0] = PARAMETER_VERSION;
        data[1] = parameter;
        if (parameter == IPMI_BOOT_OPTION_FLAGS && boot.flags_locked)
            data[1] |= PARAMETER_LOCKED;
        memcpy(data + 2, (const uint8_t *)&boot + stored[i].offset, stored[i].size);
        call->response->size = 2u + stored[i].size;
        return;
    }
    bmc_refuse(call, IPMI_CC_PARAMETER_UNSUPPORTED);
}

bool
ipmi_bmc_take_boot_device(IpmiBmc *bmc, IpmiBootDevice *device, bool *persistent, bool *efi)
{
    IpmiBootFlags flags;
    lock_acquire(&bmc->lock);
    bmc_boot_flags_expire(bmc, due_now_ms());
    ipmi_boot_flags_unpack(bmc->boot.flags, &flags);
    if (flags.valid && !flags.persistent)
        bmc->boot.flags[0] &= (uint8_t)~FLAG_VALID;
    if (flags.valid)
        bmc->boot.expiry_ms = 0; /* the boot they were for has happened */
    lock_release(&bmc->lock);
    if (!flags.valid)
        return false;
    *device = flags.device;
    *persistent = flags.persistent;
    *efi = flags.efi;
    return true;
}

void
ipmi_bmc_peek_boot_flags(IpmiBmc *bmc, IpmiBootFlags *flags)
{
    lock_acquire(&bmc->lock);
    bmc_boot_flags_expire(bmc, due_now_ms());
    ipmi_boot_flags_unpack(bmc->boot.flags, flags);
    lock_release(&bmc->lock);
}

enum { USER = IPMI_PRIVILEGE_USER, OPERATOR = IPMI_PRIVILEGE_OPERATOR };

const BmcCommand bmc_chassis_commands[] = {
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_CAPABILITIES,     USER,     0, bmc_get_capabilities},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_STATUS,           USER,     0, bmc_get_status},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_CONTROL,          OPERATOR, 1, bmc_control},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_IDENTIFY,         OPERATOR, 0, bmc_identify},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_SET_POWER_RESTORE_POLICY, OPERATOR, 1, bmc_set_restore_policy},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_SYSTEM_RESTART_CAUSE,     USER,     0, bmc_get_restart_cause},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_SET_BOOT_OPTIONS,         OPERATOR, 1, bmc_set_boot_options},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_GET_BOOT_OPTIONS,         OPERATOR, 3, bmc_get_boot_options},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_POWER_ON_HOURS,           USER,     0, bmc_get_power_on_hours},
    {0,                  0,                                 0,        0, NULL},
};
