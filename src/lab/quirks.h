/* The quirks of real BMCs by name, for fleets and for tests.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdio.h>

#include "bmc/ipmi/bmc/server.h"

/* How many there are, and their names; NULL beyond the last. Static. */
size_t quirk_count(void);
const char *quirk_name(size_t index);

/* Adds the quirk of an index to a BMC's faults. */
void quirk_apply(size_t index, IpmiBmcFaults *faults);

/* Adds the quirks of a list, "suite-3-only,no-device-id"; "none" or "" is an empty one.
 *
 * faults  in and out; untouched on failure
 * Errors  INVALID, naming the word and those there are */
bool quirks_apply_list(const char *list, IpmiBmcFaults *faults,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes all quirks away; what is not a quirk (latency, loss, death) stays. */
void quirks_clear(IpmiBmcFaults *faults);

/* Prints a line per quirk. */
void quirks_help(FILE *out);
