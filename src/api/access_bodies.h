/* The rules that mean more than their own check, since what they allow depends on what the
 * request's body is about to change, or on whose the new item is. For access_policy.c, by the rows
 * SPECIAL of auth/policy.def.
 *
 * Each may be called twice for a request: before the body is taken (request->body_pending), when it
 * refuses only what no body could make right, and with it.
 *
 * Errors   FORBIDDEN naming the rule; INVALID if the body must be looked at and is no JSON
 * Threads  those of the request; they block as asker.h says
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/asker.h"

/* The rule of each field that the patch touches. */
bool access_check_node_update(Asker *asker, Request *request, GError **error);
bool access_check_runbook_update(Asker *asker, Request *request, GError **error);

/* A project's administrator creates nodes of that project: the body gets it as owner. */
bool access_check_node_create(Asker *asker, Request *request, GError **error);

/* The body gets the caller's project as owner, unless the caller need not have one. */
bool access_check_allocation_create(Asker *asker, Request *request, GError **error);

/* Owners may delete their nodes where the configuration lets them. */
bool access_check_node_delete(Asker *asker, Request *request, GError **error);
