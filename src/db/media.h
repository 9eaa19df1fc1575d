/* Images that BMCs fetch (drivers/boot/media.h makes them): what is published where, and which
 * nodes use it. A row is there before the image, and until it is gone.
 *
 * A medium with a name is shared: requests for that name use the same medium. When no node uses it
 * any more it loses its name and may be removed; the next request for the name makes a new one.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include <glib.h>

/* Texts are owned. */
typedef struct Medium {
    char *id;           /* also a secret: who knows it may fetch the image */
    char *store;        /* word of its publisher */
    char *container;    /* in it; NULL: the store has none */
    char *host;         /* the conductor that removes it */
    char *file;         /* "boot.iso" */
    char *name;         /* NULL: it belongs to one node */
    int64_t expires_ms; /* of common/steady.h; 0: never */
    bool ready;         /* it has been made whole */
} Medium;

void medium_clear(Medium *medium);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Medium, medium_clear)

/* Writes a medium down with its first user; or, if there is one of its name on its host and in its
 * store, makes the node a user of that one.
 *
 * purpose  what the node needs it for, a word
 * out      in {0}: the one that the node uses now */
bool db_medium_take(Db *db, const Medium *wanted, const char *node_uuid, const char *purpose,
                    Medium *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool db_medium_set_ready(Db *db, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* found  out: false, and the medium stays in {0}, if it is not there */
bool db_medium_look(Db *db, const char *id, Medium *out, bool *found,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Those that a node uses for a purpose; NULL: for any. The array owns Mediums; NULL on failure. */
GPtrArray *db_media_of_node(Db *db, const char *node_uuid, const char *purpose, GError **error);

/* Shared ones of a conductor in a store, ready and in use. The array owns Mediums; NULL on
 * failure. */
GPtrArray *db_media_shared(Db *db, const char *host, const char *store, GError **error);

/* How many nodes use one. */
bool db_medium_count_users(Db *db, const char *id, int64_t *count,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The node uses none of them any more. Again: it changes nothing. */
bool db_media_release(Db *db, const char *node_uuid, const char *purpose,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Those of a conductor that may be removed: without a user, or past their end. Nobody can become
 * their user any more. The array owns Mediums; NULL on failure. */
GPtrArray *db_media_to_remove(Db *db, const char *host, int64_t now_ms, int64_t limit,
                              GError **error);

/* Removes the row, if there is one. */
bool db_medium_forget(Db *db, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
