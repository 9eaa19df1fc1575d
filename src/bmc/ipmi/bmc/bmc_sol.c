/* Serial over LAN of a simulated BMC: one session at a time has the machine's serial port. What the
 * port sends without such a session is lost, as on a wire.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/bmc/bmc.h"

#include <string.h>

#include "bmc/ipmi/wire/bytes.h"
#include "bmc/ipmi/wire/channel.h"
#include "common/lock.h"

enum {
    SERIAL_MAX = 64 * 1024, /* characters that wait for the client; beyond it they are lost */
    LAN_CHANNEL = 1,
    CHANNEL_MASK = 0x0f,
    PARAMETER_MASK = 0x7f,
    PARAMETER_REVISION = 0x11,
    REVISION_ONLY = 0x80,
    INTERVAL_UNIT_MS = 10, /* of the retry interval */
    RETRIES_MASK = 0x07,
    PRIVILEGE_MASK = 0x0f,
    PACKET_MAX = IPMI_SOL_HEADER_SIZE + 200, /* of a payload, in either direction */
    NO_VLAN = 0xffff,
    PAYLOADS = 1 << IPMI_PAYLOAD_MESSAGE | 1 << IPMI_PAYLOAD_SOL,
    SETUP_PAYLOADS = 0x3f, /* Open Session to RAKP 4 */
    PAYLOAD_VERSION = 0x10,
};

/* As a new BMC has them: enabled, 115200 baud, six tries of half a second. */
static const uint8_t defaults[IPMI_SOL_PARAMETER_COUNT][BMC_SOL_PARAMETER_SIZE] = {
    [IPMI_SOL_PARAMETER_ENABLE] = {1},
    [IPMI_SOL_PARAMETER_AUTHENTICATION] = {0xc0 | IPMI_PRIVILEGE_USER},
    [IPMI_SOL_PARAMETER_ACCUMULATE] = {0x0c, 0x60},
    [IPMI_SOL_PARAMETER_RETRY] = {6, 50},
    [IPMI_SOL_PARAMETER_RATE] = {0x0a},
    [IPMI_SOL_PARAMETER_RATE_NOW] = {0x0a},
    [IPMI_SOL_PARAMETER_CHANNEL] = {LAN_CHANNEL},
};

static const uint8_t sizes[IPMI_SOL_PARAMETER_COUNT] = {1, 1, 1, 2, 2, 1, 1, 1, 2};

void
bmc_sol_init(IpmiBmc *bmc)
{
    memcpy(bmc->sol.parameters, defaults, sizeof defaults);
}

/* ---- the serial port ---- */

void
ipmi_bmc_serial_output(IpmiBmc *bmc, const uint8_t *bytes, size_t size)
{
    lock_acquire(&bmc->lock);
    bool active = bmc->sol_active;
    if (active) {
        if (bmc->serial == NULL)
            bmc->serial = g_byte_array_new();
        size = MIN(size, SERIAL_MAX - bmc->serial->len);
        g_byte_array_append(bmc->serial, bytes, (guint)size);
    }
    lock_release(&bmc->lock);
    if (active && bmc->wake != NULL)
        bmc->wake(bmc->wake_data);
}

/* A SolTake. */
static size_t
bmc_sol_take(void *user_data, const uint8_t *bytes, size_t size)
{
    IpmiBmc *bmc = user_data;
    return bmc->ops->serial_input(bmc->user_data, bytes, size);
}

static void
end(IpmiBmc *bmc)
{
    bmc->sol.session_id = 0;
    sol_link_close(&bmc->sol.link);
    lock_acquire(&bmc->lock);
    bmc->sol_active = false;
    if (bmc->serial != NULL)
        g_byte_array_set_size(bmc->serial, 0);
    lock_release(&bmc->lock);
}

void
bmc_sol_clear(IpmiBmc *bmc)
{
    sol_link_close(&bmc->sol.link);
}

