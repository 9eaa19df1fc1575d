/* BIOS settings of a system. For workers, with the errors of resource.h; UNSUPPORTED where the
 * system has no Bios.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/system.h"

/* The settings as they are: {name: value}; a new reference. */
json_t *redfish_bios_get(const RedfishBmc *bmc, const RedfishSystem *system, GError **error);

/* What the service's registry says of them: an array of objects as DSP8010's AttributeRegistry has
 * them ("AttributeName", "Type", "Value", "LowerBound", ...); a new reference. Empty where the
 * service has no registry for this BIOS. */
json_t *redfish_bios_registry(const RedfishBmc *bmc, const RedfishSystem *system, GError **error);

/* Asks for settings; they hold after the next POST. attributes: {name: value}; borrowed */
bool redfish_bios_set(const RedfishBmc *bmc, const RedfishSystem *system, json_t *attributes,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Asks for the maker's defaults; they hold after the next POST. */
bool redfish_bios_reset(const RedfishBmc *bmc, const RedfishSystem *system,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
