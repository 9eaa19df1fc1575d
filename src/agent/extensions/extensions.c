/* The list of extensions; the contract is in extensions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/extensions/extensions.h"

const ExtensionCommand *const extension_tables[] = {
    extension_clean,   extension_deploy, extension_flow, extension_image,
    extension_iscsi,   extension_log,    extension_poll, extension_rescue,
    extension_standby, extension_system, NULL,
};
