/* Where images for BMCs are put so that a BMC can fetch them: Steel's own boot file server, or
 * Swift. Each image has an id that nobody can guess, and an end: publisher_id makes it.
 *
 *     <http_root>/virtual_media/<end>-<random>/<file>
 *
 *     <account of Swift>/<container>/<end>-<random>/<file>, by a temporary URL
 *
 * <end> is the time in seconds of common/steady.h as hexadecimal digits, 0 for none. The boot
 * server refuses the path after it, also before the file is removed; Swift removes the object then
 * (X-Delete-After). The folder cannot be listed.
 *
 * Blocks on disks and networks; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "openstack/session.h"

#include <glib.h>
#include <stdint.h>

#define PUBLISHER_FOLDER "virtual_media"
/* Room for an id and a NUL. */
#define PUBLISHER_ID_SIZE 64

/* What is configured. All borrowed. */
typedef struct PublisherPlace {
    const char *http_root, *http_url;
    OpenstackSession *swift;   /* NULL: it cannot be asked */
    const char *swift_problem; /* why; NULL: unknown */
    const char *container;     /* of Swift */
    int64_t url_life_s;        /* of a temporary URL */
} PublisherPlace;

/* Constant. Every member may be called again, and after the process died in it. */
typedef struct Publisher {
    const char *word;  /* "web", "swift": in the database */
    bool in_container; /* of the place: each image remembers its own */

    /* Whether it can be used, from the configuration alone. Errors: INVALID, UNSUPPORTED */
    bool (*check)(const PublisherPlace *place, GError **error);
    /* Publishes a file, which is moved. Errors: IO, HTTP, TIMEOUT */
    bool (*put)(const PublisherPlace *place, const char *id, const char *file, const char *path,
                GError **error);
    /* Removes what is published under an id; nothing there is a success. Errors: IO, HTTP */
    bool (*remove)(const PublisherPlace *place, const char *id, const char *file, GError **error);
    /* The URL for a BMC; the caller frees. NULL on an error */
    char *(*url)(const PublisherPlace *place, const char *id, const char *file, GError **error);
    /* The ids under which there is something, owned by the array. NULL: it cannot say */
    GPtrArray *(*list)(const PublisherPlace *place);
    /* Notes with a shared image how many nodes use it, for people who look at it. NULL: it has no
     * place for that */
    bool (*note_users)(const PublisherPlace *place, const char *id, const char *file, int64_t count,
                       GError **error);
    /* Reads it: -1 if nothing is noted */
    bool (*read_users)(const PublisherPlace *place, const char *id, const char *file,
                       int64_t *count, GError **error);
} Publisher;

extern const Publisher publisher_web, publisher_swift;

/* By its word; NULL: unknown. */
const Publisher *publisher_find(const char *word);

/* Makes an id. until_s: its end, of common/steady.h; 0: none. Returns the buffer. */
char *publisher_id(int64_t until_s, char buffer[PUBLISHER_ID_SIZE]);

/* The end of an id in seconds of common/steady.h; -1: it is no id. Pure. */
int64_t publisher_id_end(const char *id);

/* An id of the database or of a folder is never taken for a path: true if it has the letters of
 * one. Pure. */
bool publisher_id_good(const char *id);

/* True if a path of the boot server ("/virtual_media/...") is one of ours that must not be served:
 * its time is over, or nobody can have been told it. Pure. */
bool publisher_path_refused(const char *path, int64_t now_s);
