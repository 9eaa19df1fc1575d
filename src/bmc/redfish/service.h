/* Services of a BMC beyond its systems: firmware updates and event subscriptions. For workers, with
 * the errors of resource.h; UNSUPPORTED where the service root links no such service.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/resource.h"

/* Begins an update: the BMC fetches the file. *monitor: the path of its task, NULL where it has
 * none; the caller frees. url: http or https */
bool redfish_update_begin(const RedfishBmc *bmc, const char *url, char **monitor,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The event service's document; a new reference. */
json_t *redfish_event_service(const RedfishBmc *bmc, GError **error);

/* The collection of subscriptions; one of them by its Id; new references. */
json_t *redfish_subscriptions_get(const RedfishBmc *bmc, GError **error);
json_t *redfish_subscription_get(const RedfishBmc *bmc, const char *id, GError **error);

/* Makes one and reads it again; a new reference. payload: as DSP0268's EventDestination;
 * borrowed */
json_t *redfish_subscription_create(const RedfishBmc *bmc, const json_t *payload, GError **error);
bool redfish_subscription_delete(const RedfishBmc *bmc, const char *id,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
