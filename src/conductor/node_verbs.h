/* The short operations on one node: management, console, traits, VIFs, vendor methods, heartbeat.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/verbs.h"

/* Each is the handler of the method of its name: rpc/methods.def has arguments, answer and errors, conductor/verbs.c the lock
 * it is called under and the pool it runs on. */
json_t *verb_validate(VerbCall *call, GError **error);
json_t *verb_set_maintenance(VerbCall *call, GError **error);
json_t *verb_get_boot_device(VerbCall *call, GError **error);
json_t *verb_set_boot_device(VerbCall *call, GError **error);
json_t *verb_get_supported_boot_devices(VerbCall *call, GError **error);
json_t *verb_set_boot_mode(VerbCall *call, GError **error);
json_t *verb_set_secure_boot(VerbCall *call, GError **error);
json_t *verb_inject_nmi(VerbCall *call, GError **error);
json_t *verb_get_supported_indicators(VerbCall *call, GError **error);
json_t *verb_get_indicator(VerbCall *call, GError **error);
json_t *verb_set_indicator(VerbCall *call, GError **error);
json_t *verb_get_console(VerbCall *call, GError **error);
json_t *verb_set_console(VerbCall *call, GError **error);
json_t *verb_set_raid(VerbCall *call, GError **error);
json_t *verb_vendor_passthru(VerbCall *call, GError **error);
json_t *verb_vendor_methods(VerbCall *call, GError **error);
json_t *verb_set_traits(VerbCall *call, GError **error);
json_t *verb_add_trait(VerbCall *call, GError **error);
json_t *verb_remove_traits(VerbCall *call, GError **error);
json_t *verb_vif_list(VerbCall *call, GError **error);
json_t *verb_vif_attach(VerbCall *call, GError **error);
json_t *verb_vif_detach(VerbCall *call, GError **error);
json_t *verb_heartbeat(VerbCall *call, GError **error);
json_t *verb_get_agent_token(VerbCall *call, GError **error);
json_t *verb_driver_properties(VerbCall *call, GError **error);
json_t *verb_driver_raid_properties(VerbCall *call, GError **error);
json_t *verb_driver_vendor_methods(VerbCall *call, GError **error);
json_t *verb_driver_vendor_passthru(VerbCall *call, GError **error);
