/* Waiting for a node to reach a provision state, with a live line on a terminal.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"

/* What the state of a node means for a wait. */
typedef enum WaitOutcome { WAIT_GOES_ON, WAIT_REACHED, WAIT_FAILED } WaitOutcome;

/* The outcome by a node's provision_state and target_provision_state: reached, or failed in a
 * failure state or in another stable state (without a target). Pure. */
WaitOutcome wait_judge(json_t *node, const char *expected);

/* Waits until the node of the first positional argument has the state `expected`: reads it at each
 * event of the service's stream, or four times a second without a stream. On a terminal, one line
 * of stderr shows the state, the phase of the node's timeline and the elapsed time. A service that
 * does not answer for less than a minute (a restart) does not end the wait.
 *
 * timeout_s  0: forever
 * Errors     DEPLOY_FAILED with the node's last_error, TIMEOUT, or what the service answers. */
bool provision_wait(Context *context, const char *expected, int timeout_s, GError **error);
