/* Additive increase, multiplicative decrease; the contract is in client_pace.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/client_pace.h"

#include <glib.h>

/* Of the datagrams of a window, in per cent: above the first the places are halved, up to the
 * second they grow. Some wires always lose a little, however slowly they are asked. */
enum { HALVE_ABOVE = 5, GROW_UP_TO = 2 };

void
ipmi_pace_init(IpmiPace *pace, unsigned most)
{
    *pace = (IpmiPace){.most = most > 0 ? most : IPMI_PACE_MOST};
    pace->least = MIN(pace->most, (unsigned)IPMI_PACE_LEAST);
    pace->places = pace->most;
}

unsigned
ipmi_pace_places(const IpmiPace *pace)
{
    return atomic_load_explicit(&pace->places, memory_order_relaxed);
}

static void
judge(IpmiPace *pace)
{
    unsigned places = ipmi_pace_places(pace), sent = pace->answered + pace->lost;
    bool halve = !pace->settling && pace->lost * 100 > sent * HALVE_ABOVE;
    if (halve)
        places = MAX(places / 2, pace->least);
    else if (pace->lost * 100 <= sent * GROW_UP_TO)
        places = MIN(places + IPMI_PACE_STEP, pace->most);
    pace->settling = halve;
    atomic_store_explicit(&pace->places, places, memory_order_relaxed);
}

void
ipmi_pace_note(IpmiPace *pace, unsigned copies, uint64_t now_ms)
{
    if (pace->answered++ == 0)
        pace->since_ms = now_ms;
    pace->lost += copies > 1 ? copies - 1 : 0;
    if (now_ms - pace->since_ms < IPMI_PACE_WINDOW_MS || pace->answered < IPMI_PACE_ANSWERS)
        return;
    judge(pace);
    pace->answered = pace->lost = 0;
}
