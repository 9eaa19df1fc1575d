/* The commands about the BMC itself (network function App), and the dispatch to all command tables.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bmc/ipmi/bmc/bmc.h"
#include "bmc/ipmi/wire/bytes.h"
#include "bmc/ipmi/wire/channel.h"
#include "common/lock.h"

enum {
    LAN_CHANNEL = 1,
    CHANNEL_MASK = 0x0f,
    DEVICE_ID = 0x20,
    SHORT_DEVICE_ID = 6,       /* bytes: without manufacturer and product */
    IPMI_VERSION = 0x02,       /* BCD, digits swapped: 2.0 */
    DEVICE_SUPPORT = 0x87,     /* chassis, SEL, SDR repository, sensors */
    MEDIUM_LAN = 0x04,         /* 802.3, table 6-3 */
    PROTOCOL_IPMB = 0x01,      /* table 6-2 */
    SESSION_MULTI = 0x80,      /* 22.24 */
    ACCESS_ALWAYS = 0x02,      /* 22.23 */
    USER_LINK_MESSAGING = 0x30 /* user may use link authentication and IPMI messaging, 22.27 */
};

void
bmc_respond(BmcCall *call, const void *data, size_t size)
{
    size = MIN(size, IPMI_DATA_MAX);
    if (size > 0)
        memcpy(call->response->data, data, size);
    call->response->size = size;
}

void
bmc_stay_silent(BmcCall *call)
{
    call->silent = true;
}

/* ---- dispatch ---- */

static const BmcCommand *const tables[] = {bmc_app_commands, bmc_chassis_commands,
                                           bmc_sensor_commands, bmc_storage_commands,
                                           bmc_sol_commands};

static const BmcCommand *
find_command(const IpmiRequest *request)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const BmcCommand *row = tables[i]; row->handler != NULL; row++)
            if (row->net_function == request->net_function && row->command == request->command)
                return row;
    return NULL;
}

/* Passes a command that is not in the tables to the owner, for administrators only. */
static void
execute_foreign(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    if (call->session == NULL || bmc->ops->command == NULL) {
        bmc_refuse(call, IPMI_CC_INVALID_COMMAND);
        return;
    }
    if (call->session->privilege < IPMI_PRIVILEGE_ADMINISTRATOR) {
        bmc_refuse(call, IPMI_CC_INSUFFICIENT_PRIVILEGE);
        return;
    }
    if (!bmc->ops->command(bmc->user_data, call->request, call->response))
        bmc_refuse(call, IPMI_CC_INVALID_COMMAND);
    call->response->size = MIN(call->response->size, IPMI_DATA_MAX);
}

/* The answer of a BMC that is busy or starting, to any command; OK if it is neither. */
static uint8_t
passing_refusal(BmcCall *call, const BmcCommand *row)
{
    IpmiBmc *bmc = call->bmc;
    if (row->privilege == 0 ||
        (row->net_function == IPMI_NETFN_APP && row->command == IPMI_CMD_CLOSE_SESSION))
        return IPMI_CC_OK;
    lock_acquire(&bmc->lock);
    uint8_t starting = call->now_ms < bmc->started_ms ? bmc->faults.starting_code : IPMI_CC_OK;
    uint8_t code = bmc->faults.busy ? IPMI_CC_BUSY : starting;
    lock_release(&bmc->lock);
    return code;
}

void
bmc_execute(BmcCall *call)
{
    const BmcCommand *row = find_command(call->request);
    uint8_t passing = row != NULL ? passing_refusal(call, row) : IPMI_CC_OK;
    if (row == NULL)
        execute_foreign(call);
    else if (row->privilege != 0 && call->session == NULL)
        bmc_refuse(call, IPMI_CC_INSUFFICIENT_PRIVILEGE);
    else if (row->privilege != 0 && call->session->privilege < (IpmiPrivilege)row->privilege)
        bmc_refuse(call, IPMI_CC_INSUFFICIENT_PRIVILEGE);
    else if (call->request->lun != 0)
        bmc_refuse(call, IPMI_CC_INVALID_FOR_LUN);
    else if (call->request->size < row->least_size)
        bmc_refuse(call, IPMI_CC_LENGTH_INVALID);
    else if (passing != IPMI_CC_OK)
        bmc_refuse(call, passing);
    else
        row->handler(call);
}

