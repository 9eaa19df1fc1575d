/* Limits on the requests of one address to the boot server, and on the log lines about it. Clients
 * need no login, so the number of remembered addresses and the data of each are bounded.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/address.h"

typedef struct BootLimits BootLimits;

/* per_second  requests of one address; a burst may have ten times as many. 0: no limit */
BootLimits *boot_limits_new(unsigned per_second);
void boot_limits_free(BootLimits *limits);

/* Counts one request. now_ms: monotonic. False: the address has sent too many, the client must
 * retry later. */
bool boot_limits_admit(BootLimits *limits, const HttpAddress *address, int64_t now_ms);

/* How many unknown MAC addresses one address may ask for within ten minutes: a machine has a few
 * network cards. */
#define BOOT_UNKNOWN_LIMIT 32

/* Counts a request for an unknown MAC address. Returns how many different ones the address has
 * asked for within ten minutes, at most BOOT_UNKNOWN_LIMIT + 1. */
unsigned boot_limits_unknown(BootLimits *limits, const HttpAddress *address, const char *mac,
                             int64_t now_ms);

/* True if a log line is due: one a minute about the same thing.
 *
 * what     the thing, e.g. a MAC address and what happened to it
 * skipped  out: how many were left out since the last one
 * True     it is due */
bool boot_limits_line(BootLimits *limits, const HttpAddress *address, const char *what,
                      int64_t now_ms, unsigned *skipped);
