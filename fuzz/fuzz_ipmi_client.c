/* The IPMI client's side of the wire: a session brought to any of its steps by a real BMC, then fed
 * with what the input says: raw datagrams, answers whose headers, checksums and seals are right but
 * whose contents are not, altered real answers, and the passing of time.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "bmc/ipmi/bmc/bmc.h"
#include "bmc/ipmi/client/commands.h"
#include "bmc/ipmi/client/session.h"
#include "bmc/ipmi/wire/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const IpmiBmcUser user = {"admin", "secret", IPMI_PRIVILEGE_ADMINISTRATOR};

typedef struct Sent {
    uint8_t bytes[IPMI_DATAGRAM_MAX];
    size_t size;
} Sent;

static void
keep_last(void *user_data, const uint8_t *bytes, size_t size)
{
    Sent *sent = user_data;
    memcpy(sent->bytes, bytes, size);
    sent->size = size;
}

/* Lets the real BMC answer until the session stands at the step. */
static void
advance(IpmiSession *session, IpmiBmc *bmc, Sent *sent, SessionStep step, uint64_t now_ms)
{
    uint8_t reply[IPMI_DATAGRAM_MAX];
    ipmi_session_start(session, now_ms);
    for (int i = 0; i < 16 && session->step < step; i++) {
        size_t size = ipmi_bmc_answer(bmc, now_ms, sent->bytes, sent->size, reply);
        ipmi_session_receive(session, now_ms, reply, size);
    }
}

/* A packet number that the session has not seen. */
static uint32_t
next_number(const IpmiSession *session)
{
    return session->window_open ? session->window.highest + 1 : 1;
}

/* An IPMI message with right addresses, checksums and sequence; sealed where the session is. */
static void
feed_message(IpmiSession *session, uint64_t now_ms, uint8_t command, const uint8_t *data,
             size_t size)
{
    const IpmiLanMessage message = {
        .to_address = IPMI_CONSOLE_ADDRESS,
        .net_function =
            (session->step == SESSION_REQUESTS ? IPMI_NETFN_CHASSIS : IPMI_NETFN_APP) | 1,
        .from_address = IPMI_BMC_ADDRESS,
        .sequence = session->sequence,
        .command = command,
        .data = data,
        .size = size,
    };
    uint8_t payload[IPMI_MESSAGE_MAX], datagram[IPMI_DATAGRAM_MAX];
    size_t payload_size, datagram_size;
    if (!ipmi_lan_message_build(&message, payload, sizeof payload, &payload_size, NULL))
        return;
    bool ok = session->logged_in
                  ? ipmi_packet_seal(&session->keys, session->login.console_id,
                                     next_number(session), IPMI_PAYLOAD_MESSAGE, payload,
                                     payload_size, datagram, sizeof datagram, &datagram_size, NULL)
                  : ipmi_packet_build(false, IPMI_PAYLOAD_MESSAGE, payload, payload_size, datagram,
                                      sizeof datagram, &datagram_size, NULL);
    if (ok)
        ipmi_session_receive(session, now_ms, datagram, datagram_size);
}

/* A payload of any type, in a session sealed. */
static void
feed_payload(IpmiSession *session, uint64_t now_ms, uint8_t type, const uint8_t *data, size_t size)
{
    uint8_t datagram[IPMI_DATAGRAM_MAX];
    size_t datagram_size;
    bool ok = session->logged_in ? ipmi_packet_seal(&session->keys, session->login.console_id,
                                                    next_number(session), type & 0x3f, data, size,
                                                    datagram, sizeof datagram, &datagram_size, NULL)
                                 : ipmi_packet_build(true, type & 0x3f, data, size, datagram,
                                                     sizeof datagram, &datagram_size, NULL);
    if (ok)
        ipmi_session_receive(session, now_ms, datagram, datagram_size);
}

/* A login answer with the tag and id the session waits for. */
static void
feed_login(IpmiSession *session, uint64_t now_ms, uint8_t type, const uint8_t *data, size_t size)
{
    uint8_t payload[IPMI_LOGIN_MESSAGE_MAX] = {0};
    IpmiWriter writer = ipmi_writer(payload, sizeof payload);
    ipmi_write_u8(&writer, session->tag);
    ipmi_write_u8(&writer, size > 0 ? data[0] : 0);
    ipmi_write_zeros(&writer, 2);
    ipmi_write_le32(&writer, session->login.console_id);
    if (size > 1)
        ipmi_write_bytes(&writer, data + 1, MIN(size - 1, sizeof payload - 8));
    static const uint8_t types[] = {IPMI_PAYLOAD_OPEN_RESPONSE, IPMI_PAYLOAD_RAKP_2,
                                    IPMI_PAYLOAD_RAKP_4};
    feed_payload(session, now_ms, types[type % G_N_ELEMENTS(types)], payload, writer.size);
}