/* ---- identity and reset ---- */

static void
bmc_app_get_device_id(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    IpmiWriter writer = ipmi_writer(call->response->data, IPMI_DATA_MAX);
    lock_acquire(&bmc->lock);
    uint32_t manufacturer = bmc->manufacturer;
    uint16_t product = bmc->product;
    lock_release(&bmc->lock);
    ipmi_write_u8(&writer, DEVICE_ID);
    ipmi_write_u8(&writer, 0x01); /* revision 1, no SDRs of its own */
    ipmi_write_u8(&writer, 0x01); /* firmware 1.00, in operation */
    ipmi_write_u8(&writer, 0x00);
    ipmi_write_u8(&writer, IPMI_VERSION);
    ipmi_write_u8(&writer, DEVICE_SUPPORT);
    ipmi_write_u8(&writer, manufacturer & 0xff);
    ipmi_write_u8(&writer, manufacturer >> 8 & 0xff);
    ipmi_write_u8(&writer, manufacturer >> 16 & 0xff);
    ipmi_write_le16(&writer, product);
    IpmiBmcFaults faults = bmc_faults(bmc);
    call->response->size = faults.short_device_id ? SHORT_DEVICE_ID : writer.size;
    if (faults.no_device_id)
        bmc_stay_silent(call);
}

static void
bmc_app_reset_bmc(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    lock_acquire(&bmc->lock);
    bmc->boot.set_in_progress = 0;
    bmc->boot.valid_clearing = 0;
    bmc->started_ms = call->now_ms + bmc->faults.starting_ms;
    lock_release(&bmc->lock);
    bmc->reset_pending = true;
    if (bmc->ops->bmc_reset != NULL)
        bmc->ops->bmc_reset(bmc->user_data, call->request->command == IPMI_CMD_COLD_RESET);
}

static void
bmc_app_self_test(BmcCall *call)
{
    const uint8_t passed[] = {0x55, 0x00};
    bmc_respond(call, passed, sizeof passed);
}

static void
bmc_app_get_guid(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    lock_acquire(&bmc->lock);
    bmc_respond(call, bmc->guid, sizeof bmc->guid);
    lock_release(&bmc->lock);
}

/* ---- answers before a login ---- */

static bool
is_our_channel(uint8_t byte)
{
    uint8_t channel = byte & CHANNEL_MASK;
    return channel == IPMI_CHANNEL_PRESENT || channel == LAN_CHANNEL;
}

static void
bmc_app_get_auth_capabilities(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    if (!is_our_channel(call->request->data[0])) {
        bmc_refuse(call, IPMI_CC_INVALID_FIELD);
        return;
    }
    IpmiAuthCapabilities capabilities = {.channel = LAN_CHANNEL, .ipmi_20 = true};
    for (size_t i = 0; i < bmc->user_count; i++) {
        bool has_password = bmc->users[i].password[0] != 0;
        capabilities.named_users |= bmc->users[i].name_size > 0;
        capabilities.null_usernames |= bmc->users[i].name_size == 0 && has_password;
        capabilities.anonymous_login |= bmc->users[i].name_size == 0 && !has_password;
    }
    lock_acquire(&bmc->lock);
    capabilities.kg_required = bmc->kg_set;
    bool silent = bmc->faults.no_auth_capabilities;
    capabilities.ipmi_20 = !bmc->faults.ipmi_15_only;
    lock_release(&bmc->lock);
    if (silent)
        bmc_stay_silent(call);
    else
        ipmi_auth_capabilities_response(&capabilities, call->response);
}

