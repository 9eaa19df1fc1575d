/* Subscriptions to a BMC's events, as vendor methods of the interfaces whose BMCs speak Redfish.
 *
 * An interface checks the arguments, reaches the BMC, and calls one of the others. Arguments are
 * borrowed, as clients sent them; what is returned is a new reference. The others block, with the
 * errors of bmc/redfish/service.h; their arguments were checked.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/resource.h"
#include "drivers/vendor/vendor.h"

/* Pure. Errors: INVALID, naming the argument. */
typedef bool (*SubscriptionCheck)(const json_t *arguments, GError **error);
typedef json_t *(*SubscriptionCall)(const RedfishBmc *bmc, const Node *node,
                                    const json_t *arguments, GError **error);

/* For create; for get and delete, which need an "id". */
bool subscription_check(const json_t *arguments, GError **error);
bool subscription_check_id(const json_t *arguments, GError **error);

json_t *subscription_create(const RedfishBmc *bmc, const Node *node, const json_t *arguments,
                            GError **error);
json_t *subscription_delete(const RedfishBmc *bmc, const Node *node, const json_t *arguments,
                            GError **error);
json_t *subscription_get_all(const RedfishBmc *bmc, const Node *node, const json_t *arguments,
                             GError **error);
json_t *subscription_get(const RedfishBmc *bmc, const Node *node, const json_t *arguments,
                         GError **error);

/* The rows of the methods, for functions NAME_vendor_..._subscription. */
/* clang-format off */
#define SUBSCRIPTION_METHODS(NAME) \
    {.name = "create_subscription", .http_methods = "POST", .exclusive = true, .run = NAME##_vendor_create_subscription, \
     .description = "Creates a subscription of events. Required argument: 'Destination', a URL; 'Protocol', 'Context', 'EventTypes' and 'HttpHeaders' are optional."}, \
    {.name = "delete_subscription", .http_methods = "DELETE", .exclusive = true, .run = NAME##_vendor_delete_subscription, \
     .description = "Deletes a subscription. Required argument: 'id', its Id at the BMC."}, \
    {.name = "get_all_subscriptions", .http_methods = "GET", .exclusive = true, .run = NAME##_vendor_get_all_subscriptions, \
     .description = "Returns all subscriptions."}, \
    {.name = "get_subscription", .http_methods = "GET", .exclusive = true, .run = NAME##_vendor_get_subscription, \
     .description = "Returns a subscription. Required argument: 'id', its Id at the BMC."}
/* clang-format on */
