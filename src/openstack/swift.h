/* Objects in Swift: put, read about, removed, and lent by temporary URLs (swift_url.h).
 * https://docs.openstack.org/api-ref/object-store/
 *
 * Requests block: from workers. Errors as openstack_ask's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "openstack/session.h"

/* Which object; names as they are, not percent-encoded. Borrowed. */
typedef struct SwiftObject {
    const char *container, *name;
} SwiftObject;

/* Puts a file; the container is made if it is not there. The same again replaces it.
 * delete_after_s  Swift removes it then; 0: never */
bool swift_put(OpenstackSession *session, const SwiftObject *object, const char *path,
               int64_t delete_after_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts bytes, as above, within two minutes with all tries. size: more than 0 */
bool swift_put_bytes(OpenstackSession *session, const SwiftObject *object, const void *bytes,
                     size_t size, int64_t delete_after_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives an object another end: after so many seconds, more than 0. Swift forgets its words.
 * Errors: NOT_FOUND: there is no such object, or it has ended */
bool swift_keep(OpenstackSession *session, const SwiftObject *object, int64_t delete_after_s,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Nothing there is a success. */
bool swift_remove(OpenstackSession *session, const SwiftObject *object,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets one word of an object's metadata. Swift forgets all other ones at each change, so an object
 * has one at most. Not for an object with an end: Swift forgets that too.
 * name  "Usage-Count": X-Object-Meta-Usage-Count */
bool swift_set_word(OpenstackSession *session, const SwiftObject *object, const char *name,
                    const char *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Reads it; the caller frees. NULL without an error: the object has none.
 * Errors: NOT_FOUND: there is no such object */
char *swift_word(OpenstackSession *session, const SwiftObject *object, const char *name,
                 GError **error);

/* The key that temporary URLs of a container are signed with: the account's, or else the
 * container's own; Swift takes both. The caller calls secret_free. NULL without an error: neither
 * has one. */
char *swift_key(OpenstackSession *session, const char *container, GError **error);

/* A URL that gives the object to everybody who has it, for so long. The caller frees, and does not
 * log. Signed with the key of the account, or of the container.
 * filename  the last word of the URL: some BMCs look at its ending; NULL: none
 * Errors    MISSING: neither has a key */
char *swift_lend(OpenstackSession *session, const SwiftObject *object, int64_t seconds,
                 const char *filename, GError **error);
