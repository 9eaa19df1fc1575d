/* The error for what a node's interface cannot do, for the dispatchers and the no-... interfaces.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Sets UNSUPPORTED and returns false: "driver ipmi: its console interface no-console does not
 * support starting a console".
 *
 * what   what was asked for, as a noun: "starting a console". Borrowed. */
bool interface_unsupported(const Task *task, InterfaceType type, const char *what, GError **error);

/* The validate of the no-... interfaces. */
bool interface_validate_none(const Task *task, InterfaceType type, GError **error);
