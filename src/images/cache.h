/* A cache of image copies in one folder. Each URL is fetched once, however many nodes need it at
 * the same time, and again when its content has changed. A user gets a hard link to the copy, so
 * that the cache may drop a copy in use.
 *
 * Processes share a folder: a copy is locked while it is made (flock), and the lock ends with its
 * process. A new copy removes unused copies that are too old or too many.
 *
 * Blocks on disks and networks; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "images/convert.h"
#include "images/fetch.h"

typedef struct ImageCache {
    const char *folder;  /* borrowed; made if absent */
    uint64_t size_limit; /* bytes of all unused copies; 0: none is kept */
    int64_t age_limit_s; /* since its last use */
    unsigned at_a_time;  /* copies that this process makes at a time; 0: no limit */
} ImageCache;

/* The image that image_cache_put delivered. */
typedef struct CachedImage {
    uint64_t size;
    char *sha256; /* owned */
} CachedImage;

void cached_image_clear(CachedImage *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CachedImage, cached_image_clear)

/* Puts the image of a URL at a path, and replaces a file there. The file is readable by everybody,
 * since machines download it.
 *
 * path   its folder is made if absent
 * image  out, in {0}
 * Errors as image_fetch; TIMEOUT also if another process makes the copy and takes longer than the
 * fetch may */
bool image_cache_put(const ImageCache *cache, const ImageFetch *fetch, const char *path,
                     CachedImage *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts the raw image that a qcow2 image becomes at a path, in place of what is there: converted
 * once, however many nodes want it.
 *
 * sha256  of the qcow2 image
 * conversion  limits, and `from`; `to` is not used
 * Errors of image_convert, IO, TIMEOUT */
bool image_cache_put_raw(const ImageCache *cache, const ImageConversion *conversion,
                         const char *sha256, const char *path, CachedImage *image,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
