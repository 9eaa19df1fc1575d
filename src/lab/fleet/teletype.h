/* What answers at the serial port of a machine that is simulated: it echoes what is typed, and
 * answers each line. "count N" prints N numbered lines, for those who want to see much.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/bmc/server.h"

enum { TELETYPE_LINE_MAX = 72 };

/* After its start used by the thread of the BMC's server alone. */
typedef struct Teletype {
    char name[32];
    IpmiBmc *bmc; /* borrowed; NULL: nobody listens */
    char line[TELETYPE_LINE_MAX + 1];
    size_t length;
} Teletype;

/* bmc: borrowed; whose serial port it is. */
void teletype_init(Teletype *teletype, const char *name, IpmiBmc *bmc);

/* For an IpmiBmcOps: takes all characters. */
size_t teletype_input(Teletype *teletype, const uint8_t *bytes, size_t size);
void teletype_break(Teletype *teletype);

/* The port of a BMC without any other machine behind it; the user data is the Teletype. */
extern const IpmiBmcOps teletype_bmc_ops;
