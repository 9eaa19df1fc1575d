/* The image cache and the files of boot servers as the configuration has them, for drivers that
 * hand files to machines.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "images/cache.h"

/* Puts what a URL names at a path below [deploy]http_root, through the cache, from where machines
 * get it at the same path behind [deploy]http_url. From a worker; blocks until the copy is made, an
 * hour at most.
 *
 * name   "agent_images/<uuid>"
 * image  out, in {0}
 * Errors of image_cache_put */
bool image_copies_put(const char *url, const char *name, CachedImage *image,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The file of that name; the caller frees. */
char *image_copies_path(const char *name);

/* Removes it; what cannot be removed is logged. Safe when there is none. */
void image_copies_remove(const char *name);
