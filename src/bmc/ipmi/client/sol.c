/* A serial console over IPMI; the contract is in sol.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/sol.h"

#include "common/error.h"

enum {
    /* A packet that no one acknowledges goes out again after this, */
    RETRY_MS = 1000,
    /* and so often; then the console is taken for lost. */
    TRIES_MAX = 8,
    ANSWER_ACTIVATE = 1, /* of the two requests */
};

/* ---- hooks of the session and the link ---- */

static void
send_datagram(void *user_data, const uint8_t *bytes, size_t size)
{
    IpmiSol *sol = user_data;
    sol->ops->send(sol->user_data, bytes, size);
}

static size_t
take_characters(void *user_data, const uint8_t *bytes, size_t size)
{
    IpmiSol *sol = user_data;
    return sol->ops->take(sol->user_data, bytes, size);
}

static void
take_payload(void *user_data, const uint8_t *bytes, size_t size)
{
    IpmiSol *sol = user_data;
    IpmiSolPacket packet;
    if (!sol->open || !ipmi_sol_packet_parse(bytes, size, &packet, NULL))
        return;
    sol_link_receive(&sol->link, sol->now_ms, &packet);
    if ((packet.flags & IPMI_SOL_DEACTIVATED) != 0)
        session_fail(sol->session, sol->now_ms, STEEL_ERROR_BMC_REFUSED,
                     "%s has ended the console: another client has taken it, or SOL was disabled",
                     sol->session->where);
}

/* ---- life ---- */

IpmiSol *
ipmi_sol_new(const IpmiTarget *target, const char *where, const IpmiMemory *memory,
             const IpmiSolOps *ops, void *user_data, GError **error)
{
    IpmiRequest requests[2];
    ipmi_build_deactivate_sol(&requests[0]);
    ipmi_build_activate_sol(&requests[ANSWER_ACTIVATE]);
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
        requests[i].ignore_completion_code = true; /* their codes have meanings of their own */
    g_autoptr(IpmiSol) sol = g_new0(IpmiSol, 1);
    sol->ops = ops;
    sol->user_data = user_data;
    sol->session = ipmi_session_new(target, where, requests, G_N_ELEMENTS(requests), send_datagram,
                                    sol, error);
    if (sol->session == NULL)
        return NULL;
    sol->session->payload = take_payload;
    if (memory != NULL)
        sol->session->memory = *memory;
    return g_steal_pointer(&sol);
}

void
ipmi_sol_free(IpmiSol *sol)
{
    if (sol == NULL)
        return;
    ipmi_session_free(sol->session);
    sol_link_close(&sol->link);
    g_free(sol);
}

/* The BMC has answered Activate Payload: the link opens, or the session fails. */
static void
open_link(IpmiSol *sol, uint64_t now_ms)
{
    const IpmiResponse *answer = &sol->session->responses[ANSWER_ACTIVATE];
    const char *where = sol->session->where;
    size_t data_max = 0;
    g_autoptr(GError) error = NULL;
    if (answer->completion_code != IPMI_CC_OK) {
        const char *text = ipmi_sol_activation_text(answer->completion_code);
        session_fail(sol->session, now_ms, STEEL_ERROR_BMC_REFUSED,
                     "%s refused its console (Activate Payload): %s (%02xh)", where,
                     text != NULL ? text : ipmi_completion_text(answer->completion_code),
                     answer->completion_code);
    } else if (!ipmi_parse_activate_sol(answer, &data_max, &error)) {
        session_fail(sol->session, now_ms, STEEL_ERROR_BMC_PROTOCOL, "%s has sent %s", where,
                     error->message);
    } else {
        sol_link_open(&sol->link, IPMI_SOL_BREAK, data_max, IPMI_SOL_QUEUE_MAX, RETRY_MS, TRIES_MAX,
                      take_characters, sol);
        sol->open = true;
    }
}

static bool
is_held(const IpmiSol *sol)
{
    return sol->session->step == SESSION_HELD || sol->session->step == SESSION_KEEPALIVE;
}

/* After each event: opens the link, and sends what is to be sent. */
static void
pump(IpmiSol *sol, uint64_t now_ms)
{
    uint8_t payload[IPMI_SOL_HEADER_SIZE + IPMI_SOL_DATA_MAX];
    size_t size;
    if (is_held(sol) && !sol->open)
        open_link(sol, now_ms);
    while (is_held(sol) && (size = sol_link_next(&sol->link, now_ms, payload, sizeof payload)) > 0)
        (void)ipmi_session_send_payload(sol->session, payload, size);
    if (is_held(sol) && sol->link.given_up > 0)
        session_fail(sol->session, now_ms, STEEL_ERROR_BMC_UNREACHABLE,
                     "%s no longer takes what is typed at the console", sol->session->where);
}

void
ipmi_sol_start(IpmiSol *sol, uint64_t now_ms)
{
    ipmi_session_start(sol->session, now_ms);
    pump(sol, now_ms);
}

void
ipmi_sol_receive(IpmiSol *sol, uint64_t now_ms, const uint8_t *data, size_t size)
{
    sol->now_ms = now_ms;
    (void)ipmi_session_receive(sol->session, now_ms, data, size);
    pump(sol, now_ms);
}

void
ipmi_sol_expire(IpmiSol *sol, uint64_t now_ms)
{
    ipmi_session_expire(sol->session, now_ms);
    pump(sol, now_ms);
}

uint64_t
ipmi_sol_due_ms(const IpmiSol *sol)
{
    uint64_t link_ms = is_held(sol) && sol->open ? sol_link_due_ms(&sol->link) : 0;
    return link_ms != 0 ? MIN(link_ms, sol->session->due_ms) : sol->session->due_ms;
}

/* ---- what the owner asks for ---- */

size_t
ipmi_sol_room(const IpmiSol *sol)
{
    return is_held(sol) && sol->open ? sol_link_room(&sol->link) : 0;
}

size_t
ipmi_sol_write(IpmiSol *sol, uint64_t now_ms, const uint8_t *bytes, size_t size)
{
    if (!is_held(sol) || !sol->open)
        return 0;
    size_t taken = sol_link_write(&sol->link, bytes, size);
    pump(sol, now_ms);
    return taken;
}

void
ipmi_sol_break(IpmiSol *sol, uint64_t now_ms)
{
    if (!is_held(sol) || !sol->open)
        return;
    sol_link_break(&sol->link);
    pump(sol, now_ms);
}

void
ipmi_sol_close(IpmiSol *sol, uint64_t now_ms)
{
    if (!sol->session->finished)
        ipmi_session_release(sol->session, now_ms);
}

void
ipmi_sol_abort(IpmiSol *sol)
{
    ipmi_session_abort(sol->session, STEEL_ERROR_CANCELLED, "it was closed");
}

IpmiSolState
ipmi_sol_state(const IpmiSol *sol)
{
    if (sol->session->step == SESSION_ENDED)
        return IPMI_SOL_ENDED;
    if (sol->session->finished)
        return IPMI_SOL_CLOSING;
    return is_held(sol) && sol->open ? IPMI_SOL_OPEN : IPMI_SOL_OPENING;
}

const GError *
ipmi_sol_error(const IpmiSol *sol)
{
    const GError *error = sol->session->error;
    return steel_error_is(error, STEEL_ERROR_CANCELLED) ? NULL : error;
}
