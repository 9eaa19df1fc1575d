/* The quirks of real BMCs by name, for fleets and for tests.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdio.h>

#include "bmc/ipmi/bmc/server.h"

/* The number of quirks, and their names: NULL beyond the last. Static. */
size_t quirk_count(void);
const char *quirk_name(size_t index);

/* Adds the quirk of an index to a BMC's faults. */
void quirk_apply(size_t index, IpmiBmcFaults *faults);

/* Adds the quirks of a list, "suite-3-only,no-device-id"; "none" and "" are empty lists.
 *
 * faults  in and out; untouched on failure
 * Errors  INVALID, naming the unknown word and all quirks */
bool quirks_apply_list(const char *list, IpmiBmcFaults *faults,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes all quirks; other faults (latency, loss, death) stay. */
void quirks_clear(IpmiBmcFaults *faults);

/* Prints a line per quirk. */
void quirks_help(FILE *out);
