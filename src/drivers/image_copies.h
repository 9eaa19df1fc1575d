/* The configured image cache and the files of the boot servers, for drivers whose machines download
 * files.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "images/cache.h"

/* Checks that images can be fetched from where this is: a URL, or an image in Glance where Glance
 * is configured. Asks nobody.
 * what    for the error: "instance_info kernel of node ..."
 * Errors  UNSUPPORTED */
bool image_copies_check(const Openstack *openstack, const char *what, const char *url,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* True if images of Glance are used only with a signature that this conductor has verified, so that
 * nobody may take one from elsewhere. Pure. */
bool image_copies_verify_signatures(void);

/* Puts what a URL names at a path, or an image in Glance, through the cache. From a worker; blocks
 * until the copy is made, an hour at most.
 *
 * openstack  for Glance; NULL: there is none
 * path   as image_copies_path has it, or elsewhere
 * image  out, in {0}
 * Errors of image_cache_put */
bool image_copies_put(const Openstack *openstack, const char *url, const char *path,
                      CachedImage *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts the raw image that a qcow2 image becomes at a path, in place of what is there, through the
 * cache, within the limits of [disk_utils]. From a worker; blocks until it is made, an hour at
 * most. from: the image; sha256: its checksum. Errors of image_cache_put_raw */
bool image_copies_put_raw(const char *from, const char *sha256, const char *path,
                          CachedImage *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fetches a text of at most 1 MiB, such as a file of checksums. From a worker; blocks for a minute
 * at most. The caller frees. Errors as image_fetch. */
char *image_copies_text(const char *url, GError **error);

/* A file below [deploy]http_root, which machines get at the same path behind [deploy]http_url; the
 * caller frees. name: "agent_images/<uuid>" */
char *image_copies_path(const char *name);

/* Removes a copy; what cannot be removed is logged. Safe when there is none. */
void image_copies_remove(const char *path);