/* The session that has the port; NULL if none has it. SOL ends with its session. */
static BmcSession *
owner(IpmiBmc *bmc)
{
    if (bmc->sol.session_id == 0)
        return NULL;
    BmcSession *session = bmc_session_find(bmc, bmc->sol.session_id);
    if (session != NULL && session->state == BMC_SESSION_ACTIVE)
        return session;
    end(bmc);
    return NULL;
}

bool
bmc_sol_receive(IpmiBmc *bmc, const BmcSession *session, uint64_t now_ms, const uint8_t *data,
                size_t size)
{
    IpmiSolPacket packet;
    if (owner(bmc) != session || !ipmi_sol_packet_parse(data, size, &packet, NULL))
        return false;
    /* ipmitool gives the packet of a break no number. */
    bool is_new = packet.sequence == 0 || packet.sequence != bmc->sol.link.heard;
    if (is_new && (packet.flags & IPMI_SOL_BREAK) != 0 && bmc->ops->serial_break != NULL)
        bmc->ops->serial_break(bmc->user_data);
    sol_link_receive(&bmc->sol.link, now_ms, &packet);
    return true;
}

/* Moves what the port has sent into the link, as far as it has room. */
static void
take_output(IpmiBmc *bmc)
{
    lock_acquire(&bmc->lock);
    if (bmc->serial != NULL && bmc->serial->len > 0) {
        size_t taken = sol_link_write(&bmc->sol.link, bmc->serial->data, bmc->serial->len);
        if (taken > 0)
            g_byte_array_remove_range(bmc->serial, 0, (guint)taken);
    }
    lock_release(&bmc->lock);
}

static size_t
seal(BmcSession *session, const uint8_t *payload, size_t size, uint8_t *datagram)
{
    size_t datagram_size = 0;
    session->sequence_out++;
    return ipmi_packet_seal(&session->keys, session->login.console_id, session->sequence_out,
                            IPMI_PAYLOAD_SOL, payload, size, datagram, IPMI_DATAGRAM_MAX,
                            &datagram_size, NULL)
               ? datagram_size
               : 0;
}

/* The last packet to a session whose SOL another one has ended. */
static size_t
say_farewell(IpmiBmc *bmc, uint8_t *datagram)
{
    BmcSession *session = bmc_session_find(bmc, bmc->sol.told_id);
    const uint8_t payload[IPMI_SOL_HEADER_SIZE] = {0, 0, 0, IPMI_SOL_DEACTIVATED};
    bmc->sol.told_id = 0;
    return session != NULL ? seal(session, payload, sizeof payload, datagram) : 0;
}

size_t
ipmi_bmc_speak(IpmiBmc *bmc, uint64_t now_ms, uint8_t *datagram, IpmiPeer *peer, uint64_t *due_ms)
{
    *due_ms = 0;
    BmcSession *session = owner(bmc);
    *peer = bmc->sol.peer;
    if (bmc->sol.told_id != 0)
        return say_farewell(bmc, datagram);
    if (session == NULL)
        return 0;
    take_output(bmc);
    uint8_t payload[PACKET_MAX];
    size_t size = sol_link_next(&bmc->sol.link, now_ms, payload, sizeof payload);
    *due_ms = sol_link_due_ms(&bmc->sol.link);
    return size > 0 ? seal(session, payload, size, datagram) : 0;
}

/* ---- activation, 24.1 to 24.5 ---- */

static bool
is_port(BmcCall *call)
{
    if (call->request->data[0] == IPMI_PAYLOAD_SOL && call->request->data[1] == IPMI_SOL_INSTANCE)
        return true;
    bmc_refuse(call, IPMI_CC_INVALID_FIELD);
    return false;
}

/* Why SOL cannot be activated; OK if it can. */
static uint8_t
refusal(const BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    const uint8_t *required = bmc->sol.parameters[IPMI_SOL_PARAMETER_AUTHENTICATION];
    if (bmc->ops->serial_input == NULL || bmc->sol.parameters[IPMI_SOL_PARAMETER_ENABLE][0] == 0)
        return IPMI_CC_PAYLOAD_DISABLED;
    if (call->session->privilege < (IpmiPrivilege)(required[0] & PRIVILEGE_MASK))
        return IPMI_CC_INSUFFICIENT_PRIVILEGE;
    if ((call->request->data[2] & IPMI_SOL_ENCRYPTED) == 0)
        return IPMI_CC_PAYLOAD_ENCRYPTED;
    return owner(bmc) != NULL ? IPMI_CC_PAYLOAD_ACTIVE : IPMI_CC_OK;
}

