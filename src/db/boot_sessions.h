/* Which machine has which boot script. What it means is in netboot/boot_session.h; here it is
 * stored.
 *
 * Conductors (a window opens) and boot servers (a script is served) change a row without the node's
 * lock: each change is put on the row that it was made from, or not at all.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include <glib.h>

/* Texts are owned; NULL: nothing yet. Times are those of common/steady.h. */
typedef struct BootSession {
    int64_t revision; /* grows with each change; 0: there is no row */
    char *record_id;  /* of the boot record (netboot/boot_record.h) that all below is about */
    char *window_id;  /* the start of the machine by Steel that was the last */
    int64_t window_until_ms;
    char *served_window_id; /* what window_id was when the script was served */
    int64_t served_at_ms;
    char *token, *address;  /* of the script, and whom it was served to */
    bool hooked;            /* this address has attached the volumes */
    char *attached_address; /* the last that did so, in whatever boot */
} BootSession;

void boot_session_clear(BootSession *session);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BootSession, boot_session_clear)

/* out  zeroed; stays so when there is no row */
bool db_boot_session_load(Db *db, const char *node_uuid, BootSession *out,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stores a session in place of the one that it was loaded as.
 *
 * session  its revision is that of the row it was loaded from
 * stored   out: false when somebody else has changed the row meanwhile, and nothing was stored */
bool db_boot_session_store(Db *db, const char *node_uuid, const BootSession *session, bool *stored,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the row, if there is one. */
bool db_boot_session_forget(Db *db, const char *node_uuid,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