static void
bmc_app_get_cipher_suites(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    lock_acquire(&bmc->lock);
    bool silent = bmc->faults.no_cipher_suite_query;
    int only = bmc->faults.only_suite;
    lock_release(&bmc->lock);
    if (silent) {
        bmc_stay_silent(call);
        return;
    }
    if (!is_our_channel(call->request->data[0])) {
        bmc_refuse(call, IPMI_CC_INVALID_FIELD);
        return;
    }
    uint8_t records[IPMI_CIPHER_SUITE_BYTES_MAX];
    size_t size = ipmi_cipher_suites_build(only, records, sizeof records);
    size_t offset = (size_t)(call->request->data[2] & 0x3f) * IPMI_CIPHER_SUITE_CHUNK;
    size_t chunk = offset < size ? MIN(size - offset, IPMI_CIPHER_SUITE_CHUNK) : 0;
    IpmiWriter writer = ipmi_writer(call->response->data, IPMI_DATA_MAX);
    ipmi_write_u8(&writer, LAN_CHANNEL);
    ipmi_write_bytes(&writer, records + (offset < size ? offset : 0), chunk);
    call->response->size = writer.size;
}

/* ---- sessions ---- */

static void
bmc_app_set_session_privilege(BmcCall *call)
{
    BmcSession *session = call->session;
    unsigned level = call->request->data[0] & 0x0f;
    if (level > session->privilege_limit) {
        bmc_refuse(call, 0x81); /* exceeds user or channel limit, 22.18 */
        return;
    }
    if (level == 1) {
        bmc_refuse(call, 0x80); /* callback is not for sessions like this one */
        return;
    }
    if (level != 0)
        session->privilege = (IpmiPrivilege)level;
    uint8_t now = (uint8_t)session->privilege;
    bmc_respond(call, &now, 1);
    lock_acquire(&call->bmc->lock);
    bool silent = call->bmc->faults.no_answer_after_login;
    lock_release(&call->bmc->lock);
    if (silent)
        session->state = BMC_SESSION_CHALLENGED; /* it answers nothing more */
}

static void
bmc_app_close_session(BmcCall *call)
{
    IpmiReader reader = ipmi_reader(call->request->data, call->request->size);
    uint32_t id = ipmi_read_le32(&reader);
    if (bmc_faults(call->bmc).close_ignored) {
        bmc_stay_silent(call);
        return;
    }
    if (id == call->session->login.bmc_id)
        return; /* dropped when this is answered */
    BmcSession *other = bmc_session_find(call->bmc, id);
    if (other == NULL)
        bmc_refuse(call, 0x87); /* invalid session id, 22.19 */
    else if (call->session->privilege < IPMI_PRIVILEGE_ADMINISTRATOR)
        bmc_refuse(call, IPMI_CC_INSUFFICIENT_PRIVILEGE);
    else
        bmc_session_drop(call->bmc, other);
}

static void
bmc_app_get_session_info(BmcCall *call)
{
    const BmcSession *session = call->session;
    lock_acquire(&call->bmc->lock);
    uint8_t slots = (uint8_t)call->bmc->session_slots;
    lock_release(&call->bmc->lock);
    if (call->request->data[0] != 0) { /* only "the session of this request" */
        const uint8_t none[] = {0, slots, (uint8_t)call->bmc->sessions->len};
        bmc_respond(call, none, sizeof none);
        return;
    }
    const uint8_t info[] = {1,
                            slots,
                            (uint8_t)call->bmc->sessions->len,
                            (uint8_t)session->user_id,
                            (uint8_t)session->privilege,
                            0x10 | LAN_CHANNEL /* IPMI 2.0 */};
    bmc_respond(call, info, sizeof info);
}

/* ---- channels and users ---- */

static void
bmc_app_get_channel_info(BmcCall *call)
{
    if (!is_our_channel(call->request->data[0])) {
        bmc_refuse(call, IPMI_CC_INVALID_FIELD);
        return;
    }
    const uint8_t info[] = {
        LAN_CHANNEL, MEDIUM_LAN, PROTOCOL_IPMB, (uint8_t)(SESSION_MULTI | call->bmc->sessions->len),
        0xf2,        0x1b,       0x00, /* vendor: IPMI forum */
        0x00,        0x00};
    bmc_respond(call, info, sizeof info);
}

static void
bmc_app_get_channel_access(BmcCall *call)
{
    if (!is_our_channel(call->request->data[0])) {
        bmc_refuse(call, IPMI_CC_INVALID_FIELD);
        return;
    }
    const uint8_t access[] = {ACCESS_ALWAYS, IPMI_PRIVILEGE_ADMINISTRATOR};
    bmc_respond(call, access, sizeof access);
}

