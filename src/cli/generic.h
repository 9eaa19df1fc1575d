/* The kinds of command that need only their row. Each sends its requests and puts the result into
 * context->listing.
 * Errors: from the service as "TEXT (HTTP 409)"; INVALID for wrong arguments.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"

/* GETs the collection, page by page. */
bool generic_list(Context *context, GError **error);

/* GETs the row's path. */
bool generic_show(Context *context, GError **error);

/* POSTs the body of the options, and shows the answer. */
bool generic_create(Context *context, GError **error);

/* DELETEs each positional argument; failures are reported together at the end. */
bool generic_delete(Context *context, GError **error);

/* PATCHes with the changes of the options; without options reports on stderr that there is nothing
 * to change. */
bool generic_patch(Context *context, GError **error);

/* Sends the row's method and body; with --wait, waits for the row's provision state. */
bool generic_action(Context *context, GError **error);
