/* Without authentication, what protects the API is that it listens on loopback. A browser on that
 * machine is on loopback too: any page that it shows may send requests here, and by a name that
 * resolves to 127.0.0.1 it may read the answers as well. This refuses what only a page would send.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"

/* False, with FORBIDDEN, for a request that a foreign web page has made:
 *
 *   - its Host is a name that is not this service's: no IP address, localhost, the machine's name,
 *     the host of [api]public_endpoint, or one of [api]allowed_hosts;
 *   - it changes something, and its Origin is another one than that Host and not in
 *     [cors]allowed_origin, or the browser says "cross-site";
 *   - it has a body that does not say it is JSON, which pages may send without asking first.
 *
 * Looks at nothing when an authentication strategy is set, when the API is on a unix socket, or
 * when it was opened to other machines. Any thread; does not block. */
bool browser_guard_admits(const Request *request, bool has_body,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
