/* The traits that an instance needs. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/resources.h"

/* True if the node has every trait in instance_info.traits; absent, null and empty mean none.
 * INVALID names the missing traits, or says that the value is not an array of texts. */
bool instance_traits_valid(const Node *node, GError **error) G_GNUC_WARN_UNUSED_RESULT;
