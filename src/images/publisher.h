/* Where images for BMCs are put so that a BMC can fetch them: Steel's own boot file server, or
 * Swift. Each image has an id that nobody can guess, and an end: publisher_id makes it.
 *
 *     <http_root>/virtual_media/<end>-<random>/<file>
 *
 * <end> is the time in seconds of common/steady.h as hexadecimal digits, 0 for none. The boot
 * server refuses the path after it, also before the file is removed. The folder cannot be listed.
 *
 * Blocks on disks and networks; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <glib.h>
#include <stdint.h>

#define PUBLISHER_FOLDER "virtual_media"
/* Room for an id and a NUL. */
#define PUBLISHER_ID_SIZE 64

/* What is configured. All borrowed. */
typedef struct PublisherPlace {
    const char *http_root, *http_url;
} PublisherPlace;

/* Constant. Every member may be called again, and after the process died in it. */
typedef struct Publisher {
    const char *word; /* "web", "swift": in the database */

    /* Whether it can be used, from the configuration alone. Errors: INVALID, UNSUPPORTED */
    bool (*check)(const PublisherPlace *place, GError **error);
    /* Publishes a file, which is moved. Errors: IO, HTTP, TIMEOUT */
    bool (*put)(const PublisherPlace *place, const char *id, const char *file, const char *path,
                GError **error);
    /* Removes what is published under an id; nothing there is a success. Errors: IO, HTTP */
    bool (*remove)(const PublisherPlace *place, const char *id, GError **error);
    /* The URL for a BMC; the caller frees. NULL on an error */
    char *(*url)(const PublisherPlace *place, const char *id, const char *file, GError **error);
    /* The ids under which there is something, owned by the array. NULL: it cannot say */
    GPtrArray *(*list)(const PublisherPlace *place);
} Publisher;

extern const Publisher publisher_web, publisher_swift;

/* By its word; NULL: unknown. */
const Publisher *publisher_find(const char *word);

/* Makes an id. until_s: its end, of common/steady.h; 0: none. Returns the buffer. */
char *publisher_id(int64_t until_s, char buffer[PUBLISHER_ID_SIZE]);

/* True if a path of the boot server ("/virtual_media/...") is one of ours that must not be served:
 * its time is over, or nobody can have been told it. Pure. */
bool publisher_path_refused(const char *path, int64_t now_s);
