/* Boot sessions: which machine has which boot script. netboot/boot_session.h says what they mean;
 * here they are stored. Conductors (a window opens) and boot servers (a script is served) change a
 * row without the node's lock: a change is stored only if the row is still the one that it was made
 * from.
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
    char *record_id;  /* the boot record (netboot/boot_record.h) of all the members below */
    char *window_id;  /* the last start of the machine by Steel */
    int64_t window_until_ms;
    char *served_window_id; /* window_id when the script was served */
    int64_t served_at_ms;
    char *token, *address;  /* of the script, and of the client that got it */
    bool hooked;            /* this address has attached the volumes */
    char *attached_address; /* the last one that did so, in any boot */
} BootSession;

void boot_session_clear(BootSession *session);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BootSession, boot_session_clear)

/* out  zeroed; stays so when there is no row */
bool db_boot_session_load(Db *db, const char *node_uuid, BootSession *out,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stores a session in place of the one that it was loaded as.
 *
 * session  its revision is that of the row it was loaded from
 * stored   out: false if another thread or process has changed the row meanwhile, and nothing
 *          was stored */
bool db_boot_session_store(Db *db, const char *node_uuid, const BootSession *session, bool *stored,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the row, if there is one. */
bool db_boot_session_forget(Db *db, const char *node_uuid,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