/* The real BMC's answer, altered. */
static void
feed_altered(IpmiSession *session, IpmiBmc *bmc, const Sent *sent, uint64_t now_ms,
             const uint8_t *data, size_t size)
{
    uint8_t reply[IPMI_DATAGRAM_MAX];
    size_t reply_size = ipmi_bmc_answer(bmc, now_ms, sent->bytes, sent->size, reply);
    for (size_t i = 0; i + 1 < size && reply_size > 0; i += 2)
        reply[data[i] % reply_size] ^= data[i + 1];
    ipmi_session_receive(session, now_ms, reply, reply_size);
}

static void
parse_all(const uint8_t *data, size_t size)
{
    IpmiResponse response = {.size = MIN(size, IPMI_DATA_MAX)};
    IpmiRequest request;
    IpmiBootFlags flags;
    IpmiDeviceId id;
    IpmiAuthCapabilities capabilities;
    bool on;
    memcpy(response.data, data, response.size);
    (void)ipmi_parse_chassis_status(&response, &on, NULL);
    (void)ipmi_parse_boot_device(&response, &flags, NULL);
    (void)ipmi_parse_device_id(&response, &id, NULL);
    (void)ipmi_auth_capabilities_parse(data, size, &capabilities, NULL);
    g_autofree char *text = g_strndup((const char *)data, size);
    if (ipmi_parse_raw(text, &request, NULL) && request.size > IPMI_DATA_MAX)
        abort();
}

static void
run_chunk(IpmiSession *session, IpmiBmc *bmc, const Sent *sent, uint64_t *now_ms,
          const uint8_t *data, size_t size)
{
    uint8_t mode = data[0] % 7, detail = data[1];
    size -= 2;
    g_autofree uint8_t *exact = g_malloc(MAX(size, 1)); /* so that ASan sees one byte too far */
    memcpy(exact, data + 2, size);
    switch (mode) {
    case 0:
        ipmi_session_receive(session, *now_ms, exact, size);
        break;
    case 1:
        feed_message(session, *now_ms, detail, exact, size);
        break;
    case 2:
        feed_payload(session, *now_ms, detail, exact, size);
        break;
    case 3:
        feed_login(session, *now_ms, detail, exact, size);
        break;
    case 4:
        feed_altered(session, bmc, sent, *now_ms, exact, size);
        break;
    case 5:
        *now_ms += (uint64_t)detail * 20;
        ipmi_session_expire(session, *now_ms);
        break;
    default:
        parse_all(exact, size);
        break;
    }
}

/* First byte: the step and the suite. Then chunks: length, mode, detail, bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    IpmiTarget target = IPMI_TARGET_INIT;
    IpmiRequest requests[2];
    Sent sent = {0};
    uint64_t now_ms = 1000000;
    if (size < 1)
        return 0;
    target.username = user.name;
    target.password = user.password;
    target.cipher_suite = (data[0] & 0x40) != 0 ? -1 : (data[0] & 0x80) != 0 ? 17 : 3;
    ipmi_build_chassis_status(&requests[0]);
    ipmi_build_get_boot_device(&requests[1]);
    g_autoptr(IpmiBmc) bmc = ipmi_bmc_new(&user, 1, NULL, NULL, NULL);
    g_autoptr(IpmiSession) session =
        ipmi_session_new(&target, "bmc:623", requests, 2, keep_last, &sent, NULL);
    advance(session, bmc, &sent, (SessionStep)(data[0] & 7), now_ms);
    for (size_t position = 1; position + 3 <= size;) {
        size_t length = MIN((size_t)data[position] + 2, size - position - 1);
        run_chunk(session, bmc, &sent, &now_ms, data + position + 1, length);
        position += 1 + length;
    }
    if (session->response_count > session->request_count ||
        (session->finished && session->error == NULL &&
         session->response_count != session->request_count))
        abort();
    return 0;
}
