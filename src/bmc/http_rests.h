/* The guard as the HTTP engine asks it: BMCs that are not reached rest, whichever protocol asks.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http_engine/engine.h"

/* For HttpEngineOptions; rests_self is the BmcGuard, which outlives the engine. */
extern const HttpEngineRests bmc_http_rests;
