/* A conductor for tests of rpc: it does what a call's arguments say.
 *
 *     {"do": "echo", "text": str}  -> {"text", "node", "method", "user", "request", "executed"}
 *     {"do": "count"}              -> {"executed": int}: how many calls were executed, without
 *                                  those
 *     {"do": "fail"}               -> LOCKED, FAKE_SENTENCE
 *     {"do": "hang"}               -> never
 *     {"do": "die"}                   kills its process
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rpc/rpc.h"

#define FAKE_SENTENCE "Node n1 is locked by host c2, \"since\" yesterday: é."

extern const RpcTransport fake_conductor; /* its `self` is not used */
