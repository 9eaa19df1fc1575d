/* What the route table names: one handler per kind of request, one file per resource. Private to
 * the API.
 *
 * Each is a RequestHandler (request.h): ANSWER_NOW with the answer in the request, ANSWER_LATER
 * after request_call, or ANSWER_FAILED with an error that becomes the fault. The route's version
 * and policy are checked before, unless the route is ROUTE_TARGETED: then the handler asks for the
 * policy when it knows the target.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/collection.h"
#include "api/node_brief.h"
#include "model/provision_states.h"

/* root.c */
Answer root_get(Request *request, GError **error);
Answer root_v1_get(Request *request, GError **error);
Answer root_health(Request *request, GError **error);
Answer missing_ident(Request *request, GError **error);
Answer method_missing(Request *request, GError **error);
Answer not_permitted(Request *request, GError **error);

/* nodes.c */
Answer node_validate(Request *request, GError **error);
Answer node_validate_query(Request *request, GError **error);
Answer node_maintenance_set(Request *request, GError **error);
Answer node_maintenance_unset(Request *request, GError **error);

/* node_children.c: the children of a node */
Answer node_ports(Request *request, GError **error);
Answer node_ports_detail(Request *request, GError **error);
Answer node_portgroups(Request *request, GError **error);
Answer node_portgroups_detail(Request *request, GError **error);
Answer node_volume(Request *request, GError **error);
Answer node_connectors(Request *request, GError **error);
Answer node_targets(Request *request, GError **error);
Answer node_allocation_get(Request *request, GError **error);
Answer node_allocation_delete(Request *request, GError **error);
Answer node_bios(Request *request, GError **error);
Answer node_firmware(Request *request, GError **error);
Answer node_bios_setting(Request *request, GError **error);
Answer node_history(Request *request, GError **error);
Answer node_history_entry(Request *request, GError **error);
Answer node_children(Request *request, GError **error);
Answer node_inventory(Request *request, GError **error);
Answer node_timeline(Request *request, GError **error);
Answer node_agent_log_get(Request *request, GError **error);
Answer ramdisk_progress(Request *request, GError **error);

/* node_states.c */
Answer states_get(Request *request, GError **error);
Answer states_power(Request *request, GError **error);
Answer states_raid(Request *request, GError **error);
Answer states_boot_mode(Request *request, GError **error);
Answer states_secure_boot(Request *request, GError **error);
Answer states_console_get(Request *request, GError **error);
Answer states_console_set(Request *request, GError **error);

/* runbooks.c */
Answer runbook_traits_get(Request *request, GError **error);
Answer runbook_traits_set(Request *request, GError **error);
Answer runbook_trait_add(Request *request, GError **error);
Answer runbook_traits_remove(Request *request, GError **error);

/* Replaces `runbook` in the body of a provision request by its steps and its disable_ramdisk, if
 * there is one, the caller may use it, and the node has its trait. NOT_FOUND, FORBIDDEN, INVALID;
 * NOT_ACCEPTABLE: the version is too old.
 *
 * member  of the body, for the steps; NULL: the verb runs no steps of users */
bool runbook_use(Request *request, const NodeBrief *node, const char *member, json_t *body,
                 GError **error);

/* node_provision.c */
Answer states_provision(Request *request, GError **error);

/* node_management.c */
Answer boot_device_get(Request *request, GError **error);
Answer boot_device_supported(Request *request, GError **error);
Answer boot_device_set(Request *request, GError **error);
Answer inject_nmi(Request *request, GError **error);
Answer indicators_list(Request *request, GError **error);
Answer indicator_get(Request *request, GError **error);
Answer indicator_set(Request *request, GError **error);

/* node_traits.c */
Answer traits_get(Request *request, GError **error);
Answer traits_set(Request *request, GError **error);
Answer trait_add(Request *request, GError **error);
Answer traits_remove(Request *request, GError **error);

/* node_vmedia.c */
Answer vmedia_get(Request *request, GError **error);
Answer vmedia_attach(Request *request, GError **error);
Answer vmedia_detach(Request *request, GError **error);

/* node_vifs.c */
Answer vifs_list(Request *request, GError **error);
Answer vif_attach(Request *request, GError **error);
Answer vif_detach(Request *request, GError **error);

/* vendor_passthru.c */
Answer vendor_methods(Request *request, GError **error);
Answer vendor_passthru(Request *request, GError **error);
Answer vendor_pass_deploy_info(Request *request, GError **error);
Answer driver_vendor_methods(Request *request, GError **error);
Answer driver_vendor_passthru(Request *request, GError **error);

/* portgroups.c, chassis.c, volumes.c */
Answer portgroup_ports(Request *request, GError **error);
Answer portgroup_ports_detail(Request *request, GError **error);
Answer chassis_nodes(Request *request, GError **error);
Answer chassis_nodes_detail(Request *request, GError **error);
Answer volume_root(Request *request, GError **error);

/* drivers.c */
Answer drivers_list(Request *request, GError **error);
Answer driver_get(Request *request, GError **error);
Answer driver_properties(Request *request, GError **error);
Answer driver_raid_properties(Request *request, GError **error);

/* ramdisk.c */
/* FORBIDDEN unless [api]enable_ramdisk_endpoints. */
bool ramdisk_endpoints_enabled(GError **error);
Answer ramdisk_lookup(Request *request, GError **error);
Answer ramdisk_heartbeat(Request *request, GError **error);
Answer ramdisk_continue_inspection(Request *request, GError **error);

/* event_stream.c, metrics.c, openapi.c */
Answer event_stream(Request *request, GError **error);
Answer metrics_get(Request *request, GError **error);
Answer openapi_get(Request *request, GError **error);

/* capacity.c, shards.c, events.c */
Answer capacity_get(Request *request, GError **error);
Answer shards_list(Request *request, GError **error);
Answer shard_get(Request *request, GError **error);
Answer events_post(Request *request, GError **error);
