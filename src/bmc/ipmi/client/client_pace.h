/* How many paced submissions are under way at a time: fewer when datagrams get lost, more again
 * when none do (additive increase, multiplicative decrease). A network, or BMCs' answers that meet
 * at one socket, lose much at once if too many are asked at once.
 *
 * A datagram counts as lost when a later copy of it was answered. So a BMC that answers nothing
 * counts for nothing: it says nothing of the way to the others, and asking these more slowly would
 * not bring it back.
 *
 * For the engine's files only; ipmi_pace_places() may be called from any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    IPMI_PACE_MOST = 2048, /* a turn of all takes a simulated BMC's process a fifth of a second */
    IPMI_PACE_LEAST = 128,
    IPMI_PACE_STEP = 64,        /* more places after a second without loss */
    IPMI_PACE_WINDOW_MS = 1000, /* as long as most wait before they repeat a datagram */
    IPMI_PACE_ANSWERS = 100,    /* fewer in a window say nothing */
};

typedef struct IpmiPace {
    _Atomic unsigned places;
    unsigned most, least;
    uint64_t since_ms; /* the window's first answer */
    unsigned answered, lost;
    bool settling; /* this window still sees what was lost before the last decrease */
} IpmiPace;

/* Begins with the most. most: 0 is IPMI_PACE_MOST; below IPMI_PACE_LEAST it is fixed. */
void ipmi_pace_init(IpmiPace *pace, unsigned most);

/* A datagram was answered, of which so many copies had been sent (1: none was lost). */
void ipmi_pace_note(IpmiPace *pace, unsigned copies, uint64_t now_ms);

unsigned ipmi_pace_places(const IpmiPace *pace);
