/* Error answers in Ironic's doubly encoded form: {"error_message": "<JSON text>"}. Pure; any
 * thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* Text of a fault from a handler; the inner document is {"faultcode": "Client"|"Server",
 * "faultstring": message, "debuginfo": null}. `status` gets the HTTP status of the error's code.
 * The caller frees. */
GString *fault_from_error(const GError *error, unsigned *status);

/* Text of a fault from routing or negotiation; inner {"code": 404, "title": "Not Found",
 * "description": ...}. */
GString *fault_from_routing(unsigned status, const char *description);

/* "Not Found" of 404. */
const char *fault_title(unsigned status);