static void
begin(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    const uint8_t *retry = bmc->sol.parameters[IPMI_SOL_PARAMETER_RETRY];
    unsigned retry_ms = MAX(retry[1], 1u) * INTERVAL_UNIT_MS;
    sol_link_open(&bmc->sol.link, 0, PACKET_MAX - IPMI_SOL_HEADER_SIZE, PACKET_MAX, retry_ms,
                  1u + (retry[0] & RETRIES_MASK), bmc_sol_take, bmc);
    bmc->sol.session_id = call->session->login.bmc_id;
    bmc->sol.peer = bmc->from;
    lock_acquire(&bmc->lock);
    bmc->sol_active = true;
    lock_release(&bmc->lock);
}

static void
bmc_app_activate_payload(BmcCall *call)
{
    if (!is_port(call))
        return;
    uint8_t code = refusal(call);
    if (code != IPMI_CC_OK) {
        bmc_refuse(call, code);
        return;
    }
    begin(call);
    IpmiWriter writer = ipmi_writer(call->response->data, IPMI_DATA_MAX);
    ipmi_write_zeros(&writer, 4);
    ipmi_write_le16(&writer, PACKET_MAX);
    ipmi_write_le16(&writer, PACKET_MAX);
    ipmi_write_le16(&writer, call->bmc->port);
    ipmi_write_le16(&writer, NO_VLAN);
    call->response->size = writer.size;
}

/* Any session may end SOL of any other: that is how a lost client's is freed. */
static void
bmc_app_deactivate_payload(BmcCall *call)
{
    if (!is_port(call))
        return;
    const BmcSession *session = owner(call->bmc);
    if (session == NULL) {
        bmc_refuse(call, IPMI_CC_PAYLOAD_NOT_ACTIVE);
        return;
    }
    if (session != call->session)
        call->bmc->sol.told_id = session->login.bmc_id;
    end(call->bmc);
}

static void
bmc_app_payload_status(BmcCall *call)
{
    const uint8_t status[] = {IPMI_SOL_INSTANCE, owner(call->bmc) != NULL, 0};
    if (call->request->data[0] != IPMI_PAYLOAD_SOL)
        bmc_refuse(call, IPMI_CC_INVALID_FIELD);
    else
        bmc_respond(call, status, sizeof status);
}

static void
bmc_app_payload_instance(BmcCall *call)
{
    if (!is_port(call))
        return;
    const BmcSession *session = owner(call->bmc);
    IpmiWriter writer = ipmi_writer(call->response->data, IPMI_DATA_MAX);
    ipmi_write_le32(&writer, session != NULL ? session->login.bmc_id : 0);
    ipmi_write_u8(&writer, 1); /* serial port 1 */
    ipmi_write_zeros(&writer, 7);
    call->response->size = writer.size;
}

/* ---- what users and channels may have, 24.6 to 24.9 ---- */

static bool
is_channel(BmcCall *call)
{
    uint8_t channel = call->request->data[0] & CHANNEL_MASK;
    if (channel == IPMI_CHANNEL_PRESENT || channel == LAN_CHANNEL)
        return true;
    bmc_refuse(call, IPMI_CC_INVALID_FIELD);
    return false;
}

static void
bmc_app_set_user_payloads(BmcCall *call)
{
    (void)is_channel(call); /* every user has SOL */
}

static void
bmc_app_user_payloads(BmcCall *call)
{
    const uint8_t payloads[] = {1 << IPMI_PAYLOAD_SOL, 0, 0, 0};
    if (is_channel(call))
        bmc_respond(call, payloads, sizeof payloads);
}

