/* The configured image cache and the files of the boot servers, for drivers whose machines download
 * files.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "images/cache.h"

/* Puts the image of a URL at a path below [deploy]http_root, through the cache. Machines download
 * it at the same path behind [deploy]http_url. From a worker; blocks until the copy is made, an
 * hour at most.
 *
 * name   "agent_images/<uuid>"
 * image  out, in {0}
 * Errors of image_cache_put */
bool image_copies_put(const char *url, const char *name, CachedImage *image,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The file of that name; the caller frees. */
char *image_copies_path(const char *name);

/* Removes the file; logs a failure. Safe if it is absent. */
void image_copies_remove(const char *name);
