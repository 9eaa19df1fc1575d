/* The images that this machine keeps copies of, in one folder: each URL is fetched once, however
 * many nodes want it at the same time, and again when what it names has changed. A copy is handed
 * out as a hard link, so that it may leave the cache while somebody has it.
 *
 * Processes share a folder: what is being made is locked (flock), which ends with whoever dies.
 * Copies that nobody has and that are too old, or too many, are removed when a new one comes.
 *
 * Blocks on disks and networks; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "images/fetch.h"

typedef struct ImageCache {
    const char *folder;  /* borrowed; made if absent */
    uint64_t size_limit; /* bytes of all copies that nobody has; 0: none is kept */
    int64_t age_limit_s; /* since somebody wanted it last */
} ImageCache;

/* What was put somewhere. */
typedef struct CachedImage {
    uint64_t size;
    char *sha256; /* owned */
} CachedImage;

void cached_image_clear(CachedImage *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CachedImage, cached_image_clear)

/* Puts what a URL names at a path, in place of what is there. Readable by everybody: it is served
 * to machines.
 *
 * path   its folder is made if absent
 * image  out, in {0}
 * Errors as image_fetch; TIMEOUT also when another process makes the copy for longer than the fetch
 * may take */
bool image_cache_put(const ImageCache *cache, const ImageFetch *fetch, const char *path,
                     CachedImage *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;
