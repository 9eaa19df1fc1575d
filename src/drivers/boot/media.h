/* Images for virtual media: made, published, remembered and removed.
 *
 * A row of the database (db/media.h) is there before anything is made, and goes when all is gone:
 * so whatever step a process dies in, the next one finds what is left. What a node has is removed
 * when its work is cleaned up; media_sweep removes what nobody uses, what is past its end, and what
 * lies in the folders without a row.
 *
 * An image with a name is shared by the nodes that want the same one, and made once.
 *
 * From a worker; blocks on the database and the disk, each program and wait with a deadline.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "images/publisher.h"

/* Whose media; all borrowed. */
typedef struct MediaOwner {
    Db *db;
    const char *host;      /* this conductor */
    const char *node_uuid; /* NULL: for media_sweep only */
    PublisherPlace place;
    const char *work; /* folder for what is made on the way, private */
} MediaOwner;

typedef struct MediaWanted {
    const Publisher *publisher;
    const char *purpose; /* "ramdisk", "instance" */
    const char *name;    /* shared by all that want it; NULL: of this node alone */
    const char *file;    /* "boot.iso" */
    int64_t lifetime_s;  /* 0: until it is released */
    /* Makes the file `output`; `folder` is an empty one for it. */
    bool (*make)(void *user, const char *folder, const char *output, GError **error);
    void *user;
} MediaWanted;

/* Makes an image, or joins the users of a shared one, and returns its URL; the caller frees, and
 * does not log: it is a secret. After a failure the node uses it no more.
 * Errors: those of make, of the publisher and of the database; TIMEOUT: another process makes it */
char *media_publish(const MediaOwner *owner, const MediaWanted *wanted, GError **error);

/* The URL of a ready image that a node uses, by its file; the caller frees. NULL without an error:
 * there is none. */
char *media_url(const MediaOwner *owner, const char *purpose, const char *file, GError **error);

/* The node uses none of a purpose any more (NULL: of any); what nobody uses is removed. Again: it
 * does nothing. What cannot be removed is logged, and stays for media_sweep. */
bool media_release(const MediaOwner *owner, const char *purpose,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes what this conductor has published and nobody needs. Returns how many. */
unsigned media_sweep(const MediaOwner *owner);
