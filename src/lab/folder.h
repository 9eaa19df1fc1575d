/* The folders the lab keeps things in: the state of one lab, and the cache that all labs of a user share.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* Where a lab or fleet of this name lives when nobody says otherwise: /var/lib/<name> for root, else
 * $XDG_STATE_HOME/<name> (~/.local/state/<name>). A new string. */
char *folder_default_state(const char *name);

/* Where guests are cached: $STEEL_LAB_CACHE, else /var/cache/steel-lab for root, else $XDG_CACHE_HOME/steel-lab
 * (~/.cache/steel-lab). A new string. */
char *folder_cache(void);

/* Makes a folder and its parents, readable by its owner only. Errors: IO. */
bool folder_make(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a folder with all it holds; symbolic links in it are removed, not followed. What cannot be removed stays and is
 * logged; an absent folder is fine. */
void folder_remove(const char *path);

/* Takes an exclusive lock on <folder>/<name> and returns its descriptor; closing it, or the death of all processes that
 * inherited it, gives the lock back.
 *
 * wait     wait until it is free, else fail with LOCKED when somebody holds it
 * Errors   LOCKED, IO; -1 then
 */
int folder_lock(const char *folder, const char *name, bool wait,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a lock that the caller holds, and the folder unless it holds anything else: a log, files that are not ours. */
void folder_remove_lock(const char *folder, const char *name);
