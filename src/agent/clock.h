/* The clock of a machine whose own is wrong: certificates have a time. Set by the service's word.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* A clock that is less wrong than this stays as it is. */
#define CLOCK_TOLERANCE_S 300

/* The time to set, or 0 to leave the clock alone. Pure.
 *
 * date      header Date of an answer; NULL: none
 * now_s     the clock
 * least_s   a day in the past, when this agent was written: no date before it is believed, so that
 *           nobody who is on the wire makes old certificates valid again */
int64_t clock_correction(const char *date, int64_t now_s, int64_t least_s);

/* Sets the clock by the Date of an answer, where it is far off. Logs it. Does nothing outside of a
 * ramdisk (agent->root is not ""). True if the clock was set. */
bool clock_follow(const Agent *agent, const char *date);

/* Asks the service for its date, without a secret and without checking its certificate, which the
 * wrong clock may refuse. Blocks for ten seconds at most. True if the clock was set. */
bool clock_ask(const Agent *agent, const char *url);
