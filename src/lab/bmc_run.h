/* `steel-lab bmc`: one simulated BMC that speaks Redfish, without a machine; and `steel-lab
 * bmc-set`, which changes how a BMC behaves, also one of a lab.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/options.h"
#include "lab/redfish/bmc.h"

#include <jansson.h>

/* Serves until SIGTERM. Errors: as the servers' and the folder's. */
bool bmc_run(const LabOptions *options, const char *folder,
             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Asks what runs in the folder to change its BMC. Errors: NOT_FOUND, INVALID, TIMEOUT, IO. */
bool bmc_set(const LabOptions *options, const char *folder,
             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Does what such a request asks for: {"set": "post-ms=5000,session-limit=1"}. A new object.
 * Errors: INVALID. */
json_t *bmc_take_settings(RedfishBmc *bmc, const json_t *request,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
