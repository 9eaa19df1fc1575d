/* What an instance asks of its node by traits. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/resources.h"

/* True when every trait in instance_info.traits is one of the node's; absent, null and empty ask for nothing. INVALID
 * names what is missing, or says that it is no array of texts. */
bool instance_traits_valid(const Node *node, GError **error) G_GNUC_WARN_UNUSED_RESULT;
