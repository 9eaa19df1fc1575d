/* The simulated BMC's side of the wire: datagrams as they come, requests with right checksums
 * outside of and within a session, and login messages, in any order; time passes between them.
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

static bool
echo_command(void *user_data, const IpmiRequest *request, IpmiResponse *response)
{
    (void)user_data;
    response->size = request->size;
    memcpy(response->data, request->data, request->size);
    return request->net_function != 0x3e;
}

static const IpmiBmcOps ops = {.command = echo_command};

/* Gives the BMC a datagram; what it answers must be a datagram itself. */
static void
give(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size)
{
    uint8_t reply[IPMI_DATAGRAM_MAX];
    IpmiPacket packet;
    size_t reply_size = ipmi_bmc_answer(bmc, now_ms, data, size, reply);
    if (reply_size > 0 && !ipmi_packet_parse(reply, reply_size, &packet, NULL))
        abort();
}

static void
give_message(IpmiBmc *bmc, const IpmiSession *session, uint32_t *sequence, uint64_t now_ms,
             const uint8_t *data, size_t size)
{
    if (size < 3)
        return;
    const IpmiLanMessage message = {
        .to_address = IPMI_BMC_ADDRESS,
        .net_function = data[0] & 0x3f,
        .from_address = IPMI_CONSOLE_ADDRESS,
        .sequence = data[2] & 0x3f,
        .command = data[1],
        .data = data + 3,
        .size = size - 3,
    };
    uint8_t payload[IPMI_MESSAGE_MAX], datagram[IPMI_DATAGRAM_MAX];
    size_t payload_size, datagram_size;
    if (!ipmi_lan_message_build(&message, payload, sizeof payload, &payload_size, NULL))
        return;
    if (session == NULL
            ? ipmi_packet_build((data[2] & 0x40) != 0, IPMI_PAYLOAD_MESSAGE, payload, payload_size,
                                datagram, sizeof datagram, &datagram_size, NULL)
            : ipmi_packet_seal(&session->keys, session->login.bmc_id, ++*sequence,
                               IPMI_PAYLOAD_MESSAGE, payload, payload_size, datagram,
                               sizeof datagram, &datagram_size, NULL))
        give(bmc, now_ms, datagram, datagram_size);
}

static void
give_payload(IpmiBmc *bmc, const IpmiSession *session, uint32_t *sequence, uint64_t now_ms,
             uint8_t type, const uint8_t *data, size_t size)
{
    uint8_t datagram[IPMI_DATAGRAM_MAX];
    size_t datagram_size;
    if (session == NULL
            ? ipmi_packet_build(true, type & 0x3f, data, size, datagram, sizeof datagram,
                                &datagram_size, NULL)
            : ipmi_packet_seal(&session->keys, session->login.bmc_id, ++*sequence, type & 0x3f,
                               data, size, datagram, sizeof datagram, &datagram_size, NULL))
        give(bmc, now_ms, datagram, datagram_size);
}

/* RAKP 1 or 3 for a session that exists, whatever its state. */
static void
give_login(IpmiBmc *bmc, uint64_t now_ms, uint8_t detail, const uint8_t *data, size_t size)
{
    static const uint8_t types[] = {IPMI_PAYLOAD_RAKP_1, IPMI_PAYLOAD_RAKP_3};
    uint8_t payload[IPMI_LOGIN_MESSAGE_MAX] = {0};
    IpmiWriter writer = ipmi_writer(payload, sizeof payload);
    if (bmc->sessions->len == 0)
        return;
    const BmcSession *session = g_ptr_array_index(bmc->sessions, detail / 2 % bmc->sessions->len);
    ipmi_write_u8(&writer, size > 0 ? data[0] : 0);
    ipmi_write_u8(&writer, size > 1 ? data[1] : 0);
    ipmi_write_zeros(&writer, 2);
    ipmi_write_le32(&writer, session->login.bmc_id);
    if (size > 2)
        ipmi_write_bytes(&writer, data + 2, MIN(size - 2, sizeof payload - 8));
    give_payload(bmc, NULL, NULL, now_ms, types[detail % 2], payload, writer.size);
}

static void
run_chunk(IpmiBmc *bmc, const IpmiSession *session, uint32_t *sequence, uint64_t *now_ms,
          const uint8_t *data, size_t size)
{
    uint8_t mode = data[0] % 7, detail = data[1];
    size -= 2;
    g_autofree uint8_t *exact = g_malloc(MAX(size, 1)); /* so that ASan sees one byte too far */
    memcpy(exact, data + 2, size);
    switch (mode) {
    case 0:
        give(bmc, *now_ms, exact, size);
        break;
    case 1:
        give_message(bmc, NULL, NULL, *now_ms, exact, size);
        break;
    case 2:
        give_message(bmc, session, sequence, *now_ms, exact, size);
        break;
    case 3:
        give_payload(bmc, NULL, NULL, *now_ms, detail, exact, size);
        break;
    case 4:
        give_payload(bmc, session, sequence, *now_ms, detail, exact, size);
        break;
    case 5:
        give_login(bmc, *now_ms, detail, exact, size);
        break;
    default:
        *now_ms += (uint64_t)detail * 500;
        break;
    }
}

/* First byte: the suite. Then chunks: length, mode, detail, bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    IpmiTarget target = IPMI_TARGET_INIT;
    IpmiRequest request;
    Sent sent = {0};
    uint64_t now_ms = 1000000;
    uint8_t reply[IPMI_DATAGRAM_MAX];
    if (size < 1)
        return 0;
    target.username = user.name;
    target.password = user.password;
    target.cipher_suite = (data[0] & 1) != 0 ? 17 : 3;
    ipmi_build_chassis_status(&request);
    g_autoptr(IpmiBmc) bmc = ipmi_bmc_new(&user, 1, &ops, NULL, NULL);
    g_autoptr(IpmiSession) session =
        ipmi_session_new(&target, "bmc:623", &request, 1, keep_last, &sent, NULL);
    ipmi_session_start(session, now_ms);
    while (session->step < SESSION_REQUESTS) {
        size_t reply_size = ipmi_bmc_answer(bmc, now_ms, sent.bytes, sent.size, reply);
        ipmi_session_receive(session, now_ms, reply, reply_size);
    }
    uint32_t sequence = session->packet_sequence;
    for (size_t position = 1; position + 3 <= size;) {
        size_t length = MIN((size_t)data[position] + 2, size - position - 1);
        run_chunk(bmc, session, &sequence, &now_ms, data + position + 1, length);
        position += 1 + length;
    }
    if (bmc->sessions->len > BMC_SESSIONS_MAX)
        abort();
    return 0;
}
