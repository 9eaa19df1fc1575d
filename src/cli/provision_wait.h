/* Waiting for a node to reach a provision state, with a live line on a terminal.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"

/* What a look at a node means for whoever waits for a state. */
typedef enum WaitOutcome { WAIT_GOES_ON, WAIT_REACHED, WAIT_FAILED } WaitOutcome;

/* Judges a node (provision_state, target_provision_state): reached, a failure state, or a stable state that is another
 * one (no target left), which is a failure too. Pure. */
WaitOutcome wait_judge(json_t *node, const char *expected);

/* Waits for context's first positional argument to be `expected`: looks whenever the service's event stream tells of it,
 * or four times a second where there is no stream. On a terminal the state, the phase from the node's timeline and the
 * time so far stand on one line of stderr. A service that stops answering for less than a minute (a restart) does not
 * end the waiting.
 *
 * timeout_s  0: for ever
 * Errors     DEPLOY_FAILED with the node's last_error, TIMEOUT, or what the service answers. */
bool provision_wait(Context *context, const char *expected, int timeout_s, GError **error);
