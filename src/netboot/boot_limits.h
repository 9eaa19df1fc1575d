/* What one address may make the boot server do, and how often the log tells of it. Whoever asks has no login, so everything
 * here is bounded: the addresses that are remembered, and what is remembered of each.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/address.h"

typedef struct BootLimits BootLimits;

/* per_second  requests that do work, of one address; ten times as many may come at once. 0: no limit */
BootLimits *boot_limits_new(unsigned per_second);
void boot_limits_free(BootLimits *limits);

/* One more request. now_ms: monotonic. False: too many come from there, it is to be put off. */
bool boot_limits_admit(BootLimits *limits, const HttpAddress *address, int64_t now_ms);

/* How many MAC addresses that nobody has enrolled an address may ask for within ten minutes: a machine has a few cards. */
#define BOOT_UNKNOWN_LIMIT 32

/* It has asked for a MAC address that nobody has enrolled. Returns how many different ones it has asked for within ten
 * minutes, at most BOOT_UNKNOWN_LIMIT + 1. */
unsigned boot_limits_unknown(BootLimits *limits, const HttpAddress *address, const char *mac,
                             int64_t now_ms);

/* Whether a line of the log is due: one a minute about the same thing.
 *
 * what     the thing, e.g. a MAC address and what happened to it
 * skipped  out: how many were not due since the last one
 * True     it is due */
bool boot_limits_line(BootLimits *limits, const HttpAddress *address, const char *what,
                      int64_t now_ms, unsigned *skipped);
