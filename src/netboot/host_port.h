/* Host and port as operators write them: "192.0.2.5:3260", "[2001:db8::5]:3260", "2001:db8::5",
 * "san.example". Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* Splits and checks.
 *
 * text          borrowed; a colon belongs to the port unless the whole is an IPv6 address
 * default_port  when the text names none
 * host          out, the caller frees; without brackets; IPv4, IPv6 without a zone, or a host name
 *               (RFC 1123)
 * port          out, 1..65535
 * Errors        INVALID, says what is wrong */
bool host_port_parse(const char *text, unsigned default_port, char **host, unsigned *port,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* True for an address or a host name, without port and brackets. */
bool host_valid(const char *host);
