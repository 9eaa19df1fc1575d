/* Finds the address at which the service reaches the agent.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent_protocol/agent_error.h"

/* The source address of packets to a URL's host; the caller frees. Link-local addresses are
 * refused.
 * Errors: LOOKUP_ADDRESS saying what is missing. May block in the resolver. */
char *own_address_to(const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The address of a network interface; the caller frees. Errors: LOOKUP_ADDRESS. */
char *own_address_of(const char *interface, GError **error) G_GNUC_WARN_UNUSED_RESULT;
