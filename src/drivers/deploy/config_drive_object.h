/* Config drives in Swift, where [deploy]configdrive_use_object_store wants them: an object
 * "configdrive-<node uuid>" with an end, and instance_info configdrive has its temporary URL. The
 * node remembers the object before it is made and until it is removed.
 *
 * From a worker; each call blocks on Swift, for two minutes at most while it takes the drive.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Puts the node's config drive there. One that is there already, of the deploy before a rebuild,
 * gets another end and a new URL. Nothing is done for a drive that is another URL, without one, or
 * without the option. Saves the node before; the caller saves the URL.
 * Errors: CONFIG: there is no Swift; MISSING: it has no key for temporary URLs; NOT_FOUND: what
 * was there has ended; as openstack_ask's */
bool config_drive_object_put(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes it, if there is one. A Swift that does not answer is a warning: it removes the object
 * itself at its end, and the node remembers it until then. The caller saves the node. */
void config_drive_object_remove(Task *task);
