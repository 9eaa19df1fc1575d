/* The folders the lab keeps things in: the state of one lab, and the cache that all labs of a user
 * share.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* The default folder of a lab or fleet of this name: /var/lib/<name> for root, else
 * $XDG_STATE_HOME/<name> (~/.local/state/<name>). A new string. */
char *folder_default_state(const char *name);

/* Where guests are cached: $STEEL_LAB_CACHE, else /var/cache/steel-lab for root, else
 * $XDG_CACHE_HOME/steel-lab (~/.cache/steel-lab). A new string. */
char *folder_cache(void);

/* Makes a folder and its parents, readable by its owner only. Errors: IO. */
bool folder_make(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a folder with its contents; symbolic links in it are removed, not followed. Files that
 * cannot be removed are logged; an absent folder is fine. */
void folder_remove(const char *path);

/* Takes an exclusive lock on <folder>/<name> and returns its descriptor; the lock is released when
 * it is closed, or when all processes that inherited it have ended.
 *
 * wait     wait until it is free; otherwise fail with LOCKED if another process holds it
 * Errors   LOCKED, IO; -1 then
 */
int folder_lock(const char *folder, const char *name, bool wait,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a lock that the caller holds, and the folder if it is empty then. */
void folder_remove_lock(const char *folder, const char *name);