static void
bmc_app_channel_payloads(BmcCall *call)
{
    const uint8_t payloads[8] = {PAYLOADS, 0, SETUP_PAYLOADS};
    if (is_channel(call))
        bmc_respond(call, payloads, sizeof payloads);
}

static void
bmc_app_channel_payload_version(BmcCall *call)
{
    const uint8_t version = PAYLOAD_VERSION;
    if (is_channel(call))
        bmc_respond(call, &version, 1);
}

/* ---- parameters, 26.2 and 26.3 ---- */

static void
bmc_transport_set_sol_parameters(BmcCall *call)
{
    const IpmiRequest *request = call->request;
    unsigned parameter = request->data[1];
    if (!is_channel(call))
        return;
    if (parameter >= IPMI_SOL_PARAMETER_COUNT)
        bmc_refuse(call, IPMI_CC_PARAMETER_UNSUPPORTED);
    else if (parameter >= IPMI_SOL_PARAMETER_CHANNEL)
        bmc_refuse(call, IPMI_CC_READ_ONLY);
    else if (request->size < 2u + sizes[parameter])
        bmc_refuse(call, IPMI_CC_LENGTH_INVALID);
    else
        memcpy(call->bmc->sol.parameters[parameter], request->data + 2, sizes[parameter]);
}

static void
bmc_transport_sol_parameters(BmcCall *call)
{
    const uint8_t *data = call->request->data;
    unsigned parameter = data[1] & PARAMETER_MASK;
    if (!is_channel(call))
        return;
    if (parameter >= IPMI_SOL_PARAMETER_COUNT) {
        bmc_refuse(call, IPMI_CC_PARAMETER_UNSUPPORTED);
        return;
    }
    IpmiWriter writer = ipmi_writer(call->response->data, IPMI_DATA_MAX);
    ipmi_write_u8(&writer, PARAMETER_REVISION);
    if ((data[0] & REVISION_ONLY) == 0 && parameter == IPMI_SOL_PARAMETER_PORT)
        ipmi_write_le16(&writer, call->bmc->port);
    else if ((data[0] & REVISION_ONLY) == 0)
        ipmi_write_bytes(&writer, call->bmc->sol.parameters[parameter], sizes[parameter]);
    call->response->size = writer.size;
}

enum {
    USER = IPMI_PRIVILEGE_USER,
    OPERATOR = IPMI_PRIVILEGE_OPERATOR,
    ADMIN = IPMI_PRIVILEGE_ADMINISTRATOR,
};

const BmcCommand bmc_sol_commands[] = {
    {IPMI_NETFN_APP, IPMI_CMD_ACTIVATE_PAYLOAD, USER, 6, bmc_app_activate_payload},
    {IPMI_NETFN_APP, IPMI_CMD_DEACTIVATE_PAYLOAD, USER, 6, bmc_app_deactivate_payload},
    {IPMI_NETFN_APP, IPMI_CMD_PAYLOAD_STATUS, USER, 1, bmc_app_payload_status},
    {IPMI_NETFN_APP, IPMI_CMD_PAYLOAD_INSTANCE, USER, 2, bmc_app_payload_instance},
    {IPMI_NETFN_APP, IPMI_CMD_SET_USER_PAYLOADS, ADMIN, 6, bmc_app_set_user_payloads},
    {IPMI_NETFN_APP, IPMI_CMD_USER_PAYLOADS, OPERATOR, 2, bmc_app_user_payloads},
    {IPMI_NETFN_APP, IPMI_CMD_CHANNEL_PAYLOADS, USER, 1, bmc_app_channel_payloads},
    {IPMI_NETFN_APP, IPMI_CMD_CHANNEL_PAYLOAD_VERSION, USER, 2, bmc_app_channel_payload_version},
    {IPMI_NETFN_TRANSPORT, IPMI_CMD_SET_SOL_PARAMETERS, ADMIN, 3, bmc_transport_set_sol_parameters},
    {IPMI_NETFN_TRANSPORT, IPMI_CMD_SOL_PARAMETERS, OPERATOR, 4, bmc_transport_sol_parameters},
    {0, 0, 0, 0, NULL},
};
