/* The address that the service reaches the agent at.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent_error.h"

/* The address that packets to a URL's host leave from; the caller frees. Link-local ones do not
 * count.
 * Errors: LOOKUP_ADDRESS saying what is missing. May ask the resolver. */
char *own_address_to(const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The address of an interface. Errors: LOOKUP_ADDRESS. */
char *own_address_of(const char *interface, GError **error) G_GNUC_WARN_UNUSED_RESULT;
