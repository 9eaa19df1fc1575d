/* The API calls that deploy a fleet. Each blocks for its answer, at most a minute.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>

/* Asks for a verb of states/provision. Returns the HTTP status; 0: no answer. refusal: out, what an
 * answer against it says, the caller frees; untouched without one. Any thread. */
int wave_api_provision(const char *api, const char *uuid, const char *verb, char **refusal);

/* Creates the node and its port, of a body and a MAC address. What is there already is good.
 * Returns the status of the call that was refused, or 201; 0: no answer. Any thread. */
int wave_api_enrol(const char *api, const json_t *node, const char *mac, char **refusal);

/* All nodes: uuid → {"uuid", "provision_state", "last_error"}, a new object; NULL if it could not
 * be read. Any thread. */
json_t *wave_api_nodes(const char *api);
