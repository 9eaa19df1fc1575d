/* One end of Serial over LAN; the contract is in sol_link.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/sol_link.h"

void
sol_link_open(SolLink *link, uint8_t break_flag, size_t data_max, size_t queue_max,
              unsigned retry_ms, unsigned tries_max, SolTake take, void *user_data)
{
    *link = (SolLink){
        .break_flag = break_flag,
        .data_max = data_max,
        .queue_max = queue_max,
        .retry_ms = retry_ms,
        .tries_max = tries_max,
        .take = take,
        .user_data = user_data,
        .queue = g_byte_array_new(),
    };
}

void
sol_link_close(SolLink *link)
{
    if (link->queue != NULL)
        g_byte_array_unref(link->queue);
    *link = (SolLink){0};
}

size_t
sol_link_room(const SolLink *link)
{
    return link->queue_max - MIN(link->queue_max, link->queue->len);
}

size_t
sol_link_write(SolLink *link, const uint8_t *bytes, size_t size)
{
    size_t taken = MIN(size, sol_link_room(link));
    if (taken > 0)
        g_byte_array_append(link->queue, bytes, (guint)taken);
    return taken;
}

void
sol_link_break(SolLink *link)
{
    link->break_wanted = link->break_flag != 0;
}

/* ---- what comes in ---- */

/* The packet under way is over: the characters that were taken leave the queue. The rest goes out
 * in another packet, after a pause if the other end cannot take more now. */
static void
end_flight(SolLink *link, uint64_t now_ms, size_t accepted, bool pause)
{
    if (accepted > 0)
        g_byte_array_remove_range(link->queue, 0, (guint)accepted);
    link->under_way = link->break_flight = false;
    link->flight = 0;
    link->due_ms = pause ? now_ms + link->retry_ms : 0;
}

static void
acknowledged(SolLink *link, uint64_t now_ms, const IpmiSolPacket *packet)
{
    if (!link->under_way || packet->acknowledged != link->sequence)
        return;
    size_t accepted = MIN(packet->accepted, link->flight);
    bool pause = (packet->flags & IPMI_SOL_NACK) != 0 || accepted < link->flight;
    end_flight(link, now_ms, accepted, pause);
}

/* A repeated packet may have more characters than the first copy, if all of that were taken. */
static void
take_characters(SolLink *link, const IpmiSolPacket *packet)
{
    bool again = packet->sequence == link->heard;
    size_t before = again ? link->heard_taken : 0;
    bool closed = again && link->heard_taken < link->heard_size;
    if (!again)
        link->heard_taken = link->heard_size = 0;
    if (!closed && packet->size > before) {
        size_t taken = link->take(link->user_data, packet->data + before, packet->size - before);
        link->heard_taken += MIN(taken, packet->size - before);
        link->heard_size = packet->size;
    }
    link->heard = packet->sequence;
    link->answer_wanted = true;
}

void
sol_link_receive(SolLink *link, uint64_t now_ms, const IpmiSolPacket *packet)
{
    acknowledged(link, now_ms, packet);
    if (packet->sequence != 0)
        take_characters(link, packet);
}

/* ---- what goes out ---- */

static size_t
build(const IpmiSolPacket *packet, uint8_t *out, size_t capacity)
{
    size_t size = 0;
    return ipmi_sol_packet_build(packet, out, capacity, &size, NULL) ? size : 0;
}

/* An acknowledgement is a packet of its own: ipmitool loses characters that come with that of a
 * break. */
static size_t
acknowledge(SolLink *link, uint8_t *out, size_t capacity)
{
    bool refused = link->heard_size > 0 && link->heard_taken == 0;
    const IpmiSolPacket packet = {.acknowledged = link->heard,
                                  .accepted = (uint8_t)link->heard_taken,
                                  .flags = refused ? IPMI_SOL_NACK : 0};
    link->answer_wanted = false;
    return build(&packet, out, capacity);
}

/* Characters or a break become the packet under way. */
static void
begin_flight(SolLink *link)
{
    link->break_flight = link->break_wanted;
    link->break_wanted = false;
    link->flight = link->break_flight ? 0 : MIN(link->queue->len, link->data_max);
    link->sequence = (uint8_t)(link->sequence % IPMI_SOL_SEQUENCES + 1);
    link->under_way = true;
    link->tries = 0;
}

/* True if a packet is to be sent, for the first time or again. */
static bool
is_due(SolLink *link, uint64_t now_ms)
{
    if (now_ms < link->due_ms)
        return false;
    if (link->under_way && link->tries >= link->tries_max) {
        link->given_up++;
        end_flight(link, now_ms, link->flight, false);
    }
    if (link->under_way)
        return true;
    if (link->queue->len == 0 && !link->break_wanted)
        return false;
    begin_flight(link);
    return true;
}

size_t
sol_link_next(SolLink *link, uint64_t now_ms, uint8_t *out, size_t capacity)
{
    if (link->answer_wanted)
        return acknowledge(link, out, capacity);
    if (!is_due(link, now_ms))
        return 0;
    const IpmiSolPacket packet = {.sequence = link->sequence,
                                  .flags = link->break_flight ? link->break_flag : 0,
                                  .data = link->queue->data,
                                  .size = link->flight};
    link->tries++;
    link->due_ms = now_ms + link->retry_ms;
    return build(&packet, out, capacity);
}

uint64_t
sol_link_due_ms(const SolLink *link)
{
    bool waits = link->under_way || link->break_wanted || link->queue->len > 0;
    return waits ? MAX(link->due_ms, 1) : 0;
}
