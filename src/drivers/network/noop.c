/* For networks that are set up outside of Steel: ports are left alone. VIFs are accepted and
 * ignored.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/network.h"

const NetworkOps network_noop = {
    .interface = {.name = "noop"},
};