/* The user of an id byte; refuses an id out of range. */
static BmcUser *
user_of(BmcCall *call, uint8_t byte)
{
    unsigned id = byte & 0x3f;
    if (id == 0 || id > call->bmc->user_count) {
        bmc_refuse(call, IPMI_CC_OUT_OF_RANGE);
        return NULL;
    }
    return &call->bmc->users[id - 1];
}

static void
bmc_app_get_user_access(BmcCall *call)
{
    const BmcUser *user = user_of(call, call->request->data[1]);
    if (user == NULL)
        return;
    const uint8_t access[] = {(uint8_t)call->bmc->user_count, (uint8_t)call->bmc->user_count, 0,
                              (uint8_t)(USER_LINK_MESSAGING | user->privilege)};
    bmc_respond(call, access, sizeof access);
}

static void
bmc_app_get_user_name(BmcCall *call)
{
    const BmcUser *user = user_of(call, call->request->data[0]);
    if (user != NULL)
        bmc_respond(call, user->name, sizeof user->name);
}

static void
bmc_app_set_user_name(BmcCall *call)
{
    BmcUser *user = user_of(call, call->request->data[0]);
    if (user == NULL)
        return;
    memcpy(user->name, call->request->data + 1, sizeof user->name);
    user->name_size = (uint8_t)strnlen((const char *)user->name, sizeof user->name);
}

enum {
    ANYONE = IPMI_PRIVILEGE_DEFAULT,
    CALLBACK = IPMI_PRIVILEGE_CALLBACK,
    USER = IPMI_PRIVILEGE_USER,
    OPERATOR = IPMI_PRIVILEGE_OPERATOR,
    ADMIN = IPMI_PRIVILEGE_ADMINISTRATOR,
};

const BmcCommand bmc_app_commands[] = {
    {IPMI_NETFN_APP, IPMI_CMD_DEVICE_ID, USER, 0, bmc_app_get_device_id},
    {IPMI_NETFN_APP, IPMI_CMD_COLD_RESET, ADMIN, 0, bmc_app_reset_bmc},
    {IPMI_NETFN_APP, IPMI_CMD_WARM_RESET, ADMIN, 0, bmc_app_reset_bmc},
    {IPMI_NETFN_APP, IPMI_CMD_SELF_TEST, USER, 0, bmc_app_self_test},
    {IPMI_NETFN_APP, IPMI_CMD_SYSTEM_GUID, ANYONE, 0, bmc_app_get_guid},
    {IPMI_NETFN_APP, IPMI_CMD_CHANNEL_AUTH_CAPABILITIES, ANYONE, 2, bmc_app_get_auth_capabilities},
    {IPMI_NETFN_APP, IPMI_CMD_CHANNEL_CIPHER_SUITES, ANYONE, 3, bmc_app_get_cipher_suites},
    {IPMI_NETFN_APP, IPMI_CMD_SET_SESSION_PRIVILEGE, CALLBACK, 1, bmc_app_set_session_privilege},
    {IPMI_NETFN_APP, IPMI_CMD_CLOSE_SESSION, CALLBACK, 4, bmc_app_close_session},
    {IPMI_NETFN_APP, IPMI_CMD_SESSION_INFO, USER, 1, bmc_app_get_session_info},
    {IPMI_NETFN_APP, IPMI_CMD_CHANNEL_ACCESS, USER, 2, bmc_app_get_channel_access},
    {IPMI_NETFN_APP, IPMI_CMD_CHANNEL_INFO, USER, 1, bmc_app_get_channel_info},
    {IPMI_NETFN_APP, IPMI_CMD_USER_ACCESS, OPERATOR, 2, bmc_app_get_user_access},
    {IPMI_NETFN_APP, IPMI_CMD_SET_USER_NAME, ADMIN, 17, bmc_app_set_user_name},
    {IPMI_NETFN_APP, IPMI_CMD_GET_USER_NAME, OPERATOR, 1, bmc_app_get_user_name},
    {0, 0, 0, 0, NULL},
};
